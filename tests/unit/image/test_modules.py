"""Modules from mappings: what is loaded, where, which build; and what is merely data."""

from collections.abc import Mapping, Sequence

import pytest

from obit.debuginfo.elf import Elf
from obit.image.core import parse_core
from obit.image.mappings import core_mappings
from obit.image.memory import PagedMemory, SegmentSource
from obit.image.modules import UNCHECKED, FoundModule, MemoryHeaders, bias_of, find_modules
from obit.image.obitnote import encode
from obit.image.process import MappedRange
from tests.builders.core import Mapped, Memory, core_file, mapped
from tests.builders.notes import MappedFile, Note
from tests.builders.objects import ET_CORE, ET_DYN, ET_EXEC, ET_REL, PAGE, PT_LOAD, PT_NOTE, Library, R, Segment, W, elf_file, library

ID = "0123456789abcdef0123456789abcdef01234567"
OTHER = "ff" * 20
LIBC = 0x7F0000000000


def modules(
    *parts: Mapped,
    memory: Sequence[Memory] = (),
    auxv: Mapping[int, int] | None = None,
    disk: Mapping[str, Library] | None = None,
    extra: Sequence[Note] = (),
) -> tuple[FoundModule, ...]:
    """The modules of a core that has these libraries mapped."""
    data = core_file(
        memory=[*(one for part in parts for one in part.memory), *memory],
        files=[one for part in parts for one in part.files],
        auxv=auxv,
        extra=extra,
    )
    core = parse_core(lambda offset, size: data[offset : offset + size], len(data))
    source = SegmentSource(lambda offset, size: data[offset : offset + size], core.spans)

    def headers(path: str) -> Elf | None:
        return Elf(disk[path].image) if disk and path in disk else None

    return find_modules(core_mappings(core), PagedMemory([source]), core.auxv, headers)


def test_a_library_has_its_bias_its_extent_and_its_build_id() -> None:
    assert modules(mapped(library(), "/lib/libx.so", LIBC)) == (FoundModule("/lib/libx.so", LIBC, LIBC + 5 * PAGE, LIBC, ID),)


@pytest.mark.parametrize(("base", "kind"), [(0x400000, ET_EXEC), (0x3000000000, 3)])
def test_the_bias_is_what_the_loader_added(base: int, kind: int) -> None:
    """A fixed executable has none; a prelinked library that was put elsewhere has the difference."""
    for bias in (0,) if kind == ET_EXEC else (0, 0x5000):
        (module,) = modules(mapped(library(base=base, kind=kind), "/bin/x", bias))
        assert (module.bias, module.start) == (bias, base + bias)


def test_several_files_and_two_copies_of_one() -> None:
    found = modules(
        mapped(library(), "/lib/a", LIBC),
        mapped(library(identity=OTHER), "/lib/b", LIBC + 0x10000),
        mapped(library(), "/lib/a", LIBC + 0x20000),
    )
    assert [(module.path, module.start - LIBC, module.build_id) for module in found] == [
        ("/lib/a", 0, ID),
        ("/lib/b", 0x10000, OTHER),
        ("/lib/a", 0x20000, ID),
    ]


def test_a_library_that_is_mapped_as_data_is_no_module() -> None:
    image = library().image
    whole = len(image) + -len(image) % PAGE
    as_data = Mapped((Memory(LIBC, image.ljust(whole, b"\0"), flags=R),), (MappedFile(LIBC, LIBC + whole, 0, "/lib/libx.so"),))
    assert modules(as_data) == ()


def test_a_library_whose_code_may_not_run_is_no_module() -> None:
    assert modules(mapped(library(), "/lib/libx.so", LIBC, code_flags=R)) == ()


def test_data_files_are_no_modules_and_nobody_opens_them() -> None:
    locale = Mapped((Memory(LIBC, size=PAGE, flags=R),), (MappedFile(LIBC, LIBC + PAGE, 0, "/usr/lib/locale/locale-archive"),))
    asked: list[str] = []

    class Disk(dict[str, Library]):
        def __contains__(self, path: object) -> bool:
            asked.append(str(path))
            return False

    assert modules(locale, disk=Disk({"x": library()})) == ()
    assert asked == []


def test_code_copied_to_anonymous_huge_pages_still_belongs_to_its_module() -> None:
    part = mapped(library(), "/bin/x", LIBC)
    assert len(modules(Mapped(part.memory, (part.files[0], part.files[2])))) == 1


def test_a_file_without_code_is_a_module_when_all_of_it_is_in_place() -> None:
    built = library(code_flags=R)
    assert len(modules(mapped(built, "/lib/libicudata.so", LIBC, code_flags=R))) == 1
    part = mapped(built, "/lib/libicudata.so", LIBC, code_flags=R)
    assert modules(Mapped(part.memory[:1], part.files[:1])) == ()


def test_without_its_first_page_the_file_on_disk_says_where_it_is_and_nobody_vouches_for_it() -> None:
    built = library(base=0x10000)
    part = mapped(built, "/lib/libx.so", LIBC, headers=False)
    assert modules(part) == ()
    (module,) = modules(part, disk={"/lib/libx.so": built})
    assert (module.bias, module.start, module.build_id, module.note) == (LIBC, LIBC + 0x10000, None, UNCHECKED)


