"""Mappings of a core from its segments, its NT_FILE, its special addresses."""

from obit.image.core import parse_core
from obit.image.mappings import MappingIndex, core_mappings
from obit.image.process import MappedRange
from tests.builders.core import Memory, core_file
from tests.builders.notes import MappedFile
from tests.builders.objects import PAGE, R, W, X

VSYSCALL = 0xFFFFFFFFFF600000


def test_segments_have_the_permissions_and_files_the_paths() -> None:
    memory = [
        Memory(0x1000, size=PAGE, flags=R | X),
        Memory(0x3000, b"d" * PAGE, size=2 * PAGE, flags=R | W),
        Memory(0x6000, size=0, flags=R),
        Memory(0x10000, size=PAGE, flags=R | W),
        Memory(0x20000, size=PAGE, flags=R | X),
        Memory(0x30000, size=PAGE, flags=0),
        Memory(VSYSCALL, size=PAGE, flags=X),
    ]
    files = [MappedFile(0x1000, 0x2000, 0x5000, "/bin/a"), MappedFile(0x50000, 0x51000, 0, "/bin/not-in-segments")]
    data = core_file(memory=memory, files=files, auxv={33: 0x20000, 25: 0x10FF0})
    assert core_mappings(parse_core(lambda offset, size: data[offset : offset + size], len(data))) == (
        MappedRange(0x1000, 0x2000, "r-x", 0x5000, "/bin/a"),
        MappedRange(0x3000, 0x5000, "rw-", 0, None),
        MappedRange(0x10000, 0x11000, "rw-", 0, "[stack]"),
        MappedRange(0x20000, 0x21000, "r-x", 0, "[vdso]"),
        MappedRange(0x30000, 0x31000, "---", 0, None),
        MappedRange(0x50000, 0x51000, "?", 0, "/bin/not-in-segments"),
        MappedRange(VSYSCALL, VSYSCALL + PAGE, "--x", 0, "[vsyscall]"),
    )


def test_the_index_finds_a_mapping_by_any_of_its_addresses_and_no_other() -> None:
    first, second = MappedRange(0x1000, 0x2000, "r--"), MappedRange(0x2000, 0x3000, "rw-")
    index = MappingIndex([second, first])
    assert [index.at(address) for address in (0xFFF, 0x1000, 0x1FFF, 0x2000, 0x2FFF, 0x3000)] == [None, first, first, second, second, None]
    assert MappingIndex([]).at(0) is None
