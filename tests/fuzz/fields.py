"""Where the fields of an ELF file are that a mutation should aim at: headers, notes, section contents. Pure; any bytes will do."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

EHDR = ((16, 2), (18, 2), (20, 4), (24, 8), (32, 8), (40, 8), (48, 4), (52, 2), (54, 2), (56, 2), (58, 2), (60, 2), (62, 2))
PHDR = ((0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 8), (48, 8))
SHDR = ((0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8))
PHDR_SIZE, SHDR_SIZE = 56, 64
PT_NOTE = 4
SHT_NOBITS = 8
MOST_HEADERS, MOST_NOTES = 200, 400
NT_FILE, NT_PRSTATUS = 0x46494C45, 1


class Field(NamedTuple):
    """`size` bytes at `offset` of the file that mean one number; `name` for the record of what was done."""

    offset: int
    size: int
    name: str


class Section(NamedTuple):
    """The contents of a section: `name` begins with a dot."""

    name: str
    offset: int
    size: int


def _u(data: bytes, offset: int, size: int) -> int:
    return int.from_bytes(data[offset : offset + size], "little")


def header_fields(data: bytes) -> Iterator[Field]:
    """The numbers of the ELF header, the program headers, the section headers and the notes."""
    yield from (Field(offset, size, f"ehdr+{offset}") for offset, size in EHDR)
    table, count = _u(data, 32, 8), min(_u(data, 56, 2), MOST_HEADERS)
    for index in range(count):
        yield from (Field(table + index * PHDR_SIZE + offset, size, f"phdr[{index}]+{offset}") for offset, size in PHDR)
        if _u(data, table + index * PHDR_SIZE, 4) == PT_NOTE:
            yield from _notes(data, _u(data, table + index * PHDR_SIZE + 8, 8), _u(data, table + index * PHDR_SIZE + 32, 8))
    table, count = _u(data, 40, 8), min(_u(data, 60, 2), MOST_HEADERS)
    for index in range(count if table else 0):
        yield from (Field(table + index * SHDR_SIZE + offset, size, f"shdr[{index}]+{offset}") for offset, size in SHDR)


def _notes(data: bytes, offset: int, size: int) -> Iterator[Field]:
    """The numbers of the notes' headers, and the words inside the notes that steer the reader."""
    end = min(offset + size, len(data))
    for _ in range(MOST_NOTES):
        if offset + 12 > end:
            return
        name, desc, kind = struct.unpack_from("<III", data, offset)
        yield from (Field(offset + at, 4, f"note {kind:#x}+{at}") for at in (0, 4, 8))
        body = offset + 12 + (name + 3) // 4 * 4
        if kind == NT_FILE:
            yield from (Field(body + at, 8, f"NT_FILE+{at}") for at in range(0, min(desc, 400), 8))
        if kind == NT_PRSTATUS:
            yield from (Field(body + 112 + 8 * register, 8, f"register {register}") for register in range(27))
        offset = body + (desc + 3) // 4 * 4


def sections(data: bytes) -> Iterator[Section]:
    """Sections with contents in the file, by name."""
    table, count, names = _u(data, 40, 8), min(_u(data, 60, 2), MOST_HEADERS), _u(data, 62, 2)
    strings = _u(data, table + names * SHDR_SIZE + 24, 8)
    for index in range(count if table else 0):
        at = table + index * SHDR_SIZE
        start = strings + _u(data, at, 4)
        name = data[start : data.find(b"\0", start)].decode("ascii", "replace")
        offset, size = _u(data, at + 24, 8), _u(data, at + 32, 8)
        if name and _u(data, at + 4, 4) != SHT_NOBITS and size and offset + size <= len(data):
            yield Section(name, offset, size)
