"""The linker's list in memory names the modules of a core without NT_FILE."""

import struct
from time import process_time

from obit.debuginfo.elf import Elf
from obit.image.core import parse_core
from obit.image.linkmap import _program, _renamed, linked, name_mappings
from obit.image.mappings import core_mappings
from obit.image.memory import PagedMemory, SegmentSource
from obit.image.modules import find_modules
from obit.image.process import MappedRange
from tests.builders.core import Memory, core_file, mapped
from tests.builders.objects import PHDR_SIZE, library
from tests.builders.stack import initial_stack

EXE, LIBX, LINKS = 0x555500000000, 0x7F0000000000, 0x7F1000000000
OTHER = "ee" * 20


def links(*entries: tuple[int, bytes]) -> bytes:
    """r_debug, then the link_map entries of (bias, name), then the names; the last entry's l_next may be replaced."""
    names_at = LINKS + 24 + 40 * len(entries)
    out, names = struct.pack("<QQQ", 1, LINKS + 24, 0), b""
    for number, (bias, name) in enumerate(entries):
        following = LINKS + 24 + 40 * (number + 1) if number + 1 < len(entries) else 0
        out += struct.pack("<QQQQQ", bias, names_at + len(names), 0, following, 0)
        names += name + b"\0"
    return (out + names).ljust(4096, b"\0")


def process(table: bytes, *, libx_header: bool = True, execfn: bytes = b"/usr/bin/shop") -> tuple[bytes, dict[int, int]]:
    """A core without NT_FILE of a position-independent executable and a library, and its auxiliary vector."""
    exe = library(dynamic=struct.pack("<QQQQ", 21, LINKS, 0, 0))
    stack = initial_stack([b"shop"], [], {3: EXE + 64, 4: PHDR_SIZE, 5: 6, 9: EXE + 0x1000}, execfn=execfn)
    memory = [
        *mapped(exe, "", EXE).memory,
        *mapped(library(identity=OTHER), "", LIBX, headers=libx_header).memory,
        Memory(LINKS, table),
        stack.memory,
    ]
    return core_file(memory=memory, files=None, auxv=stack.auxv), stack.auxv


def named(data: bytes, disk: dict[str, bytes] | None = None) -> list[tuple[str, int, str | None]]:
    """(path, bias, build-id) of the modules that come out."""
    core = parse_core(lambda offset, size: data[offset : offset + size], len(data))
    memory = PagedMemory([SegmentSource(lambda offset, size: data[offset : offset + size], core.spans)])

    def headers(path: str) -> Elf | None:
        return Elf(disk[path]) if disk and path in disk else None

    mappings = name_mappings(core_mappings(core), memory, core.auxv, headers)
    return [(module.path, module.bias, module.build_id) for module in find_modules(mappings, memory, core.auxv, headers)]


MAIN = ("/usr/bin/shop", EXE, "0123456789abcdef0123456789abcdef01234567")


def test_modules_come_from_the_link_map() -> None:
    data, _ = process(links((EXE, b""), (LIBX, b"/lib/libx.so.1")))
    assert named(data) == [MAIN, ("/lib/libx.so.1", LIBX, OTHER)]


def test_a_library_without_its_first_page_is_placed_by_its_file() -> None:
    data, _ = process(links((EXE, b""), (LIBX, b"/lib/libx.so.1")), libx_header=False)
    assert named(data) == [MAIN]
    assert named(data, {"/lib/libx.so.1": library(identity=OTHER).image}) == [MAIN, ("/lib/libx.so.1", LIBX, None)]


def test_a_static_executable_has_no_list() -> None:
    data, _ = process(bytes(4096))
    assert named(data) == [MAIN]


def test_a_program_that_was_started_by_a_relative_path_is_a_module_all_the_same() -> None:
    data, _ = process(links((EXE, b"")), execfn=b"./shop")
    assert named(data) == [("./shop", *MAIN[1:])]


def test_without_program_headers_in_the_auxiliary_vector_no_file_around_address_0_is_the_program() -> None:
    around_zero = {-0x1000: Elf(library().image)}
    assert _program("/usr/bin/shop", around_zero, {9: 0x1000}, lambda _: None) is None


