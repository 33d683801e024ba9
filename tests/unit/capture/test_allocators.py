"""What is taken of glibc's own structures, from heaps made of values."""

import pytest

from obit.capture.elfmemory import PT_LOAD
from obit.capture.procfs import PAGE
from obit.capture.selection import MB
from tests.unit.capture.test_select import DATA, HEAP, LIBRARY, STACK, Space, chosen, has, library, mapping, modules_space, thread

ARENA = 0x7F10_0000_0000
"""A multiple of 64 MB, as every heap of an arena of its own."""
LARGE = 96 * MB
BUDGET = 4 * MB
TLS = 0x7F20_0000_0000


def space() -> Space:
    """Heaps too large to be taken whole."""
    return Space(
        mapping(STACK, 4 * PAGE), mapping(HEAP, LARGE, path="[heap]"), mapping(ARENA, 32 * MB), mapping(TLS, 4 * PAGE, path="/memfd")
    )


def test_the_first_page_of_every_heap_and_what_its_bins_point_to() -> None:
    made = space()
    made.words(ARENA + 0x30 + 96, ARENA + 20 * MB, ARENA + 9 * MB)
    ranges = chosen(made, thread(STACK), budget=BUDGET)
    assert has(ranges, HEAP)
    assert has(ranges, ARENA)
    assert has(ranges, ARENA + 20 * MB), "the top"
    assert has(ranges, ARENA + 9 * MB)
    assert not has(ranges, ARENA + PAGE)


def test_heaps_that_lie_in_one_mapping_with_others() -> None:
    made = Space(mapping(STACK, PAGE), mapping(ARENA - 3 * PAGE, 130 * MB))
    ranges = chosen(made, thread(STACK), budget=BUDGET)
    assert has(ranges, ARENA)
    assert has(ranges, ARENA + 64 * MB)


def safe(place: int, pointer: int) -> int:
    return place >> 12 ^ pointer


@pytest.mark.parametrize("mangled", [True, False])
def test_the_crashing_threads_cache_with_its_chains(mangled: bool) -> None:
    made = space()
    cache, first, second, third = (HEAP + size * MB + 16 for size in (8, 10, 20, 30))
    made.words(TLS + 2 * PAGE - 64, cache)
    made.words(cache - 16, 0, 0x291)
    made.words(cache + 128 + 24, first)
    for place, following in ((first, second), (second, third), (third, 0)):
        made.words(place, safe(place, following) if mangled else following)
    ranges = chosen(made, thread(STACK, tls=TLS + 2 * PAGE), budget=BUDGET)
    assert all(has(ranges, place) for place in (cache, first, second, third))


def test_a_chain_that_never_ends() -> None:
    made = space()
    cache, first = HEAP + 8 * MB + 16, HEAP + 10 * MB + 16
    made.words(TLS + 2 * PAGE - 64, cache)
    made.words(cache - 16, 0, 0x291)
    made.words(cache + 128, *(first,) * 60)
    made.words(first, safe(first, first))
    assert has(chosen(made, thread(STACK, tls=TLS + 2 * PAGE), budget=BUDGET), first)


def test_the_headers_around_a_chunk_that_is_pointed_to() -> None:
    made = space()
    pointer = HEAP + 40 * MB + 16
    made.words(pointer - 16, 3 * MB, 5 * MB)  # the chunk before is free
    made.words(STACK + 8, pointer)
    ranges = chosen(made, thread(STACK), budget=BUDGET)
    assert has(ranges, pointer)
    assert has(ranges, pointer - 16 + 5 * MB)
    assert has(ranges, pointer - 16 - 3 * MB)


@pytest.mark.parametrize("size", [0, 8, 16, 1 << 40, (1 << 64) - 1, 5 * MB + 8])
def test_sizes_that_are_none(size: int) -> None:
    made = space()
    pointer = HEAP + 40 * MB + 16
    made.words(pointer - 16, 3 * MB, size)
    ranges = chosen(made, thread(STACK, pointer), budget=BUDGET)
    assert has(ranges, pointer)
    assert not has(ranges, pointer - 16 + 5 * MB)


def test_the_beginning_of_the_region_that_is_pointed_to() -> None:
    made = Space(mapping(STACK, PAGE), mapping(ARENA + PAGE, 90 * MB))
    ranges = chosen(made, thread(STACK, ARENA + 70 * MB + 16), budget=BUDGET)
    assert has(ranges, ARENA + PAGE), "of the mapping: the header of a chunk of its own"
    assert has(ranges, ARENA + 64 * MB), "of 32 MB: mimalloc's"
    assert has(ranges, ARENA + 68 * MB), "of 4 MB"


def test_pointers_of_any_kind_end() -> None:
    """Every word of every page points into the heap."""
    made = space()
    for page in range(4):
        made.words(STACK + page * PAGE, *(HEAP + 16 * (page * 512 + n) * 4099 % LARGE & -16 for n in range(512)))
        made.words(TLS + page * PAGE, *(HEAP + 16 * (page * 512 + n) * 5003 % LARGE & -16 for n in range(512)))
    ranges = chosen(made, *(thread(STACK, *range(HEAP, HEAP + 160, 16), tls=TLS + 2 * PAGE) for _ in range(50)), budget=BUDGET)
    assert sum(end - start for start, end in ranges) <= BUDGET


def test_globals_lead_to_their_memory() -> None:
    made = modules_space()
    made.mappings = sorted([*made.mappings, mapping(HEAP, LARGE, path="[heap]")])
    library(made, LIBRARY, (PT_LOAD, 4, 0, 16 * PAGE), (PT_LOAD, 6, DATA - LIBRARY, 4 * PAGE))
    made.words(DATA + 64, HEAP + 33 * MB)
    assert has(chosen(made, thread(STACK), budget=BUDGET), HEAP + 33 * MB)
