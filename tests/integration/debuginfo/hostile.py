"""Asks everything of damaged copies of a program: `python -m tests.integration.debuginfo.hostile PROGRAM FIRST_SEED COUNT`.

Run as a program of its own: what a damaged file can do is to end it, to keep it busy, or to take its memory. Prints the slowest seed.
"""

import random
import resource
import sys
import time
from pathlib import Path

from obit.debuginfo.elf import Elf
from obit.debuginfo.elfmodule import ElfModule, open_module
from obit.debuginfo.search import FileFinder
from obit.debuginfo.types import ArrayType, EnumType, PointerType, RecordType, Type, strip
from obit.errors import BadInput

from .building import functions

MEMORY = 1 << 30
TARGETS = (".debug", ".eh_frame", ".symtab", ".strtab", ".dynsym", ".dynstr", ".note", ".gnu")
WORDS = (b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x80", b"\x01", b"\xff" * 8)


def regions(data: bytes) -> list[tuple[int, int]]:
    """Where damage tells: the headers, debug sections, symbols."""
    elf = Elf(data)
    found = [(0, 64), (elf.phoff, 56 * 12), (elf.shoff, 64 * 40)]
    return found + [(s.offset, s.size) for s in elf.sections if s.name.startswith(TARGETS) and s.size]


def damaged(data: bytes, places: list[tuple[int, int]], seed: int) -> bytes:
    """A copy with 1 to 100 bytes or words changed, sometimes cut off."""
    chance = random.Random(seed)
    copy = bytearray(data)
    for _ in range(chance.choice((1, 3, 10, 100))):
        offset, size = chance.choice(places)
        at = min(offset + chance.randrange(size), len(copy) - 8)
        if chance.random() < 0.5:
            copy[at] ^= 1 << chance.randrange(8)
        else:
            word = chance.choice(WORDS)
            copy[at : at + len(word)] = word
    return bytes(copy[: chance.randrange(len(copy))] if chance.random() < 0.05 else copy)


def use_type(type_: Type, depth: int) -> None:
    """Everything that a reader of values asks of a type."""
    type_ = strip(type_)
    if depth == 0:
        return
    if isinstance(type_, (PointerType, ArrayType)):
        use_type(type_.target, depth - 1)
    elif isinstance(type_, EnumType):
        assert type_.enumerators is not None
    elif isinstance(type_, RecordType):
        for member in type_.members[:40]:
            use_type(member.type, depth - 1)
        assert type_.template is not None
        assert type_.variants is not None


def use_module(module: ElfModule, addresses: list[int]) -> None:
    """Every question of the interface."""
    assert module.level
    for address in addresses:
        module.cfi(address)
        module.symbol(address)
        module.object_at(address)
        module.line(address)
        for scope in module.scopes(address)[:40]:
            scope.frame_base(address)
            for variable in scope.variables()[:60]:
                variable.locate(address)
                use_type(variable.type(), 4)
        module.entry_values(address, address)
        module.read(address, 16)
    for variable in module.globals(addresses[0])[:60]:
        variable.locate(addresses[0])
        use_type(variable.type(), 3)
    module.find_type("shop::Node")
    module.find_symbol("main")


def main(program: str, first: int, count: int) -> None:
    """Ask all questions of `count` damaged copies."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    data = Path(program).read_bytes()
    addresses = [address + size // 2 for address, size in functions(program).values()][:10]
    places = regions(data)
    slowest = (0.0, 0)
    copy = Path(f"{program}.{first}")
    for seed in range(first, first + count):
        copy.write_bytes(damaged(data, places, seed))
        print(f"seed {seed}", file=sys.stderr, flush=True)
        started = time.monotonic()
        try:
            use_module(open_module(str(copy), FileFinder()), addresses)
        except BadInput:
            continue
        finally:
            slowest = max(slowest, (time.monotonic() - started, seed))
    print(f"slowest: {slowest[0]:.2f} s, seed {slowest[1]}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
