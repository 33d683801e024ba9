"""The initial stack of a process as the kernel lays it out (create_elf_tables in fs/binfmt_elf.c)."""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.builders.core import Memory

AT_RANDOM, AT_EXECFN = 25, 31


class Stack(NamedTuple):
    """The mapping, and the auxiliary vector with the addresses that are in it."""

    memory: Memory
    auxv: dict[int, int]


def initial_stack(
    argv: Sequence[bytes], environ: Sequence[bytes], auxv: Mapping[int, int], *, execfn: bytes = b"./a.out", top: int = 0x7FFC00002000
) -> Stack:
    """From low to high: argc, argv, NULL, environ, NULL, the vector, AT_RANDOM's 16 bytes, the strings, the executable's name."""
    strings = b"".join(text + b"\0" for text in [*argv, *environ, execfn])
    strings_at = top - 64 - len(strings)
    addresses, at = [], strings_at
    for text in [*argv, *environ, execfn]:
        addresses.append(at)
        at += len(text) + 1
    random_at = (strings_at - 32) & ~15
    vector = {**auxv, AT_RANDOM: random_at, AT_EXECFN: addresses[-1]}
    pointers = [*addresses[: len(argv)], 0, *addresses[len(argv) : -1], 0]
    words = [len(argv), *pointers, *(word for pair in [*vector.items(), (0, 0)] for word in pair)]
    table_at = (random_at - 8 * len(words)) & ~15
    start = (table_at - 4096) & ~4095
    page = bytearray(top - start)
    for address, data in ((table_at, struct.pack(f"<{len(words)}Q", *words)), (random_at, b"R" * 16), (strings_at, strings)):
        page[address - start : address - start + len(data)] = data
    return Stack(Memory(start, bytes(page)), vector)
