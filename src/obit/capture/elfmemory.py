"""What ELF files in a process's memory say about themselves: segments, dynamic entries, the dynamic linker's list.

Everything read here is the victim's to choose, so every table and chain has a limit. 64-bit little-endian only. Standard library only.

Sources: System V gABI chapter 5; struct r_debug and link_map (glibc elf/link.h, musl include/link.h).
"""

from collections.abc import Iterator
from struct import Struct, iter_unpack
from typing import NamedTuple

from obit.capture.minicore import Read

PT_LOAD, PT_DYNAMIC, PT_NOTE, PT_PHDR, PT_TLS = 1, 2, 4, 6, 7
PF_W = 2
AT_PHDR, AT_PHNUM = 3, 5
ET_EXEC = 2

LINK_MAP_SIZE = 1200
"""glibc's private part of a link_map, which debuggers need for thread-local variables, lies within this many bytes."""
NAME_SIZE = 4096

_EHDR = Struct("<16sHHIQQQIHHHHHH")
_PHDR = Struct("<IIQQQQQQ")
_MAX_SEGMENTS = 256
_MAX_DYNAMIC = 512
_MAX_LINK_MAPS = 4096
_MAX_NAMESPACES = 16
_DT_DEBUG = 21
_MASK = (1 << 64) - 1


class Segment(NamedTuple):
    """A program header at its place in memory: `start` is the run-time address, `size` p_memsz."""

    type: int
    flags: int
    start: int
    size: int


def is_elf(read: Read, address: int) -> bool:
    """Whether a 64-bit little-endian ELF header lies there."""
    return read(address, 6) == b"\x7fELF\x02\x01"


def file_segments(read: Read, base: int) -> list[Segment]:
    """The segments of the ELF file whose first page is mapped at `base`; empty when the header is damaged."""
    header = read(base, _EHDR.size)
    if len(header) < _EHDR.size or not header.startswith(b"\x7fELF\x02\x01"):
        return []
    _, kind, _, _, _, phoff, _, _, _, size, count, _, _, _ = _EHDR.unpack(header)
    if size != _PHDR.size:
        return []
    raw = _headers(read, (base + phoff) & _MASK, count)
    first = next((row[3] - row[2] for row in raw if row[0] == PT_LOAD), 0)
    return _placed(raw, 0 if kind == ET_EXEC else base - first)


def program_segments(read: Read, auxv: dict[int, int]) -> list[Segment]:
    """The main executable's segments, found as the dynamic linker finds them: AT_PHDR."""
    at = auxv.get(AT_PHDR, 0)
    raw = _headers(read, at, auxv.get(AT_PHNUM, 0))
    return _placed(raw, next((at - row[3] for row in raw if row[0] == PT_PHDR), 0))


def _headers(read: Read, address: int, count: int) -> list[tuple[int, ...]]:
    data = read(address, min(count, _MAX_SEGMENTS) * _PHDR.size)
    return list(_PHDR.iter_unpack(data[: len(data) // _PHDR.size * _PHDR.size]))


def _placed(raw: list[tuple[int, ...]], bias: int) -> list[Segment]:
    return [Segment(row[0], row[1], (row[3] + bias) & _MASK, row[6]) for row in raw]


def linker_ranges(read: Read, auxv: dict[int, int]) -> Iterator[tuple[int, int]]:
    """(start, end) of everything a debugger reads to list the loaded libraries: r_debug, the link maps, their names."""
    for debug in _namespaces(read, _debug_address(read, auxv)):
        yield debug, debug + 48
        link = _word(read, debug + 8)
        seen: set[int] = set()
        while link and link not in seen and len(seen) < _MAX_LINK_MAPS:
            seen.add(link)
            yield link, link + LINK_MAP_SIZE
            name = _word(read, link + 8)
            if name:
                yield name, name + _name_length(read, name)
            link = _word(read, link + 24)


def _namespaces(read: Read, debug: int) -> Iterator[int]:
    """r_debug structures: version 2 and later chain those of dlmopen."""
    for _ in range(_MAX_NAMESPACES):
        if not debug:
            return
        yield debug
        version = _word(read, debug) & 0xFFFFFFFF
        debug = _word(read, debug + 40) if version >= 2 else 0


def _debug_address(read: Read, auxv: dict[int, int]) -> int:
    """Where r_debug lies (0: nowhere): the dynamic linker writes it into the executable's DT_DEBUG."""
    for segment in program_segments(read, auxv):
        if segment.type == PT_DYNAMIC:
            data = read(segment.start, min(segment.size, _MAX_DYNAMIC * 16))
            return next((value for tag, value in iter_unpack("<QQ", data[: len(data) & ~15]) if tag == _DT_DEBUG), 0)
    return 0


def _word(read: Read, address: int) -> int:
    data = read(address & _MASK, 8)
    return int.from_bytes(data, "little") if len(data) == 8 else 0


def _name_length(read: Read, address: int) -> int:
    return read(address, NAME_SIZE).find(b"\0") + 1
