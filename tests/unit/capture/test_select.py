"""Which memory is taken, from address spaces made of values."""

from itertools import pairwise
from struct import pack

import pytest

from obit.capture.elfmemory import ET_EXEC, PT_DYNAMIC, PT_LOAD, PT_PHDR
from obit.capture.procfs import PAGE, Mapping
from obit.capture.select import AROUND, select
from obit.capture.selection import KB, MB, ThreadState, Victim

HEAP, STACK, LIBRARY, DATA, CODE = 0x5500_0000_0000, 0x7FFD_0000_0000, 0x7F00_0000_0000, 0x7F00_0010_0000, 0x7F00_0008_0000


class Space:
    """An address space: mappings, and the words that are not zero."""

    def __init__(self, *mappings: Mapping) -> None:
        self.mappings = sorted(mappings)
        self.bytes: dict[int, bytes] = {}

    def put(self, address: int, data: bytes) -> None:
        """Bytes at an address; they stay on one page."""
        page = self.bytes.get(address // PAGE, bytes(PAGE))
        at = address % PAGE
        self.bytes[address // PAGE] = page[:at] + data + page[at + len(data) :]

    def words(self, address: int, *words: int) -> None:
        """Words at an address."""
        self.put(address, pack(f"<{len(words)}Q", *words))

    def read(self, address: int, size: int) -> bytes:
        """As /proc/PID/mem: up to the end of what is mapped."""
        found = b""
        while len(found) < size:
            at = address + len(found)
            if not any(mapping.start <= at < mapping.end for mapping in self.mappings):
                break
            found += self.bytes.get(at // PAGE, bytes(PAGE))[at % PAGE :][: size - len(found)]
        return found


def mapping(start: int, size: int, flags: str = "rw-p", path: str | None = None, offset: int = 0) -> Mapping:
    return Mapping(start, start + size, flags, offset, path)


def thread(sp: int, *words: int, pc: int = 0, tls: int = 0) -> ThreadState:
    return ThreadState(sp, pc, tls, words)


def chosen(space: Space, *threads: ThreadState, auxv: dict[int, int] | None = None, budget: int = 32 * MB) -> list[tuple[int, int]]:
    return select(Victim(space.read, space.mappings, threads, auxv or {}), budget)


def has(ranges: list[tuple[int, int]], address: int) -> bool:
    return any(start <= address < end for start, end in ranges)


def total(ranges: list[tuple[int, int]]) -> int:
    return sum(end - start for start, end in ranges)


def test_the_crashing_stack_comes_first_with_its_red_zone() -> None:
    space = Space(mapping(STACK, 64 * PAGE), mapping(HEAP, PAGE))
    ranges = chosen(space, thread(STACK + 32 * PAGE + 8))
    assert ranges[0] == (STACK + 31 * PAGE, STACK + 64 * PAGE)


def test_ranges_are_whole_pages_and_do_not_overlap() -> None:
    space = Space(mapping(STACK, 64 * PAGE), mapping(HEAP, 9 * PAGE))
    ranges = sorted(chosen(space, thread(STACK + 8, HEAP + 100, HEAP + 200, STACK + 5)))
    assert all(start % PAGE == 0 and end % PAGE == 0 for start, end in ranges)
    assert all(before[1] <= after[0] for before, after in pairwise(ranges))


def test_after_an_overflow_the_stack_above_the_guard_is_taken() -> None:
    space = Space(mapping(STACK - 16 * PAGE, 16 * PAGE, "---p"), mapping(STACK, 2048 * PAGE))
    ranges = chosen(space, thread(STACK - 3 * PAGE))
    assert ranges[0] == (STACK, STACK + MB)
    assert has(ranges, STACK + 2047 * PAGE), "the far end of a deep recursion"
    assert not has(ranges, STACK - PAGE)


def test_a_wild_stack_pointer_takes_no_stack() -> None:
    space = Space(mapping(STACK, 64 * PAGE, path="[stack]"))
    assert chosen(space, thread(0x41414141)) == [(STACK + 48 * PAGE, STACK + 64 * PAGE)]


def test_pages_that_registers_point_to() -> None:
    space = Space(mapping(STACK, PAGE), mapping(HEAP, 100 * MB))
    ranges = chosen(space, thread(STACK, HEAP + 50 * MB + 8))
    assert has(ranges, HEAP + 50 * MB + 8)
    assert has(ranges, HEAP + 50 * MB + 8 - AROUND)
    assert not has(ranges, HEAP + 60 * MB)


def test_two_hops_from_the_crashing_stack_and_one_from_others() -> None:
    space = Space(mapping(STACK, PAGE), mapping(STACK + 2 * PAGE, PAGE), mapping(HEAP, 100 * MB))
    first, second, third = HEAP + 10 * MB, HEAP + 20 * MB, HEAP + 30 * MB
    space.words(STACK + 64, first)
    space.words(first + 8, second)
    space.words(second, third)
    other = HEAP + 40 * MB
    space.words(STACK + 2 * PAGE + 64, other)
    space.words(other, HEAP + 50 * MB)
    ranges = chosen(space, thread(STACK), thread(STACK + 2 * PAGE))
    assert [has(ranges, address) for address in (first, second, third, other, HEAP + 50 * MB)] == [True, True, False, True, False]


def test_heaps_are_taken_whole_while_they_fit() -> None:
    space = Space(mapping(STACK, PAGE), mapping(HEAP, MB, path="[heap]"), mapping(HEAP + 2 * MB, 9 * MB))
    first_page = PAGE  # of [heap]: the thread cache
    assert total(chosen(space, thread(STACK))) == PAGE + 10 * MB
    assert total(chosen(space, thread(STACK), budget=4 * MB)) == PAGE + MB
    assert total(chosen(space, thread(STACK), budget=MB)) == PAGE + first_page


def test_other_stacks_shrink_when_there_are_thousands() -> None:
    count, size = 2000, 64 * KB
    stacks = [mapping(STACK + 2 * n * size, size) for n in range(count)]
    ranges = chosen(Space(*stacks), *(thread(stack.start) for stack in stacks), budget=32 * MB)
    assert all(has(ranges, stack.start) for stack in stacks)
    assert total(ranges) <= 32 * MB


@pytest.mark.parametrize("budget", [0, PAGE, 10 * PAGE, MB])
def test_never_more_than_the_budget(budget: int) -> None:
    space = Space(mapping(STACK, 4 * MB), mapping(HEAP, MB))
    assert total(chosen(space, thread(STACK, HEAP), budget=budget)) == budget


@pytest.mark.parametrize(
    "forbidden",
    [
        mapping(HEAP, PAGE, "---p"),
        mapping(HEAP, PAGE, "rw-s", "/dev/dri/card0"),
        mapping(HEAP, PAGE, "r--p", "[vvar]"),
        mapping(HEAP, PAGE, "r--p", "[vvar_vclock]"),
    ],
)
def test_guards_and_devices_are_never_read(forbidden: Mapping) -> None:
    assert not has(chosen(Space(forbidden, mapping(STACK, PAGE)), thread(STACK, HEAP)), HEAP)


def test_shared_memory_is_no_device() -> None:
    assert has(chosen(Space(mapping(HEAP, PAGE, "rw-s", "/dev/shm/x"), mapping(STACK, PAGE)), thread(STACK, HEAP)), HEAP)


def library(space: Space, base: int, *segments: tuple[int, int, int, int], kind: int = 3) -> None:
    """An ELF header and (type, flags, vaddr, memsz) program headers."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + pack("<HHIQQQIHHHHHH", kind, 62, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    rows = (pack("<IIQQQQQQ", kind_, flags, 0, vaddr, vaddr, 0, memsz, PAGE) for kind_, flags, vaddr, memsz in segments)
    space.put(base, header + b"".join(rows))


def modules_space() -> Space:
    return Space(
        mapping(STACK, PAGE),
        mapping(LIBRARY, 16 * PAGE, "r--p", "/lib/libx.so"),
        mapping(CODE, 16 * PAGE, "r-xp", "/lib/libx.so", offset=CODE - LIBRARY),
        mapping(DATA, 4 * PAGE, "rw-p", "/lib/libx.so", offset=DATA - LIBRARY),
        mapping(DATA + 4 * PAGE, 4 * PAGE),
    )


def test_header_and_writable_data_of_a_library() -> None:
    space = modules_space()
    library(space, LIBRARY, (PT_LOAD, 4, 0, 16 * PAGE), (PT_LOAD, 5, CODE - LIBRARY, 16 * PAGE), (PT_LOAD, 6, DATA - LIBRARY, 6 * PAGE))
    ranges = chosen(space, thread(STACK, pc=CODE + 5 * PAGE))
    assert has(ranges, LIBRARY)
    assert has(ranges, DATA)
    assert has(ranges, DATA + 5 * PAGE), ".bss"
    assert not has(ranges, LIBRARY + PAGE), "read-only data are in the file"
    assert has(ranges, CODE + 5 * PAGE), "the code at the pc"
    assert not has(ranges, CODE + 8 * PAGE)


def test_link_map_with_names() -> None:
    space = Space(mapping(HEAP, 200 * MB), mapping(LIBRARY, 16 * PAGE, "r--p", "/bin/x"), mapping(STACK, PAGE))
    dynamic, debug, link, name = HEAP + 10 * MB, HEAP + 20 * MB, HEAP + 30 * MB, HEAP + 40 * MB
    segments = ((PT_PHDR, 4, LIBRARY + 64, 112), (PT_DYNAMIC, 6, dynamic, 64))
    library(space, LIBRARY, *segments, kind=ET_EXEC)
    space.words(dynamic, 1, 2, 21, debug)
    space.words(debug, 1, link)
    space.words(link, 0, name, 0, link)  # a chain that bites its tail
    space.put(name, b"/lib/libevil.so\0")
    ranges = chosen(space, thread(STACK), auxv={3: LIBRARY + 64, 5: 2})
    assert [has(ranges, address) for address in (dynamic, debug, link, name)] == [True] * 4


def test_thread_local_storage_and_its_vector() -> None:
    space = Space(mapping(STACK, PAGE), mapping(HEAP, 100 * MB))
    tls, dtv, block = HEAP + 10 * MB, HEAP + 20 * MB, HEAP + 30 * MB
    space.words(tls, tls, dtv)
    space.words(dtv, 1, 0, block, 0)
    ranges = chosen(space, thread(STACK, tls=tls))
    assert [has(ranges, address) for address in (tls - 8, tls + 1024, dtv, block)] == [True] * 4


@pytest.mark.parametrize("garbage", [0, 1, (1 << 63) + 5, (1 << 64) - 1])
def test_garbage_everywhere_is_no_error(garbage: int) -> None:
    space = modules_space()
    library(space, LIBRARY, *[(kind, 7, garbage, garbage) for kind in (1, 2, 4, 6, 7)] * 20)
    ranges = chosen(space, thread(garbage, garbage, pc=garbage, tls=garbage), auxv={3: garbage, 5: garbage})
    assert total(ranges) <= 32 * MB
