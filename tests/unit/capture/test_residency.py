"""Which pages hold anything, asked of the kernel about this very process."""

import mmap
import os
from collections.abc import Iterator

import pytest

from obit.capture import residency
from obit.capture.facts import read_file
from obit.capture.procfs import PAGE, Mapping, parse_maps

SIZE = 1 << 30


@pytest.fixture
def pagemap() -> Iterator[int]:
    fd = os.open("/proc/self/pagemap", os.O_RDONLY)
    yield fd
    os.close(fd)


def place_of(memory: mmap.mmap, before: set[int]) -> Mapping:
    """Where an anonymous mapping that was just made lies. The kernel may have joined it to a neighbour: it begins lowest."""
    found = [one for one in parse_maps(read_file("/proc/self/maps")) if one.end - one.start >= len(memory) and one.path is None]
    assert len(found) == 1, before
    return found[0]


@pytest.mark.parametrize("scan", [True, False])
def test_only_touched_pages(pagemap: int, monkeypatch: pytest.MonkeyPatch, scan: bool) -> None:
    if not scan:  # as before Linux 6.7
        monkeypatch.setattr(residency, "_SCAN", 0)
    with mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ | mmap.PROT_WRITE) as memory:
        memory.madvise(15)  # MADV_NOHUGEPAGE
        start = place_of(memory, set()).start
        marks = {0: 1, SIZE // 2: 2, SIZE - PAGE: 1}
        for at, count in marks.items():
            for page in range(count):
                memory[at + page * PAGE] = 1
        found = list(residency.resident(pagemap, start, start + SIZE))
    assert {(first - start, (after - first) // PAGE) for first, after in found} == set(marks.items())


def test_a_file_that_says_nothing_counts_every_page(tmp_path: object) -> None:
    fd = os.open("/dev/null", os.O_RDONLY)
    assert list(residency.resident(fd, 0x1000, 0x5000)) == [(0x1000, 0x5000)]
    os.close(fd)


def test_an_empty_range(pagemap: int) -> None:
    assert list(residency.resident(pagemap, 0x1000, 0x1000)) == []
