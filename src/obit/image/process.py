"""One interface to a process, dead or alive: memory, threads, registers, mappings, modules.

A core, a minicore, a live pid, a copied stack and a test buffer all become a `ProcessImage`; nothing above this layer knows
which it was. Memory that is absent is absent: reading it raises `MemoryAbsent`, it is never zero.
"""

from collections.abc import Mapping as MappingOf
from typing import Any, Protocol

import msgspec

from obit.debuginfo.machine import Machine
from obit.debuginfo.module import DebugModule


class MemoryAbsent(Exception):
    """Bytes that this image does not have. Not an `ObitError`: every reader decides what it means."""

    def __init__(self, address: int) -> None:
        super().__init__(f"memory at 0x{address:x} is absent")
        self.address = address


class Memory(Protocol):
    """Bytes of an address space."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes at `address`; `MemoryAbsent` when any of them is not there."""
        ...

    def read_some(self, address: int, size: int) -> bytes:
        """The bytes from `address` on that are there, `size` at most; empty when there are none."""
        ...

    def u64(self, address: int) -> int:
        """The little-endian 64-bit word at `address`; `MemoryAbsent`."""
        ...


class MappedRange(msgspec.Struct, frozen=True, gc=False):
    """A mapping. `flags` is "rwx"-like with "-" for what is not granted ("?" when unknown)."""

    start: int
    end: int
    flags: str
    offset: int = 0
    path: str | None = None


class SignalInfo(msgspec.Struct, frozen=True, gc=False):
    """siginfo of the fatal signal (NT_SIGINFO, or PTRACE_GETSIGINFO). `address` only for signals that have one."""

    number: int
    code: int | None = None
    address: int | None = None
    sender_pid: int | None = None
    sender_uid: int | None = None
    syscall: int | None = None
    """SIGSYS: the system call's number; `errno` its filter's data."""
    errno: int = 0
    trap_number: int | None = None


class ThreadImage(msgspec.Struct, frozen=True):
    """A thread as it was stopped. `registers` maps DWARF number → value (pc and sp always there when any is);
    `special` holds what DWARF does not number: eflags, fs_base, gs_base, orig_rax, tpidr, pstate …;
    `vectors` maps DWARF number → bytes (xmm0 16 bytes or more, v0 16)."""

    tid: int
    registers: dict[int, int]
    special: dict[str, int] = {}
    vectors: MappingOf[int, bytes] = {}
    name: str | None = None
    signal: int = 0
    """pr_cursig."""
    state: str | None = None


class LoadedModule(msgspec.Struct, frozen=True):
    """An ELF file in the address space. `bias` is runtime − file address. `file` is None when no matching file was found, and then
    `note` says why; a file whose build-id differs from the process's is *not* used."""

    path: str
    start: int
    end: int
    bias: int
    build_id: str | None
    file: DebugModule | None
    note: str | None = None


class ProcessImage(msgspec.Struct, frozen=True):
    """`threads[0]` is the one that crashed (or asked). `process` and `host` hold facts for the document (pid, ppid, uid, gid, exe,
    cmdline, environ …; the variables' values are not scrubbed here). `missing` lists (what, why, fix) that could not be had."""

    machine: Machine
    memory: Memory
    threads: tuple[ThreadImage, ...]
    mappings: tuple[MappedRange, ...]
    modules: tuple[LoadedModule, ...]
    signal: SignalInfo | None
    auxv: MappingOf[int, int]
    process: dict[str, Any]
    host: dict[str, Any] = {}
    missing: tuple[tuple[str, str, str | None], ...] = ()
    captured_at: str | None = None
    """RFC 3339, UTC: what the capturing side noted, else the time of the core file."""
    source: str | None = None
    """What the capturing side noted (`snapshot.model.Source`); None for a core that Obit did not write."""
    message: str | None = None
    attributes: dict[str, str | int | float | bool | None] = {}

    def module_at(self, address: int) -> LoadedModule | None:
        """The module that contains a runtime address."""
        for module in self.modules:
            if module.start <= address < module.end:
                return module
        return None

    def mapping_at(self, address: int) -> MappedRange | None:
        """The mapping that contains a runtime address."""
        for mapping in self.mappings:
            if mapping.start <= address < mapping.end:
                return mapping
        return None
