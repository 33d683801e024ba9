"""What the steps of `select` share: the victim, and the pages taken so far within a budget. Standard library only."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from obit.capture.elfmemory import Segment, file_segments
from obit.capture.minicore import Read
from obit.capture.procfs import PAGE, Mapping

KB, MB = 1 << 10, 1 << 20

MAX_MODULES = 4096
OVERFLOW_REACH = 64 * MB
"""After an overflow the stack pointer is this far below the stack at most: one frame may be large."""

Ranges = Iterator[tuple[int, int]]
"""[start, end) addresses; they need not be pages, may overlap, may not be mapped."""


class ThreadState(NamedTuple):
    """What selection needs of a thread; `words` are its register values, `tls` its thread pointer (0: unknown)."""

    sp: int
    pc: int
    tls: int
    words: tuple[int, ...]


class Victim(NamedTuple):
    """A process that stands still. `threads[0]` crashed; `mappings` are in address order.

    `interrupted` is what the crashed thread did before signal handlers took it, as far as that was found.
    """

    read: Read
    mappings: Sequence[Mapping]
    threads: Sequence[ThreadState]
    auxv: dict[int, int]
    interrupted: Sequence[ThreadState] = ()

    @property
    def crashed(self) -> Sequence[ThreadState]:
        """The crashed thread, and what it did before."""
        return [*self.threads[:1], *self.interrupted]


class Selection:
    """The ranges taken so far, and what is left of the budget and of the current step's share (pages)."""

    def __init__(self, victim: Victim, budget: int) -> None:
        self.ranges: list[tuple[int, int]] = []
        self.files = _elf_files(victim)
        """Where the first pages of ELF files are mapped, the main executable's among them, and their segments."""
        self._mappings = [mapping for mapping in victim.mappings if is_readable(mapping)]
        self._starts = [mapping.start for mapping in self._mappings]
        self._pages: set[int] = set()
        self._left = budget // PAGE
        self._allowed = 0

    def allow(self, size: int) -> None:
        """Begin a step that may take this much (bytes)."""
        self._allowed = min(size // PAGE, self._left)

    def segments(self) -> Iterator[Segment]:
        """Those of all ELF files."""
        return (segment for segments in self.files.values() for segment in segments)

    @property
    def left(self) -> int:
        """What the current step may still take (bytes)."""
        return self._allowed * PAGE

    def mapping_at(self, address: int) -> Mapping | None:
        """The readable mapping that holds an address."""
        index = bisect_right(self._starts, address) - 1
        return self._mappings[index] if index >= 0 and address < self._mappings[index].end else None

    def stack_of(self, thread: ThreadState) -> Mapping | None:
        """The mapping that a thread's stack is in. After an overflow the stack pointer is below it, in the guard or beyond."""
        index = bisect_right(self._starts, thread.sp)
        is_near = index < len(self._mappings) and self._starts[index] - thread.sp <= OVERFLOW_REACH
        return self.mapping_at(thread.sp) or (self._mappings[index] if is_near else None)

    def has(self, page: int) -> bool:
        """Whether a page (number) was taken."""
        return page in self._pages

    def data_pages(self, words: Iterable[int]) -> list[int]:
        """The pages (numbers) not yet taken that words point to, each once, in the order of their finding; a file's code is none."""
        if not self._mappings:
            return []
        low, high = self._starts[0], self._mappings[-1].end
        pages = dict.fromkeys([word >> 12 for word in words if low <= word < high])
        return [page for page in pages if page not in self._pages and self._is_data(page)]

    def _is_data(self, page: int) -> bool:
        mapping = self.mapping_at(page * PAGE)
        return mapping is not None and not ("x" in mapping.flags and mapping.is_file)

    def take(self, start: int, end: int) -> bool:
        """Take the pages of [start, end) that are mapped and not yet taken; False when the step's share is used up."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        for mapping in self._mappings[index : bisect_left(self._starts, end, index)]:
            if start < mapping.end:
                self._take_pages(max(start, mapping.start) // PAGE, -(-min(end, mapping.end) // PAGE))
        return self._allowed > 0

    def _take_pages(self, first: int, after: int) -> None:
        wanted = range(first, min(after, first + self._allowed))
        if self._pages.isdisjoint(wanted):
            self._add(wanted)
        elif not self._pages.issuperset(wanted):
            self._take_rest(first, after)

    def _take_rest(self, first: int, after: int) -> None:
        run = first
        for page in range(first, after):
            if page in self._pages:
                if page > run:
                    self._add(range(run, page))
                run = page + 1
            elif page - run >= self._allowed:
                break
        self._add(range(run, min(after, run + self._allowed)))

    def _add(self, pages: range) -> None:
        if not pages:
            return
        self._pages.update(pages)
        self._allowed -= len(pages)
        self._left -= len(pages)
        self.ranges.append((pages.start * PAGE, pages.stop * PAGE))


def _elf_files(victim: Victim) -> dict[int, list[Segment]]:
    files = (mapping.start for mapping in victim.mappings if mapping.is_file and mapping.offset == 0 and "r" in mapping.flags)
    found = ((start, file_segments(victim.read, start)) for start in files if victim.read(start, 4) == b"\x7fELF")
    return dict(islice(found, MAX_MODULES))


def is_readable(mapping: Mapping) -> bool:
    """Not guard pages, nor memory that belongs to a device (reading it may do something) or to the kernel's clock."""
    path = mapping.path or ""
    is_device = path.startswith("/dev/") and not path.startswith(("/dev/shm/", "/dev/zero"))  # noqa: S108  compared, not created
    return mapping.flags[:3] != "---" and not is_device and not path.startswith(("[vvar", "[vsyscall"))


def is_heap(mapping: Mapping) -> bool:
    """Anonymous writable memory: heaps, and the stacks of threads."""
    return mapping.flags.startswith("rw") and (mapping.path is None or mapping.path.startswith(("[heap", "[anon")))


def words_of(data: bytes) -> Sequence[int]:
    """The 64-bit words in memory of this machine."""
    return memoryview(data)[: len(data) & ~7].cast("Q")


def pages_of(pages: Iterable[int]) -> Ranges:
    """Page numbers as ranges."""
    for page in pages:
        yield page * PAGE, (page + 1) * PAGE
