"""ELF headers as values, from bytes or from a `read(offset, size)`: no libelf, no file handling.

Only what Obit reads itself: 64-bit little-endian headers, segments, sections, notes. Hostile values are
bounded: a count is never trusted beyond the bytes that are there, and what is cut off is left out
(`truncated` says so). Source: System V gABI chapters 4 and 5; `PN_XNUM` in linux/elf.h.
"""

import struct
from collections.abc import Callable, Iterator

import msgspec

from obit.errors import BadInput

ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS = 1, 2, 3, 4, 7
PT_GNU_EH_FRAME, PT_GNU_STACK = 0x6474E550, 0x6474E551
PF_X, PF_W, PF_R = 1, 2, 4
SHT_SYMTAB, SHT_STRTAB, SHT_NOTE, SHT_NOBITS = 2, 3, 7, 8
SHF_ALLOC, SHF_COMPRESSED = 2, 0x800
PN_XNUM = 0xFFFF
NT_GNU_BUILD_ID = 3

MAX_ENTRIES = 1 << 20
"""Most segments or sections that are looked at: /proc/sys/vm/max_map_count is 65,530 unless raised."""
MAX_NOTES = 256 << 20
"""Most bytes of one note segment (a core has about 3 kB a thread in it)."""
MAX_SEGMENT_NOTES = 1 << 16
"""Bytes in which a file's build-id is looked for."""
GNU_NOTE = 36
"""Size of a note with a build-id of 20 bytes."""
MAX_NAMES = 16 << 20
MAX_PATH = 4096

Read = Callable[[int, int], bytes]
"""`read(offset, size)`: the bytes that are there, fewer at the end of the file, none past it."""

_EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_SHDR = struct.Struct("<IIQQQQIIQQ")
_NHDR = struct.Struct("<III")


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A program header; fields as in Elf64_Phdr."""

    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int


class Section(msgspec.Struct, frozen=True, gc=False):
    """A section header; fields as in Elf64_Shdr, `name` looked up."""

    name: str
    type: int
    flags: int
    addr: int
    offset: int
    size: int
    link: int
    info: int
    addralign: int
    entsize: int


class Note(msgspec.Struct, frozen=True, gc=False):
    """One note: `name` without its NUL, `type` in that name's numbering."""

    name: str
    type: int
    desc: bytes


class Elf:
    """The headers of one ELF file. `BadInput` unless it is a 64-bit little-endian one; segments and sections are read when asked for."""

    __slots__ = (
        "_phnum",
        "_read",
        "_sections",
        "_segments",
        "_shnum",
        "_shstrndx",
        "entry",
        "machine",
        "phoff",
        "shoff",
        "truncated",
        "type",
    )

    def __init__(self, source: bytes | Read) -> None:
        self._read: Read = reader(source) if isinstance(source, bytes) else source
        ident = self._read(0, _EHDR.size)
        check_ident(ident)
        _, self.type, self.machine, _, self.entry, self.phoff, self.shoff, _, _, phentsize, phnum, _, shnum, shstrndx = _EHDR.unpack(ident)
        if phnum and phentsize != _PHDR.size:
            raise BadInput(f"The ELF header is damaged: program headers of {phentsize} bytes instead of {_PHDR.size}; give an intact file.")
        self._phnum, self._shnum, self._shstrndx = phnum, shnum, shstrndx
        self.truncated = False
        self._extend_counts()
        self._segments: tuple[Segment, ...] | None = None
        self._sections: tuple[Section, ...] | None = None

    def _extend_counts(self) -> None:
        """Counts that do not fit in the header are in section header 0 (gABI: sh_size, sh_link, sh_info)."""
        if self.shoff == 0 or (self._phnum != PN_XNUM and self._shnum != 0 and self._shstrndx != 0xFFFF):
            return
        first = self._read(self.shoff, _SHDR.size)
        if len(first) < _SHDR.size:
            self.truncated = True
            return
        _, _, _, _, _, size, link, info, _, _ = _SHDR.unpack(first)
        self._phnum = info if self._phnum == PN_XNUM else self._phnum
        self._shnum = size if self._shnum == 0 else self._shnum
        self._shstrndx = link if self._shstrndx == 0xFFFF else self._shstrndx

    def _table(self, offset: int, count: int, layout: struct.Struct) -> Iterator[tuple[int, ...]]:
        """The whole entries of a header table that are there."""
        kept = min(count, MAX_ENTRIES)
        data = self._read(offset, kept * layout.size) if kept and offset else b""
        whole = len(data) // layout.size
        if whole < count and offset:
            self.truncated = True
        return layout.iter_unpack(data[: whole * layout.size])

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Program headers in file order."""
        if self._segments is None:
            self._segments = tuple(Segment(*row) for row in self._table(self.phoff, self._phnum, _PHDR))
        return self._segments

    @property
    def sections(self) -> tuple[Section, ...]:
        """Section headers in file order, the null one first; empty for a stripped-of-sections file and for most cores."""
        if self._sections is None:
            rows = list(self._table(self.shoff, self._shnum, _SHDR))
            names = self._names(rows)
            self._sections = tuple(Section(_string(names, row[0]), *row[1:]) for row in rows)
        return self._sections

    def _names(self, rows: list[tuple[int, ...]]) -> bytes:
        if self._shstrndx >= len(rows):
            return b""
        row = rows[self._shstrndx]
        return self._read(row[4], min(row[5], MAX_NAMES)) if row[1] == SHT_STRTAB else b""

    def section(self, name: str) -> Section | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def section_data(self, section: Section, limit: int = 1 << 30) -> bytes:
        """The section's bytes as the file has them (still compressed), `limit` at most; empty for SHT_NOBITS."""
        return b"" if section.type == SHT_NOBITS else self._read(section.offset, min(section.size, limit))

    def notes(self) -> Iterator[Note]:
        """The notes of all PT_NOTE segments, or of the SHT_NOTE sections of a file without segments."""
        for segment in self.segments:
            if segment.type == PT_NOTE:
                yield from parse_notes(self._read(segment.offset, min(segment.filesz, MAX_NOTES)), segment.align)
        if not self.segments:
            for section in self.sections:
                if section.type == SHT_NOTE:
                    yield from parse_notes(self.section_data(section, MAX_NOTES), section.addralign)

    @property
    def build_id(self) -> str | None:
        """The GNU build-id in lower-case hex, or None."""
        if not self.segments:
            return build_id_of_notes(self.notes())
        notes = (segment for segment in self.segments if segment.type == PT_NOTE)
        return next(filter(None, (self._build_id_of(segment) for segment in notes)), None)

    def _build_id_of(self, segment: Segment) -> str | None:
        return build_id_of_segment(segment, lambda size: self._read(segment.offset, size))

    @property
    def interpreter(self) -> str | None:
        """The path in PT_INTERP: the dynamic linker's."""
        for segment in self.segments:
            if segment.type == PT_INTERP:
                return self._read(segment.offset, min(segment.filesz, MAX_PATH)).partition(b"\0")[0].decode("utf-8", "backslashreplace")
        return None

    @property
    def image_base(self) -> int:
        """The page of the lowest PT_LOAD: what a mapping's first address minus this is the bias."""
        return min((segment.vaddr & ~0xFFF for segment in self.segments if segment.type == PT_LOAD), default=0)


