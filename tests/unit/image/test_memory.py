"""Memory from several sources: exact or absent, whatever boundary is crossed."""

import os
import struct

import pytest

from obit.image.memory import CACHED_PAGES, LARGEST_READ, PAGE, FileReader, ModuleSource, PagedMemory, SegmentSource
from obit.image.process import LoadedModule, MemoryAbsent
from tests.builders.process import FakeModule

FILE = bytes(range(256)) * 64


def segments(*spans: tuple[int, int, int]) -> PagedMemory:
    return PagedMemory([SegmentSource(lambda offset, size: FILE[offset : offset + size], spans)])


def test_a_read_crosses_adjoining_segments() -> None:
    memory = segments((0x1000, 0x1010, 0), (0x1010, 0x3000, 0x100), (0x3000, 0x3004, 7))
    assert memory.read(0x1008, 16) == FILE[8:16] + FILE[0x100:0x108]
    assert memory.read(0x2FF8, 12) == FILE[0x100 + 0x1FE8 : 0x100 + 0x1FF0] + FILE[7:11]
    assert memory.u64(0x100C) == struct.unpack("<Q", FILE[12:16] + FILE[0x100:0x104])[0]


@pytest.mark.parametrize(
    ("address", "size", "missing"), [(0xFFF, 1, 0xFFF), (0x1FFF, 2, 0x2000), (0x5000, 8, 0x5000), (1 << 64, 1, 1 << 64), (-8, 8, -8)]
)
def test_absent_memory_raises_with_its_first_address(address: int, size: int, missing: int) -> None:
    with pytest.raises(MemoryAbsent) as caught:
        segments((0x1000, 0x2000, 0)).read(address, size)
    assert caught.value.address == missing


def test_read_some_gives_what_is_there() -> None:
    memory = segments((0x1000, 0x1800, 0))
    assert memory.read_some(0x17FC, 100) == FILE[0x7FC:0x800]
    assert memory.read_some(0x1800, 100) == b""
    assert memory.read_some(0x1000, 0) == b""
    assert memory.read(0x9999, 0) == b""


def test_the_top_of_the_address_space() -> None:
    memory = segments(((1 << 64) - PAGE, 1 << 64, 0))
    assert memory.read((1 << 64) - 8, 8) == FILE[PAGE - 8 : PAGE]
    with pytest.raises(MemoryAbsent):
        memory.u64((1 << 64) - 4)


def test_segments_that_overlap_give_the_first_one() -> None:
    memory = segments((0x1000, 0x2000, 0), (0x1800, 0x2800, 0x100))
    assert memory.read(0x1FFF, 2) == FILE[0xFFF:0x1000] + FILE[0x100 + 0x800 : 0x100 + 0x801]


def test_a_damaged_size_is_absent_and_not_tried() -> None:
    memory = PagedMemory([SegmentSource(lambda offset, size: bytes(size), [(0, 1 << 40, 0)])])
    with pytest.raises(MemoryAbsent):
        memory.read(0, 1 << 39)
    assert len(memory.read_some(0, 1 << 39)) == LARGEST_READ


def test_pages_are_read_once_and_the_cache_is_bounded() -> None:
    asked: list[int] = []

    def read(offset: int, size: int) -> bytes:
        asked.append(offset)
        return bytes(size)

    memory = PagedMemory([SegmentSource(read, [(0, (CACHED_PAGES + 10) * PAGE, 0)])])
    for address in range(0, PAGE, 8):
        memory.u64(address)
    assert asked == [0]
    for page in range(CACHED_PAGES + 10):
        memory.read(page * PAGE, 8)
    assert len(memory._pages) <= CACHED_PAGES


class TextModule(FakeModule):
    """A file with one read-only segment."""

    def __init__(self, start: int, text: bytes) -> None:
        super().__init__()
        self.start, self.text = start, text

    def read(self, address: int, size: int) -> bytes | None:
        at = address - self.start
        return self.text[at : at + size] if at >= 0 and at + size <= len(self.text) else None


def with_text(text: bytes) -> PagedMemory:
    module = LoadedModule("/lib/x", 0x10000, 0x20000, 0xF000, None, TextModule(0x1000, text))
    empty = LoadedModule("/lib/y", 0x20000, 0x30000, 0, None, None)
    source = SegmentSource(lambda offset, size: FILE[offset : offset + size], [(0x11000, 0x12000, 0)])
    return PagedMemory([source, ModuleSource([empty, module])])


def test_text_that_the_core_left_out_comes_from_the_modules_file() -> None:
    text = bytes(n * 7 % 251 for n in range(0x2F00))
    memory = with_text(text)
    assert memory.read(0x10010, 4) == text[0x10:0x14]
    assert memory.read(0x11010, 4) == FILE[0x10:0x14], "the process's own bytes go first"
    assert memory.read(0x10FFC, 8) == text[0xFFC:0x1000] + FILE[:4]
    assert memory.read(0x12EF0, 16) == text[0x2EF0:0x2F00], "the segment ends within a page"
    assert memory.read_some(0x12EF0, 100) == text[0x2EF0:0x2F00]
    with pytest.raises(MemoryAbsent):
        memory.read(0x12EF0, 17)
    with pytest.raises(MemoryAbsent):
        memory.read(0x20000, 1)


def test_a_file_reader_gives_what_the_file_has() -> None:
    fd = os.memfd_create("reader")
    os.write(fd, b"0123456789")
    read = FileReader(fd)
    assert (read(0, 4), read(8, 1 << 60), read(10, 1), read(-1, 5), read(1 << 70, 5)) == (b"0123", b"89", b"", b"", b"")
    assert read.modified.endswith("Z")
