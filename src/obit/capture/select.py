"""Which memory explains a fault, within a budget: an ordered list of steps, the most telling first.

What a step reads is the victim's to choose, so every step is bounded, and none fails: memory that cannot be read is not taken.
Standard library only.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from struct import iter_unpack
from typing import NamedTuple

from obit.capture.elfmemory import PF_W, PT_DYNAMIC, PT_LOAD, PT_NOTE, PT_TLS, file_segments, linker_ranges
from obit.capture.minicore import Read
from obit.capture.procfs import PAGE, Mapping

KB, MB = 1 << 10, 1 << 20
BUDGET = 32 * MB
"""How much memory a minicore holds unless told otherwise (bytes)."""

CRASHED_STACK = 1 * MB
"""Taken of the crashing thread's stack before anything else."""
WHOLE_STACK = 16 * MB
"""A crashing stack up to here is taken whole when there is room, for a deep recursion has its reason at the far end."""
OTHER_STACK = 256 * KB
LEAST_STACK = 8 * KB
RED_ZONE = 128
OVERFLOW_REACH = 64 * MB
"""After an overflow the stack pointer is this far below the stack at most: one frame may be large."""
MODULE_DATA = 2 * MB
"""At most this much of one segment of one module."""
MAX_MODULES = 4096
MAX_TLS = 64 * KB
THREAD_DESCRIPTOR = 4 * KB
"""glibc's struct pthread lies at the thread pointer (x86-64) or below it (aarch64), within this many bytes."""
MAX_DTV = 64
INITIAL_STACK = 64 * KB
"""Arguments, environment and auxiliary strings lie at the very end of the main thread's stack."""
AROUND = 512
"""How far below a pointer its object may begin."""
CRASHED_WORDS, OTHER_WORDS = 64 * KB, 8 * KB
"""How much of a stack is searched for pointers."""
MAX_WORD_PAGES = 2048
"""Most pages that one hop takes."""
HEAP = 8 * MB
"""A larger heap is not taken whole."""


class ThreadState(NamedTuple):
    """What selection needs of a thread; `words` are its register values, `tls` its thread pointer (0: unknown)."""

    sp: int
    pc: int
    tls: int
    words: tuple[int, ...]


class Victim(NamedTuple):
    """A stopped process. `threads[0]` crashed; `mappings` are in address order."""

    read: Read
    mappings: Sequence[Mapping]
    threads: Sequence[ThreadState]
    auxv: dict[int, int]


def select(victim: Victim, budget: int = BUDGET) -> list[tuple[int, int]]:
    """Page-aligned [start, end) ranges in the order of their worth; they do not overlap, and their sum is within `budget` (bytes)."""
    selection = _Selection(victim.mappings, budget)
    for step, share in STEPS:
        selection.allow(int(budget * share))
        for start, end in step(victim, selection):
            if not selection.take(start, end):
                break
    return selection.ranges


