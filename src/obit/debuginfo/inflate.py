"""A copy of an ELF file in which no section is compressed (gABI: SHF_COMPRESSED).

libdw inflates every compressed debug section as soon as a file is opened, 35 to 40 ms for libc's; the copy is made once. What is
loaded (and the headers) keeps its place in the file, so that segments stay valid; the other sections follow, then the section headers.
"""

import os
import struct
from collections.abc import Iterator
from typing import Any

from obit.debuginfo.buildid import file_reader
from obit.debuginfo.elf import SHF_ALLOC, SHF_COMPRESSED, SHT_NOBITS, Elf, Section
from obit.errors import BadInput

MAX_SIZE = 1 << 30
MAX_RATIO = 12
"""Largest copy that is made, in bytes and against the file's own size (debug sections compress to a third or a quarter): a small file
that claims more is a bomb."""

_CHUNK = 1 << 16
"""Bytes at once: what was inflated is still in the processor's cache when it is written (27 ms for libc's with 1 MiB, 24 with this)."""
_CHDR = struct.Struct("<IIQQ")
_SHDR_TAIL = struct.Struct("<IQQQQIIQQ")
_EHDR_SHOFF = struct.Struct("<Q")
_ZLIB, _ZSTD = 1, 2


def is_compressed(elf: Elf) -> bool:
    """Whether any section is compressed."""
    return any(section.flags & SHF_COMPRESSED for section in elf.sections)


def inflate(source: int, target: int, limit: int = MAX_SIZE) -> None:
    """Write the copy of the file open at descriptor `source` to `target`. `BadInput` when it is damaged or grows over `limit` bytes."""
    read = file_reader(source)
    elf = Elf(read)
    limit = min(limit, MAX_SIZE, (16 << 20) + MAX_RATIO * os.fstat(source).st_size)
    at = _copy_loaded(elf, source, target, limit)
    rows = []
    for section in elf.sections:
        placed, at = _place(elf, section, source, target, at, limit)
        rows.append(placed)
    names = _name_offsets(elf, read(elf.shoff, 64 * len(rows)))
    at = _round_up(at, 8)
    _write(target, b"".join(name + _SHDR_TAIL.pack(*row) for name, row in zip(names, rows, strict=True)), at)
    os.pwrite(target, _EHDR_SHOFF.pack(at), 40)


def _copy_loaded(elf: Elf, source: int, target: int, limit: int) -> int:
    """Copy the headers and the contents of segments and loaded sections to where they were; the end of these."""
    ranges = [(0, 64), (elf.phoff, elf.phoff + 56 * len(elf.segments))]
    ranges += [(section.offset, section.offset + section.size) for section in elf.sections if _stays(section)]
    size = os.fstat(source).st_size
    end = 0
    for start, stop in sorted(ranges):
        # Overlapping ranges are copied once: a hostile file may have a million of them.
        start, stop = max(start, end), min(stop, size)
        for at in range(start, stop, _CHUNK):
            _write(target, os.pread(source, min(_CHUNK, stop - at), at), at)
        end = max(end, stop)
    if end > limit:
        raise BadInput("The file is too large to keep a decompressed copy of; it is used as it is.")
    return end


def _stays(section: Section) -> bool:
    return bool(section.flags & SHF_ALLOC) and section.type != SHT_NOBITS and not section.flags & SHF_COMPRESSED


def _place(elf: Elf, section: Section, source: int, target: int, at: int, limit: int) -> tuple[tuple[int, ...], int]:
    """Write one section's contents at `at` or later; its new header (without the name) and the new end."""
    row = (
        section.type,
        section.flags,
        section.addr,
        section.offset,
        section.size,
        section.link,
        section.info,
        section.addralign,
        section.entsize,
    )
    if _stays(section) or section.type in (0, SHT_NOBITS):
        return row, at
    align, size = section.addralign, section.size
    chunks = _raw(source, section.offset, size)
    flags = section.flags
    if flags & SHF_COMPRESSED:
        kind, size, align = _compression(elf, section)
        chunks = _inflated(kind, _raw(source, section.offset + _CHDR.size, section.size - _CHDR.size))
        flags &= ~SHF_COMPRESSED
    at = _round_up(at, align if 0 < align <= 4096 else 1)
    if at + size > limit:
        raise BadInput("The file is too large to keep a decompressed copy of; it is used as it is.")
    written = 0
    for chunk in chunks:
        written += len(chunk)
        if written > size:
            break
        _write(target, chunk, at + written - len(chunk))
    if written != size:
        raise BadInput(f"The section {section.name} is damaged: it does not decompress to its size; reinstall the debug symbols.")
    return (section.type, flags, section.addr, at, size, section.link, section.info, align, section.entsize), at + size


def _compression(elf: Elf, section: Section) -> tuple[int, int, int]:
    header = elf.section_data(section, _CHDR.size)
    if len(header) < _CHDR.size:
        raise BadInput(f"The section {section.name} is damaged: its header is cut off; reinstall the debug symbols.")
    kind, _, size, align = _CHDR.unpack(header)
    return kind, size, align


def _raw(source: int, offset: int, size: int) -> Iterator[bytes]:
    """The bytes of a range of the file, chunk by chunk, as far as they are there."""
    end = min(offset + size, os.fstat(source).st_size)
    for at in range(offset, end, _CHUNK):
        yield os.pread(source, min(_CHUNK, end - at), at)


def _inflated(kind: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompressed data, at most a chunk at a time whatever the input claims."""
    if kind == _ZSTD:
        yield from _zstd(chunks)
        return
    if kind != _ZLIB:
        raise BadInput(f"Its debug sections are compressed in an unknown way ({kind}); decompress them with eu-elfcompress.")
    # igzip takes half of zlib's time for libc's debug file (19 for 42 ms), and a first look at a core has to wait for it.
    from isal import igzip_lib, isal_zlib

    inflater = isal_zlib.decompressobj()
    try:
        for chunk in chunks:
            yield inflater.decompress(chunk, _CHUNK)
            while inflater.unconsumed_tail:
                yield inflater.decompress(inflater.unconsumed_tail, _CHUNK)
        yield inflater.flush()
    except igzip_lib.IsalError:  # type: ignore[misc]  # its stub says that it is no class
        raise BadInput("A debug section is damaged and does not decompress; reinstall the debug symbols.") from None


def _zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    class Source:
        def read(self, _size: int) -> bytes:
            return next(chunks, b"")

    # The library's types ask for a whole file object; it calls read() alone.
    source: Any = Source()
    try:
        with zstandard.ZstdDecompressor().stream_reader(source) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except zstandard.ZstdError:
        raise BadInput("A debug section is damaged and does not decompress; reinstall the debug symbols.") from None


def _name_offsets(elf: Elf, table: bytes) -> list[bytes]:
    """The sh_name words of the section headers, which `Section` gives only looked up."""
    return [table[at : at + 4] for at in range(0, 64 * len(elf.sections), 64)]


def _write(target: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(target, view, at)
        view, at = view[written:], at + written


def _round_up(value: int, step: int) -> int:
    return (value + step - 1) // step * step
