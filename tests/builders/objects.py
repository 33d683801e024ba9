"""ELF objects from values: headers, segments and what is in them; libraries laid out as linkers do it."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from tests.builders.notes import Note, build_id, note_bytes, padded

ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
PT_LOAD, PT_DYNAMIC, PT_NOTE, PT_PHDR = 1, 2, 4, 6
X, W, R = 1, 2, 4
PAGE = 4096
EHDR_SIZE, PHDR_SIZE, SHDR_SIZE = 64, 56, 64
PN_XNUM = 0xFFFF


class Segment(NamedTuple):
    """A program header with its bytes. `memsz` and `filesz` are the data's size unless they are said."""

    type: int
    flags: int
    vaddr: int
    data: bytes = b""
    memsz: int | None = None
    filesz: int | None = None
    align: int = PAGE


def elf_file(
    kind: int,
    segments: Sequence[Segment],
    *,
    machine: int = 62,
    entry: int = 0,
    xnum: bool = False,
    elf_class: int = 2,
    encoding: int = 1,
) -> bytes:
    """The file: header, program headers, and each segment's bytes at an offset that fits its address. With `xnum` the number of
    segments is in section header 0, as when there are 65,535 or more."""
    count = len(segments)
    xnum = xnum or count >= PN_XNUM
    section_at = EHDR_SIZE + PHDR_SIZE * count if xnum else 0
    ident = b"\x7fELF" + bytes((elf_class, encoding, 1, 0)) + bytes(8)
    numbers = (1, entry, EHDR_SIZE, section_at, 0, EHDR_SIZE, PHDR_SIZE, PN_XNUM if xnum else count, SHDR_SIZE, int(xnum), 0)
    header = ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, *numbers)
    section = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 1, 0, count, 0, 0) if xnum else b""
    table, body = _placed(segments, EHDR_SIZE + PHDR_SIZE * count + len(section))
    return header + table + section + body


def _placed(segments: Sequence[Segment], at: int) -> tuple[bytes, bytes]:
    """(program headers, the bytes behind them), the first of which is at file offset `at`."""
    rows, body = [], bytearray()
    for segment in segments:
        if segment.data and segment.align >= PAGE:
            body += bytes((segment.vaddr - at - len(body)) % PAGE)
        filesz = len(segment.data) if segment.filesz is None else segment.filesz
        memsz = len(segment.data) if segment.memsz is None else segment.memsz
        offset = at + len(body)
        rows.append(struct.pack("<IIQQQQQQ", segment.type, segment.flags, offset, segment.vaddr, 0, filesz, memsz, segment.align))
        body += segment.data
    return b"".join(rows), bytes(body)


class Library(NamedTuple):
    """An executable or shared library as a file, and where its parts are: `headers`, `code` and `data` are (address, file offset, size)."""

    image: bytes
    headers: tuple[int, int, int]
    code: tuple[int, int, int]
    data: tuple[int, int, int]


def library(
    *,
    identity: str | None = "0123456789abcdef0123456789abcdef01234567",
    base: int = 0,
    code: bytes = b"\xcc" * 32,
    data: bytes = bytes(16),
    kind: int = ET_DYN,
    machine: int = 62,
    dynamic: bytes = b"",
    code_flags: int = R | X,
) -> Library:
    """Three PT_LOADs as today's linkers make them: headers and notes, code, data (two pages further on in memory than in the file).
    `base` is the address that it was linked for; `dynamic` the start of the data, as PT_DYNAMIC."""
    notes = note_bytes(build_id(identity)) if identity else note_bytes(Note("GNU", 1, bytes(16)))
    count = 6
    notes_at = EHDR_SIZE + PHDR_SIZE * count
    first = notes_at + len(notes)
    data_at, data_address = 2 * PAGE, base + 4 * PAGE
    data = dynamic + data
    rows = (
        (PT_PHDR, R, EHDR_SIZE, base + EHDR_SIZE, PHDR_SIZE * count, 8),
        (PT_LOAD, R, 0, base, first, PAGE),
        (PT_LOAD, code_flags, PAGE, base + PAGE, len(code), PAGE),
        (PT_LOAD, R | W, data_at, data_address, len(data), PAGE),
        (PT_DYNAMIC, R | W, data_at, data_address, len(dynamic), 8),
        (PT_NOTE, R, notes_at, base + notes_at, len(notes), 4),
    )
    numbers = (1, base + PAGE, EHDR_SIZE, 0, 0, EHDR_SIZE, PHDR_SIZE, count, 0, 0, 0)
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", kind, machine, *numbers)
    table = b"".join(
        struct.pack("<IIQQQQQQ", type, flags, at, vaddr, vaddr, size, size, align) for type, flags, at, vaddr, size, align in rows
    )
    image = padded(padded(header + table + notes, PAGE) + code, PAGE) + data
    return Library(image, (base, 0, first), (base + PAGE, PAGE, len(code)), (data_address, data_at, len(data)))