class _Selection:
    """The ranges taken so far, and what is left of the budget and of the current step's share (pages)."""

    def __init__(self, mappings: Sequence[Mapping], budget: int) -> None:
        self.ranges: list[tuple[int, int]] = []
        self._mappings = [mapping for mapping in mappings if _is_readable(mapping)]
        self._starts = [mapping.start for mapping in self._mappings]
        self._pages: set[int] = set()
        self._left = budget // PAGE
        self._allowed = 0

    def allow(self, size: int) -> None:
        """Begin a step that may take this much (bytes)."""
        self._allowed = min(size // PAGE, self._left)

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

    def take(self, start: int, end: int) -> bool:
        """Take the pages of [start, end) that are mapped and not yet taken; False when the step's share is used up."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        while index < len(self._mappings) and self._starts[index] < end:
            mapping = self._mappings[index]
            self._take_pages(max(start, mapping.start) // PAGE, -(-min(end, mapping.end) // PAGE))
            index += 1
        return self._allowed > 0

    def _take_pages(self, first: int, after: int) -> None:
        run = first
        for page in range(first, after):
            if page in self._pages or self._allowed <= 0:
                self._add(run, page)
                run = page + 1
                if self._allowed <= 0:
                    return
                continue
            self._pages.add(page)
            self._allowed -= 1
            self._left -= 1
        self._add(run, after)

    def _add(self, first: int, after: int) -> None:
        if first < after:
            self.ranges.append((first * PAGE, after * PAGE))


def _is_readable(mapping: Mapping) -> bool:
    """Not guard pages, nor memory that belongs to a device (reading it may do something) or to the kernel's clock."""
    path = mapping.path or ""
    is_device = path.startswith("/dev/") and not path.startswith(("/dev/shm/", "/dev/zero"))  # noqa: S108  compared, not created
    return mapping.flags[:3] != "---" and not is_device and not path.startswith(("[vvar", "[vsyscall"))


Ranges = Iterator[tuple[int, int]]
Step = Callable[[Victim, _Selection], Ranges]


def crashed_stack(victim: Victim, selection: _Selection) -> Ranges:
    """The stack of the crashing thread from its red zone on."""
    for thread in victim.threads[:1]:
        yield from _stack(thread, selection, CRASHED_STACK)


def module_headers(victim: Victim, _selection: _Selection) -> Ranges:
    """First page, program headers, build-id note and dynamic section of each ELF file, and the vdso."""
    for base in _modules(victim):
        yield base, base + PAGE
        for segment in file_segments(victim.read, base):
            if segment.type in (PT_NOTE, PT_DYNAMIC):
                yield segment.start, segment.start + min(segment.size, 4 * PAGE)
    for mapping in victim.mappings:
        if mapping.path == "[vdso]":
            yield mapping.start, mapping.end


def link_map(victim: Victim, _selection: _Selection) -> Ranges:
    """The dynamic linker's list of libraries with their names."""
    return linker_ranges(victim.read, victim.auxv)


def code(victim: Victim, _selection: _Selection) -> Ranges:
    """The instructions at each thread's pc."""
    for thread in victim.threads:
        yield thread.pc - AROUND, thread.pc + AROUND


def other_stacks(victim: Victim, selection: _Selection) -> Ranges:
    """The stacks of the other threads: less of each when there are thousands."""
    others = victim.threads[1:]
    size = max(LEAST_STACK, min(OTHER_STACK, selection.left // max(len(others), 1)))
    for thread in others:
        yield from _stack(thread, selection, size)


def thread_local(victim: Victim, selection: _Selection) -> Ranges:
    """Each thread's descriptor, its static TLS block, its vector of blocks (dtv) and the blocks of libraries loaded later."""
    segments = [segment for base in _modules(victim) for segment in file_segments(victim.read, base)]
    size = min(sum(segment.size for segment in segments if segment.type == PT_TLS) + PAGE, MAX_TLS)
    for thread in victim.threads:
        if thread.tls:
            yield thread.tls - size - THREAD_DESCRIPTOR, thread.tls + size
            yield from _dtv(victim, thread.tls, selection)


def module_data(victim: Victim, _selection: _Selection) -> Ranges:
    """Writable data, .bss and RELRO of every module: the segments that are writable in the file's view, smaller ones first."""
    data = [
        (segment.start, segment.start + min(segment.size, MODULE_DATA))
        for base in _modules(victim)
        for segment in file_segments(victim.read, base)
        if segment.type == PT_LOAD and segment.flags & PF_W
    ]
    yield from sorted(data, key=lambda item: item[1] - item[0])


def initial_stack(victim: Victim, _selection: _Selection) -> Ranges:
    """Arguments and environment."""
    for mapping in victim.mappings:
        if mapping.path == "[stack]":
            yield max(mapping.start, mapping.end - INITIAL_STACK), mapping.end


def register_pages(victim: Victim, _selection: _Selection) -> Ranges:
    """What the registers point to."""
    for thread in victim.threads:
        for word in thread.words:
            yield word - AROUND, word + PAGE


def crashed_words(victim: Victim, selection: _Selection) -> Ranges:
    """What the crashing stack points to, and what that points to."""
    pages = list(_pages_from(victim, selection, victim.threads[:1], CRASHED_WORDS))
    yield from _ranges(pages)
    yield from _ranges(_pointed(victim, selection, _ranges(pages)))


def other_words(victim: Victim, selection: _Selection) -> Ranges:
    """What the nearest frames of the other threads point to."""
    yield from _ranges(_pages_from(victim, selection, victim.threads[1:], OTHER_WORDS))


def whole_stack(victim: Victim, selection: _Selection) -> Ranges:
    """The rest of a deep crashing stack."""
    for thread in victim.threads[:1]:
        yield from _stack(thread, selection, WHOLE_STACK)


def small_heaps(victim: Victim, selection: _Selection) -> Ranges:
    """Anonymous writable memory whole, the small first, while it fits. Stacks are none: what is below a stack pointer is dead."""
    stacks = {mapping.start for thread in victim.threads if (mapping := selection.stack_of(thread))}
    heaps = [mapping for mapping in victim.mappings if _is_heap(mapping) and mapping.start not in stacks]
    for mapping in sorted(heaps, key=lambda mapping: mapping.end - mapping.start):
        if mapping.end - mapping.start <= min(HEAP, selection.left):
            yield mapping.start, mapping.end


STEPS: Sequence[tuple[Step, float]] = (
    (crashed_stack, 1),
    (code, 1 / 4),
    (module_headers, 1 / 4),
    (link_map, 1 / 4),
    (thread_local, 1 / 4),
    (register_pages, 1 / 4),
    (other_stacks, 1 / 2),
    (module_data, 1 / 2),
    (initial_stack, 1 / 4),
    (crashed_words, 1 / 2),
    (other_words, 1 / 4),
    (whole_stack, 1),
    (small_heaps, 1 / 2),
)
"""In the order of worth, with the share of the whole budget that a step may take at most."""


def _modules(victim: Victim) -> list[int]:
    """Where the first pages of ELF files are mapped, the main executable's among them."""
    files = (mapping.start for mapping in victim.mappings if mapping.is_file and mapping.offset == 0 and "r" in mapping.flags)
    return [start for start in files if victim.read(start, 4) == b"\x7fELF"][:MAX_MODULES]


def _stack(thread: ThreadState, selection: _Selection, size: int) -> Ranges:
    """From a thread's red zone towards the stack's end: one range, or none when the stack pointer is wild."""
    mapping = selection.stack_of(thread)
    if mapping is not None:
        start = max((thread.sp & ~7) - RED_ZONE, mapping.start)
        yield start, min((start + size) & -PAGE, mapping.end)  # whole pages, so that many stacks use up no more than their share


def _dtv(victim: Victim, tls: int, selection: _Selection) -> Ranges:
    """The dtv (tcbhead_t: second word on x86-64, first on aarch64) and the blocks it names (dtv[1] on, pairs of pointer and to-free)."""
    for word in _words(victim.read(tls, 16)):
        mapping = selection.mapping_at(word)
        if word % 8 == 0 and mapping is not None and "w" in mapping.flags:
            table = victim.read(word, MAX_DTV * 16)
            yield word - 16, word + len(table)
            for block in _words(table)[2::2]:
                if block and selection.mapping_at(block):
                    yield block, block + PAGE


def _pages_from(victim: Victim, selection: _Selection, threads: Iterable[ThreadState], size: int) -> Iterator[int]:
    return _pointed(victim, selection, (place for thread in threads for place in _stack(thread, selection, size)))


def _pointed(victim: Victim, selection: _Selection, places: Ranges) -> Iterator[int]:
    """Pages (numbers) not yet taken that words in some memory point to, each once, in the order of their finding."""
    seen: set[int] = set()
    found = 0
    for start, end in places:
        for page in dict.fromkeys(word >> 12 for word in _words(victim.read(start, end - start))):
            if page in seen or selection.has(page):
                continue
            seen.add(page)
            mapping = selection.mapping_at(page * PAGE)
            if mapping is not None and not ("x" in mapping.flags and mapping.is_file):
                yield page
                found += 1
                if found >= MAX_WORD_PAGES:
                    return


def _ranges(pages: Iterable[int]) -> Ranges:
    for page in pages:
        yield page * PAGE, (page + 1) * PAGE


def _words(data: bytes) -> list[int]:
    return [word for (word,) in iter_unpack("<Q", data[: len(data) & ~7])]


def _is_heap(mapping: Mapping) -> bool:
    return mapping.flags.startswith("rw") and (mapping.path is None or mapping.path.startswith(("[heap", "[anon")))
