"""What is known of the process besides its memory: who it was and how it was started.

The kernel leaves argv and environ on the initial stack, right below the auxiliary vector (create_elf_tables in fs/binfmt_elf.c).
"""

import struct
from collections.abc import Iterator, Mapping
from itertools import islice, takewhile
from typing import Any

from obit.image.core import Core
from obit.image.linkmap import AT_ENTRY, AT_PHDR, exec_name, string
from obit.image.mappings import AT_RANDOM
from obit.image.modules import FoundModule
from obit.image.process import Memory

MAX_STRINGS = 1 << 14
"""Arguments plus variables; ARG_MAX allows more, nobody reads more."""
MAX_STRING = 1 << 17
"""MAX_ARG_STRLEN of the kernel, bytes."""
_AUXV_REACH = 2048
"""Bytes below AT_RANDOM's in which the vector ends: at most the platform's name and padding are between."""


def process_facts(core: Core, memory: Memory, modules: tuple[FoundModule, ...]) -> dict[str, Any]:
    """pid, ppid, uid, gid, comm, exe, cmdline, environ as far as they are known; the capturing side's own word goes before."""
    facts: dict[str, Any] = {"pid": core.threads[0].tid if core.threads else 0}
    if core.psinfo is not None:
        info = core.psinfo
        facts |= {"pid": info.pid, "ppid": info.ppid, "uid": info.uid, "gid": info.gid, "comm": info.fname, "cmdline": info.psargs.split()}
    main = main_module(modules, core.auxv)
    exe = main.path if main else exec_name(memory, core.auxv)
    if exe:
        facts["exe"] = exe
    argv, environ = initial_strings(memory, core.auxv)
    if argv:
        facts["cmdline"] = argv
    if environ:
        facts["environ"] = dict(variable.split("=", 1) for variable in environ if "=" in variable)
    return facts | (core.obit or {}).get("process", {})


def main_module(modules: tuple[FoundModule, ...], auxv: Mapping[int, int]) -> FoundModule | None:
    """The executable: AT_PHDR and AT_ENTRY point into it."""
    for key in (AT_PHDR, AT_ENTRY):
        address = auxv.get(key, 0)
        for module in modules:
            if address and module.start <= address < module.end:
                return module
    return None


def initial_strings(memory: Memory, auxv: Mapping[int, int]) -> tuple[list[str], list[str]]:
    """(argv, environ) as they were given to execve, from the stack; empty when they cannot be found."""
    top = _vector_address(memory, auxv)
    words = islice(_words_below(memory, top), MAX_STRINGS) if top else iter(())
    if next(words, None) != 0:
        return [], []
    environ = list(takewhile(bool, words))
    argv: list[int] = []
    for word in words:
        if word == len(argv):
            return _strings(memory, argv), _strings(memory, environ)
        argv.append(word)
    return [], []


def _vector_address(memory: Memory, auxv: Mapping[int, int]) -> int | None:
    """Where the auxiliary vector is: its first two entries, a little below AT_RANDOM's bytes."""
    low = auxv.get(AT_RANDOM, 0) - _AUXV_REACH
    if low < 0 or len(auxv) < 2:
        return None
    start = b"".join(struct.pack("<QQ", key, value) for key, value in islice(auxv.items(), 2))
    at = memory.read_some(low, _AUXV_REACH).find(start)
    return low + at if at >= 0 else None


def _words_below(memory: Memory, top: int) -> Iterator[int]:
    """The words below an address, downwards, as far as memory goes."""
    while top > 0:
        page = (top - 8) & ~0xFFF
        data = memory.read_some(page, top - page)
        if len(data) != top - page or len(data) % 8:
            return
        yield from reversed(struct.unpack(f"<{len(data) // 8}Q", data))
        top = page


def _strings(memory: Memory, addresses: list[int]) -> list[str]:
    """The texts in their order (the addresses come backwards), up to the first that is not there."""
    found: list[str] = []
    for address in reversed(addresses):
        text = string(memory, address, MAX_STRING)
        if text is None:
            break
        found.append(text)
    return found