def test_a_library_whose_headers_are_not_mapped_at_all_is_placed_by_its_code() -> None:
    part = mapped(library(base=0x10000), "/lib/libx.so", LIBC, headers=False)
    (module,) = modules(Mapped(part.memory[1:], part.files[1:]), disk={"/lib/libx.so": library(base=0x10000)})
    assert (module.bias, module.start) == (LIBC, LIBC + 0x10000)


@pytest.mark.parametrize(("flags", "bias"), [("r-x", LIBC - 0x2000), ("r--", LIBC - 0x3000), ("?", LIBC - 0x2000)])
def test_two_segments_that_share_a_page_of_the_file_are_told_apart_by_their_permissions(flags: str, bias: int) -> None:
    elf = Elf(elf_file(ET_DYN, [Segment(PT_LOAD, R | 1, 0x2000, b"a" * 256), Segment(PT_LOAD, R, 0x3100, b"b" * 64, align=1)]))
    assert [segment.offset & ~0xFFF for segment in elf.segments] == [PAGE, PAGE]
    assert bias_of(elf, MappedRange(LIBC, LIBC + PAGE, flags, PAGE, "/lib/x")) == bias


def test_a_file_on_disk_that_does_not_fit_the_mappings_is_not_used() -> None:
    part = mapped(library(), "/lib/libx.so", LIBC, headers=False)
    moved = [MappedFile(file.start, file.end, file.offset + 8 * PAGE, file.path) for file in part.files]
    assert modules(Mapped(part.memory, tuple(moved)), disk={"/lib/libx.so": library()}) == ()


def test_a_library_without_build_id_says_so() -> None:
    (module,) = modules(mapped(library(identity=None), "/lib/libx.so", LIBC))
    assert (module.build_id, module.note) == (None, UNCHECKED)


def test_a_deleted_file_keeps_its_name_and_is_marked() -> None:
    (module,) = modules(mapped(library(), "/usr/bin/shop (deleted)", LIBC))
    assert (module.path, module.deleted, module.build_id) == ("/usr/bin/shop", True, ID)
    part = mapped(library(), "/usr/bin/shop (deleted)", LIBC, headers=False)
    assert modules(part, disk={"/usr/bin/shop (deleted)": library()}) == ()


def test_the_vdso_is_where_the_auxiliary_vector_says() -> None:
    image = library(kind=3).image
    vdso = Memory(0x7FFF00000000, image.ljust(4 * PAGE, b"\0"), flags=R | 1)
    assert modules(memory=[vdso], auxv={33: vdso.address}) == (
        FoundModule("[vdso]", vdso.address, vdso.address + 4 * PAGE, vdso.address, ID),
    )
    assert modules(memory=[vdso], auxv={33: 0x1234}) == ()


def test_obits_note_has_the_mappings_where_the_core_does_not() -> None:
    built = library()
    part = mapped(built, "/lib/libx.so", LIBC)
    maps = [(file.start, file.end, flags, file.offset, file.path) for file, flags in zip(part.files, ("r--p", "r-xp", "rw-p"), strict=True)]
    (module,) = modules(memory=part.memory[:1], extra=[Note("OBIT", 1, encode({"maps": [*maps]}))])
    assert (module.path, module.build_id) == ("/lib/libx.so", ID)


@pytest.mark.parametrize("segments", [[Segment(PT_LOAD, R | 1, 120, b"code", align=1)], []])
@pytest.mark.parametrize("kind", [ET_DYN, ET_CORE, ET_REL])
def test_only_executables_and_libraries_that_load_something_are_modules(kind: int, segments: list[Segment]) -> None:
    image = elf_file(kind, segments).ljust(2 * PAGE, b"\0")
    part = Mapped((Memory(LIBC, image, flags=R | 1),), (MappedFile(LIBC, LIBC + 2 * PAGE, 0, "/lib/x"),))
    assert len(modules(part)) == int(kind == ET_DYN and bool(segments))


@pytest.mark.parametrize("vaddr", [1 << 63, (1 << 64) - PAGE])
def test_headers_that_lead_outside_the_address_space_are_no_module(vaddr: int) -> None:
    evil = elf_file(
        3,
        [Segment(PT_LOAD, R, 0, bytes(PAGE), align=1), Segment(PT_LOAD, R | W, vaddr, b"", memsz=1 << 62, align=1), Segment(PT_NOTE, R, 0)],
    )
    part = Mapped(
        (Memory(LIBC, evil.ljust(2 * PAGE, b"\0")[: 2 * PAGE], flags=R | 1),), (MappedFile(LIBC, LIBC + 2 * PAGE, 0, "/lib/evil"),)
    )
    assert modules(part) == ()


def test_not_every_elf_header_of_a_hostile_core_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of a million mappings may begin with an ELF header: reading them all took minutes and gigabytes."""
    monkeypatch.setattr("obit.image.modules.MAX_LOOKED_AT", 2)
    parts = [mapped(library(), f"/lib/{number}", LIBC + number * 0x100000) for number in range(4)]
    assert [module.path for module in modules(*parts)] == ["/lib/0", "/lib/1"]


def test_no_more_program_headers_are_read_than_a_program_has() -> None:
    many = [Segment(PT_LOAD, R, number * PAGE, b"", memsz=PAGE) for number in range(1000)]
    data = elf_file(ET_DYN, many)
    elf = MemoryHeaders(PagedMemory([SegmentSource(lambda offset, size: data[offset : offset + size], [(LIBC, LIBC + len(data), 0)])])).at(
        LIBC
    )
    assert elf is not None
    assert len(elf.segments) < 200