def test_a_chain_that_bites_its_tail_ends() -> None:
    table = bytearray(links((EXE, b""), (LIBX, b"/lib/libx.so.1")))
    table[24 + 40 + 24 : 24 + 40 + 32] = struct.pack("<Q", LINKS + 24)
    data, auxv = process(bytes(table))
    core = parse_core(lambda offset, size: data[offset : offset + size], len(data))
    memory = PagedMemory([SegmentSource(lambda offset, size: data[offset : offset + size], core.spans)])
    assert list(linked(memory, auxv)) == [(EXE, ""), (LIBX, "/lib/libx.so.1")]


def test_a_chain_that_leads_nowhere_ends() -> None:
    table = bytearray(links((EXE, b""), (LIBX, b"/lib/libx.so.1")))
    table[24 + 24 : 24 + 32] = struct.pack("<Q", 0xDEADBEEF)
    assert named(process(bytes(table))[0]) == [MAIN]


def faceless(table: bytes, entry: int = 0x1000) -> bytes:
    """Like `process`, of a kernel that dumps no file's first page (qemu's user mode)."""
    exe = library(dynamic=struct.pack("<QQQQ", 21, LINKS, 0, 0))
    stack = initial_stack([b"shop"], [], {3: EXE + 64, 4: PHDR_SIZE, 5: len(Elf(exe.image).segments), 9: EXE + entry}, execfn=b"./shop")
    memory = [
        *mapped(exe, "", EXE, headers=False).memory,
        *mapped(library(identity=OTHER), "", LIBX, headers=False).memory,
        Memory(LINKS, table),
        stack.memory,
    ]
    return core_file(memory=memory, files=None, auxv=stack.auxv)


def disk() -> dict[str, bytes]:
    exe = library(dynamic=struct.pack("<QQQQ", 21, LINKS, 0, 0))
    return {"./shop": exe.image, "/lib/libx.so.1": library(identity=OTHER).image}


def test_without_any_first_page_the_auxiliary_vector_places_the_executable() -> None:
    entry = Elf(disk()["./shop"]).entry
    found = named(faceless(links((EXE, b""), (LIBX, b"/lib/libx.so.1")), entry), disk())
    assert found == [("./shop", EXE, None), ("/lib/libx.so.1", LIBX, None)]


def test_an_executable_with_another_entry_point_is_another_build() -> None:
    entry = Elf(disk()["./shop"]).entry
    assert named(faceless(links((EXE, b"")), entry + 4), disk()) == []


def test_a_library_whose_dynamic_section_is_elsewhere_is_another_build() -> None:
    table = bytearray(links((EXE, b""), (LIBX, b"/lib/libx.so.1")))
    files = disk() | {"/lib/libx.so.1": library(identity=OTHER, dynamic=bytes(32)).image}
    dynamic = next(segment.vaddr for segment in Elf(files["/lib/libx.so.1"]).segments if segment.type == 2)
    entry = Elf(files["./shop"]).entry
    table[24 + 40 + 16 : 24 + 40 + 24] = struct.pack("<Q", LIBX + dynamic)
    assert len(named(faceless(bytes(table), entry), files)) == 2
    table[24 + 40 + 16 : 24 + 40 + 24] = struct.pack("<Q", LIBX + dynamic + 16)
    assert len(named(faceless(bytes(table), entry), files)) == 1


def test_many_mappings_and_many_libraries_are_named_in_no_time() -> None:
    """Each mapping was once held against each segment of each library: a million times fifty thousand."""
    elf = Elf(library().image)
    loaded = [(f"/lib/{number}", LIBX + number * 0x100000, elf) for number in range(8000)]
    mappings = [MappedRange(LIBX + number * 0x1000, LIBX + (number + 1) * 0x1000, "r-x") for number in range(100_000)]
    start = process_time()
    named_by = _renamed(mappings, loaded)
    assert process_time() - start < 5
    assert (named_by[256].path, named_by[256].offset) == ("/lib/1", 0)
    assert named_by[511].path is None
