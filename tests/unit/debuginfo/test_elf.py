"""ELF headers: what is read from a sound file, and that hostile ones are bounded."""

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obit.debuginfo import elf
from obit.debuginfo.buildid import build_id_in_memory, build_id_of_file, open_regular
from obit.errors import BadInput
from tests.builders.elf import BUILD_ID, make, note


def test_a_sound_file_is_read() -> None:
    file = elf.Elf(make())
    assert (file.type, file.machine, file.entry) == (elf.ET_EXEC, 62, 0x401000)
    assert [segment.type for segment in file.segments] == [elf.PT_LOAD, elf.PT_NOTE]
    assert [section.name for section in file.sections] == ["", ".note.gnu.build-id", ".shstrtab"]
    section = file.section(".note.gnu.build-id")
    assert section is not None
    assert file.section_data(section).endswith(BUILD_ID)
    assert file.section(".text") is None
    assert file.build_id == BUILD_ID.hex()
    assert file.image_base == 0x400000
    assert not file.truncated


def test_counts_that_do_not_fit_are_in_the_first_section_header() -> None:
    file = elf.Elf(make(phnum=elf.PN_XNUM, shnum=0, shstrndx=0xFFFF, first=(3, 2, 2)))
    assert len(file.segments) == 2
    assert [section.name for section in file.sections] == ["", ".note.gnu.build-id", ".shstrtab"]


def test_notes_aligned_to_eight_bytes() -> None:
    notes = note(b"GNU", 5, b"abcdefgh", 8) + note(b"GNU", 3, BUILD_ID, 8)
    file = elf.Elf(make(notes=notes, align=8))
    assert [(each.name, each.type) for each in file.notes()] == [("GNU", 5), ("GNU", 3)]
    assert file.build_id == BUILD_ID.hex()


def test_a_note_of_another_vendor_is_no_build_id() -> None:
    assert elf.Elf(make(notes=note(b"Go", 3, b"abcd"))).build_id is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not an ELF"),
        (b"#!/bin/sh\n" * 20, "not an ELF"),
        (b"\x7fELF\x02\x01", "cut off"),
        (b"\x7fELF\x01\x01" + bytes(60), "64-bit little-endian"),
        (b"\x7fELF\x02\x02" + bytes(60), "64-bit little-endian"),
        (make()[:54] + b"\x20\x00" + make()[56:], "damaged"),
    ],
)
def test_what_is_not_elf_is_refused_with_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        elf.Elf(data)


def test_a_count_beyond_the_file_is_cut_and_said() -> None:
    file = elf.Elf(make(phnum=60000))
    assert 2 <= len(file.segments) < 60000
    assert file.truncated


def test_a_note_longer_than_its_segment_ends_the_notes() -> None:
    good = note(b"CORE", 1, b"x" * 8)
    assert [each.type for each in elf.parse_notes(good + struct.pack("<III", 4, 0xFFFFFFFF, 2) + b"GNU\0")] == [1]


def test_huge_offsets_read_nothing(tmp_path: Path) -> None:
    data = bytearray(make())
    struct.pack_into("<Q", data, 32, 2**64 - 64)
    struct.pack_into("<Q", data, 40, 2**63)
    path = tmp_path / "hostile"
    path.write_bytes(data)
    assert build_id_of_file(str(path)) is None


def test_build_id_of_an_image_in_memory() -> None:
    data = make(vaddr=0)
    base = 0x7F0000000000
    assert build_id_in_memory(lambda address, size: data[max(address - base, 0) :][:size], base) == BUILD_ID.hex()
    assert build_id_in_memory(lambda _address, _size: b"", base) is None


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(OSError, match="regular"):
        open_regular(str(fifo))
    assert build_id_of_file(str(fifo)) is None
    assert build_id_of_file(str(tmp_path)) is None


@given(st.integers(0, len(make()) - 1), st.binary(min_size=1, max_size=12))
def test_any_damage_gives_values_or_bad_input(position: int, noise: bytes) -> None:
    data = bytearray(make())
    data[position : position + len(noise)] = noise
    try:
        file = elf.Elf(bytes(data))
    except BadInput:
        return
    assert len(file.segments) <= len(data) // 56
    assert len(file.sections) <= len(data) // 64
    list(file.notes())


@pytest.mark.parametrize(("vendor", "expected"), [(b"Go", BUILD_ID.hex()), (b"Rs", None)])
def test_a_build_id_right_behind_the_notes_of_go(vendor: bytes, expected: str | None) -> None:
    """Go's linker leaves the GNU note out of the segment."""
    gnu = note(b"GNU", 3, BUILD_ID)
    notes = note(vendor, 4, b"a Go build-id") + gnu
    data = make(notes=notes, vaddr=0)
    size = len(notes).to_bytes(8, "little")
    assert data.count(size * 2) == 1
    data = data.replace(size * 2, (len(notes) - len(gnu)).to_bytes(8, "little") * 2)
    assert elf.Elf(elf.reader(data)).build_id == expected
    assert build_id_in_memory(elf.reader(data), 0) == expected
