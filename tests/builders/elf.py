"""Small ELF files from values."""

import struct

from obit.debuginfo import elf

BUILD_ID = bytes(range(20))


def note(name: bytes, type: int, desc: bytes, step: int = 4) -> bytes:
    raw = struct.pack("<III", len(name) + 1, len(desc), type) + name + b"\0"
    raw += b"\0" * (-len(raw) % step) + desc
    return raw + b"\0" * (-len(raw) % step)


def make(
    *,
    phnum: int | None = None,
    shnum: int | None = None,
    shstrndx: int = 2,
    notes: bytes = note(b"GNU", 3, BUILD_ID),
    machine: int = 62,
    first: tuple[int, int, int] = (0, 0, 0),
    vaddr: int = 0x400000,
    align: int = 4,
) -> bytes:
    """An executable: header, two segments (load, note), notes, names, three sections (null, .note, .shstrtab)."""
    names = b"\0.note.gnu.build-id\0.shstrtab\0"
    notes_at = 64 + 2 * 56
    names_at = notes_at + len(notes)
    sections_at = names_at + len(names)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01" + bytes(9), 2, machine, 1, vaddr + 0x1000, 64, sections_at, 0, 64, 56,
        2 if phnum is None else phnum, 64, 3 if shnum is None else shnum, shstrndx,
    )  # fmt: skip
    load = struct.pack("<IIQQQQQQ", elf.PT_LOAD, 5, 0, vaddr, vaddr, 4096, 4096, 4096)
    pt_note = struct.pack("<IIQQQQQQ", elf.PT_NOTE, 4, notes_at, vaddr + notes_at, 0, len(notes), len(notes), align)
    size, link, info = first
    sections = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, size, link, info, 0, 0)
    sections += struct.pack("<IIQQQQIIQQ", 1, elf.SHT_NOTE, 2, vaddr + notes_at, notes_at, len(notes), 0, 0, align, 0)
    sections += struct.pack("<IIQQQQIIQQ", 20, elf.SHT_STRTAB, 0, 0, names_at, len(names), 0, 0, 1, 0)
    return header + load + pt_note + notes + names + sections


def compressed(packed: bytes, size: int, kind: int = 1) -> bytes:
    """A debug file with a build-id note, a `.debug_info` compressed as `kind` says (0: not at all) to `packed`, and a plain `.comment`."""
    names = b"\0.debug_info\0.comment\0.shstrtab\0"
    notes = note(b"GNU", 3, BUILD_ID)
    body = (struct.pack("<IIQQ", kind, 0, size, 1) if kind else b"") + packed
    comment = b"kept as it is"
    parts = {"notes": notes, "info": body, "comment": comment, "names": names}
    at, places = 64 + 56, {}
    for name, data in parts.items():
        places[name] = at
        at += len(data)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01" + bytes(9), 3, 62, 1, 0, 64, at, 0, 64, 56, 1, 64, 5, 4)
    segment = struct.pack("<IIQQQQQQ", elf.PT_NOTE, 4, places["notes"], 0x238, 0, len(notes), len(notes), 4)
    flags = elf.SHF_COMPRESSED if kind else 0
    sections = bytes(64)
    sections += struct.pack("<IIQQQQIIQQ", 0, elf.SHT_NOTE, elf.SHF_ALLOC, 0x238, places["notes"], len(notes), 0, 0, 4, 0)
    sections += struct.pack("<IIQQQQIIQQ", 1, 1, flags, 0, places["info"], len(body), 0, 0, 8, 0)
    sections += struct.pack("<IIQQQQIIQQ", 13, 1, 0x30, 0, places["comment"], len(comment), 0, 0, 1, 1)
    sections += struct.pack("<IIQQQQIIQQ", 22, elf.SHT_STRTAB, 0, 0, places["names"], len(names), 0, 0, 1, 0)
    return header + segment + b"".join(parts.values()) + sections