def reader(data: bytes) -> Read:
    """A `Read` over bytes in memory."""
    return lambda offset, size: data[offset : offset + size]


def check_ident(ident: bytes) -> None:
    """`BadInput` unless the first 64 bytes begin a 64-bit little-endian ELF file."""
    if ident[:4] != b"\x7fELF":
        raise BadInput("It is not an ELF file; give a core dump, an executable or a library.")
    if len(ident) < _EHDR.size:
        raise BadInput("The ELF file is cut off within its first header; give a complete file.")
    if ident[4] != 2 or ident[5] != 1:
        raise BadInput("It is not a 64-bit little-endian ELF file, and Obit reads no other; analyse it with gdb.")


def parse_notes(data: bytes, align: int = 4) -> Iterator[Note]:
    """The whole notes in a note segment's bytes. Names and descriptors are padded to 4 bytes, to 8 where `align` is 8
    (.note.gnu.property); a core's p_align of 0 or 1 means 4."""
    step = 8 if align == 8 else 4
    at, end = 0, len(data)
    while at + _NHDR.size <= end:
        namesz, descsz, kind = _NHDR.unpack_from(data, at)
        name_at = at + _NHDR.size
        desc_at = _round_up(name_at + namesz, step)
        if desc_at + descsz > end:
            return
        name = data[name_at : name_at + namesz].rstrip(b"\0").decode("latin-1")
        yield Note(name, kind, data[desc_at : desc_at + descsz])
        at = _round_up(desc_at + descsz, step)


def build_id_of_notes(notes: Iterator[Note]) -> str | None:
    """The build-id among some notes: up to 64 bytes, as hex."""
    for note in notes:
        if note.type == NT_GNU_BUILD_ID and note.name == "GNU" and 0 < len(note.desc) <= 64:
            return note.desc.hex()
    return None


def build_id_of_segment(segment: Segment, read: Callable[[int], bytes]) -> str | None:
    """The build-id in a PT_NOTE segment; `read(size)` gives the bytes from its start.

    Go's linker (seen of 1.27) lets the segment end with its own note, and puts the GNU note right behind it.
    """
    size = min(segment.filesz, MAX_SEGMENT_NOTES)
    data = read(size)
    found = build_id_of_notes(parse_notes(data, segment.align))
    if found is None and data[12:16] == b"Go\0\0":
        return build_id_of_notes(parse_notes(read(size + GNU_NOTE), segment.align))
    return found


def _round_up(value: int, step: int) -> int:
    return (value + step - 1) & -step


def _string(table: bytes, offset: int) -> str:
    end = table.find(b"\0", offset)
    return table[offset : end if end >= 0 else offset].decode("latin-1") if offset < len(table) else ""
