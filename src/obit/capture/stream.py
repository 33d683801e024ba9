"""The beginning of the core that the kernel sends down a pipe or a socket: ELF header, program headers, notes. Not a byte more.

Whoever stops reading there keeps the kernel waiting at the first page of memory, with the process whole behind it. Pure: bytes come
from a function. What the kernel writes is trusted in its meaning, but not in its size: every count has a limit. Standard library only.

Sources: elf_core_dump() in fs/binfmt_elf.c; System V gABI chapter 5; PN_XNUM (include/uapi/linux/elf.h).
"""

from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from obit.capture.minicore import PN_XNUM

MAX_SEGMENTS = 1 << 20
"""vm.max_map_count is 65,530 unless somebody raises it."""
MAX_NOTES = 256 << 20
"""Bytes; a thread has 1 to 12 kB of them."""
BLOCK = 1 << 20
"""What is asked for at once (bytes)."""

_ET_CORE, _PT_LOAD, _PT_NOTE = 4, 1, 4


class NotACore(ValueError):
    """What came is no core of a class that Linux writes; `str()` says why, as the end of a sentence."""


class Segment(NamedTuple):
    """A PT_LOAD: a mapping, and how much of it the kernel would write (`file_size` 0: nothing). Bytes; `flags` PF_R 4, PF_W 2, PF_X 1."""

    start: int
    size: int
    file_size: int
    flags: int


class Head(NamedTuple):
    """What precedes the memory in a core. `raw` is all of it as it came, `bits` 32 or 64, `machine` e_machine.

    `cut` says why it is not whole; segments and notes are then those that came.
    """

    raw: bytes
    bits: int
    machine: int
    segments: list[Segment]
    notes: bytes
    cut: str | None = None


class _Class(NamedTuple):
    """Where a class of ELF has its fields: the header's e_type, e_machine, e_phoff, e_phentsize, e_phnum, and a row's order."""

    bits: int
    header: Struct
    row: Struct
    flags: int
    offset: int
    start: int
    file_size: int
    size: int


_CLASSES = {
    1: _Class(32, Struct("<16sHHIIIIIHHHHHH"), Struct("<IIIIIIII"), 6, 1, 2, 4, 5),
    2: _Class(64, Struct("<16sHHIQQQIHHHHHH"), Struct("<IIQQQQQQ"), 1, 2, 3, 5, 6),
}

Recv = Callable[[int], bytes]
"""`recv(size)`: between one and `size` bytes; none at the end of the stream; OSError."""


class _Input:
    """The stream so far, and why it ended before its time."""

    def __init__(self, recv: Recv) -> None:
        self.raw = bytearray()
        self.cut: str | None = None
        self._recv = recv

    def upto(self, end: int) -> int:
        """Read until `end` bytes have come since the beginning; how many there are now."""
        while len(self.raw) < end and self.cut is None:
            try:
                block = self._recv(min(end - len(self.raw), BLOCK))
            except OSError as error:
                self.cut = f"the core's stream broke: {error.strerror or error}"
                break
            if not block:
                self.cut = "the core's stream ended early"
            self.raw += block
        return len(self.raw)


def read_head(recv: Recv) -> Head:
    """Read exactly to the end of the notes; `NotACore`. A stream that breaks gives what came, and `cut` says so."""
    stream = _Input(recv)
    if stream.upto(6) < 6 or not stream.raw.startswith(b"\x7fELF") or stream.raw[5] != 1 or stream.raw[4] not in _CLASSES:
        raise NotACore(stream.cut or "it does not begin as a little-endian ELF file does")
    kind = _CLASSES[stream.raw[4]]
    if stream.upto(kind.header.size) < kind.header.size:
        raise NotACore(stream.cut or "it is cut off")
    _, of_type, machine, _, _, table, _, _, _, row_size, count, _, _, _ = kind.header.unpack_from(stream.raw)
    if of_type != _ET_CORE or row_size != kind.row.size or table != kind.header.size:
        raise NotACore("it is an ELF file, but no core as the kernel writes them")
    rows = _rows(stream, kind, count)
    segments = [Segment(row[kind.start], row[kind.size], row[kind.file_size], row[kind.flags]) for row in rows if row[0] == _PT_LOAD]
    notes = _notes(stream, kind, rows)
    return Head(bytes(stream.raw), kind.bits, machine, segments, notes, stream.cut)


def _rows(stream: _Input, kind: _Class, count: int) -> list[tuple[int, ...]]:
    """The program headers. When there are too many for the header's 16 bits, the true number is in a section header, at the far end of
    the stream; but the notes come first, and lie right behind the table."""
    start = kind.header.size
    if count == PN_XNUM:
        stream.upto(start + kind.row.size)
        row = _unpacked(stream, kind, 1)
        if not row or row[0][0] != _PT_NOTE:
            return row
        count = (row[0][kind.offset] - start) // kind.row.size
    if not 0 <= count <= MAX_SEGMENTS:
        raise NotACore(f"it claims to have {count} segments")
    stream.upto(start + count * kind.row.size)
    return _unpacked(stream, kind, count)


def _unpacked(stream: _Input, kind: _Class, count: int) -> list[tuple[int, ...]]:
    start = kind.header.size
    whole = min(count, (len(stream.raw) - start) // kind.row.size)
    return list(kind.row.iter_unpack(stream.raw[start : start + whole * kind.row.size]))


def _notes(stream: _Input, kind: _Class, rows: list[tuple[int, ...]]) -> bytes:
    at, size = next(((row[kind.offset], row[kind.file_size]) for row in rows if row[0] == _PT_NOTE), (0, 0))
    if at < len(stream.raw):  # not where the kernel puts them: there are none
        return b""
    taken = min(size, MAX_NOTES)
    if at - len(stream.raw) > BLOCK:
        raise NotACore("its notes are not where the kernel puts them")
    stream.upto(at + taken)
    if taken < size and stream.cut is None:
        stream.cut = f"of {size} bytes of notes only {taken} were read"
    return bytes(stream.raw[at : at + taken])
