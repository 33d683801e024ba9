"""Which memory explains a fault, within a budget: an ordered list of steps, the most telling first.

What a step reads is the victim's to choose, so every step is bounded, and none fails: memory that cannot be read is not taken.
Standard library only.
"""

from collections.abc import Callable, Iterable, Sequence

from obit.capture.allocators import arenas, caches, neighbours, owners
from obit.capture.elfmemory import PF_W, PT_DYNAMIC, PT_LOAD, PT_NOTE, PT_TLS, linker_ranges
from obit.capture.procfs import PAGE
from obit.capture.selection import KB, MB, Ranges, Selection, ThreadState, Victim, is_heap, pages_of, words_of
from obit.capture.signalframes import contexts

BUDGET = 32 * MB
"""How much memory a minicore holds unless told otherwise (bytes)."""

CRASHED_STACK = 1 * MB
"""Taken of the crashing thread's stack before anything else."""
WHOLE_STACK = 16 * MB
"""A crashing stack up to here is taken whole when there is room, for a deep recursion has its reason at the far end."""
OTHER_STACK = 256 * KB
LEAST_STACK = 2 * KB
RED_ZONE = 128
HANDLER_STACK = 64 * KB
"""Searched for what a signal handler interrupted."""
MAX_INTERRUPTED = 8
MODULE_DATA = 2 * MB
"""At most this much of one segment of one module."""
MAX_TLS = 64 * KB
THREAD_DESCRIPTOR = 2560
"""glibc's struct pthread lies at the thread pointer (x86-64) or below it (aarch64), within this many bytes."""
MAX_DTV = 64
INITIAL_STACK = 64 * KB
"""Arguments, environment and auxiliary strings lie at the very end of the main thread's stack."""
AROUND = 512
"""How far below a pointer its object may begin."""
CRASHED_WORDS, OTHER_WORDS, LEAST_WORDS = 64 * KB, 8 * KB, KB
"""How much of a stack is searched for pointers: of each of the others less when there are many."""
ALL_OTHER_WORDS = 512 * KB
GLOBAL_WORDS = 512 * KB
"""How much of the modules' data is searched for pointers."""
MAX_WORD_PAGES = 2048
"""Most pages that one hop takes."""


def select(victim: Victim, budget: int = BUDGET) -> list[tuple[int, int]]:
    """Page-aligned [start, end) ranges in the order of their worth; they do not overlap, and their sum is within `budget` (bytes)."""
    selection = Selection(victim, budget)
    victim = victim._replace(interrupted=_interrupted(victim, selection))
    for step, share in STEPS:
        selection.allow(int(budget * share))
        for start, end in step(victim, selection):
            if not selection.take(start, end):
                break
    return selection.ranges


Step = Callable[[Victim, Selection], Ranges]


def crashed_stack(victim: Victim, selection: Selection) -> Ranges:
    """The stack of the crashing thread from its red zone on, and those that it was on when signals came."""
    yield from _stacks(victim.threads[:1], selection, CRASHED_STACK)
    yield from _stacks(victim.interrupted, selection, OTHER_STACK)


def module_headers(victim: Victim, selection: Selection) -> Ranges:
    """First page, program headers, build-id note and dynamic section of each ELF file, and the vdso."""
    for base, segments in selection.files.items():
        yield base, base + PAGE
        for segment in segments:
            if segment.type in (PT_NOTE, PT_DYNAMIC):
                yield segment.start, segment.start + min(segment.size, 4 * PAGE)
    for mapping in victim.mappings:
        if mapping.path == "[vdso]":
            yield mapping.start, mapping.end


def link_map(victim: Victim, _selection: Selection) -> Ranges:
    """The dynamic linker's list of libraries with their names."""
    return linker_ranges(victim.read, victim.auxv)


def code(victim: Victim, _selection: Selection) -> Ranges:
    """The instructions at each thread's pc."""
    for thread in (*victim.crashed, *victim.threads[1:]):
        yield thread.pc - AROUND, thread.pc + AROUND


def other_stacks(victim: Victim, selection: Selection) -> Ranges:
    """The stacks of the other threads: less of each when there are thousands."""
    others = victim.threads[1:]
    share = selection.left // max(len(others), 1) - PAGE  # at both ends of a range a page is taken whole
    return _stacks(others, selection, max(LEAST_STACK, min(OTHER_STACK, share)))


def crashed_tls(victim: Victim, selection: Selection) -> Ranges:
    """The crashing thread's descriptor, its static TLS block, its vector of blocks (dtv) and the blocks of libraries loaded later."""
    return _thread_local(victim, selection, victim.threads[:1])


def other_tls(victim: Victim, selection: Selection) -> Ranges:
    """The same of the other threads."""
    return _thread_local(victim, selection, victim.threads[1:])


def module_data(_victim: Victim, selection: Selection) -> Ranges:
    """Writable data, .bss and RELRO of every module: the segments that are writable in the file's view, smaller ones first."""
    data = [
        (segment.start, segment.start + min(segment.size, MODULE_DATA))
        for segment in selection.segments()
        if segment.type == PT_LOAD and segment.flags & PF_W
    ]
    yield from sorted(data, key=lambda item: item[1] - item[0])


def initial_stack(victim: Victim, _selection: Selection) -> Ranges:
    """Arguments and environment."""
    for mapping in victim.mappings:
        if mapping.path == "[stack]":
            yield max(mapping.start, mapping.end - INITIAL_STACK), mapping.end


def register_pages(victim: Victim, _selection: Selection) -> Ranges:
    """What the registers point to."""
    for word in dict.fromkeys(word for thread in (*victim.crashed, *victim.threads[1:]) for word in thread.words):
        yield word - AROUND, word + PAGE


def crashed_words(victim: Victim, selection: Selection) -> Ranges:
    """What the crashing stack points to, and what that points to."""
    first = _pointed(victim, selection, _stacks(victim.crashed, selection, CRASHED_WORDS))
    yield from pages_of(first)
    yield from pages_of(_pointed(victim, selection, pages_of(first)))


def other_words(victim: Victim, selection: Selection) -> Ranges:
    """What the nearest frames of the other threads point to."""
    others = victim.threads[1:]
    size = max(LEAST_WORDS, min(OTHER_WORDS, ALL_OTHER_WORDS // max(len(others), 1)))
    yield from pages_of(_pointed(victim, selection, _stacks(others, selection, size)))


def global_words(victim: Victim, selection: Selection) -> Ranges:
    """What the modules' data points to, the roots of most allocators' own structures among it."""
    left = GLOBAL_WORDS
    for start, end in module_data(victim, selection):
        size = min(end - start, left)
        yield from pages_of(_pointed(victim, selection, [(start, start + size)]))
        left -= size


def whole_stack(victim: Victim, selection: Selection) -> Ranges:
    """The rest of a deep crashing stack."""
    yield from _stacks(victim.crashed, selection, WHOLE_STACK)


def heaps(victim: Victim, selection: Selection) -> Ranges:
    """Anonymous writable memory whole, the small first, while it fits. Stacks are none: what is below a stack pointer is dead."""
    stacks = {mapping.start for thread in (*victim.crashed, *victim.threads[1:]) if (mapping := selection.stack_of(thread))}
    found = [mapping for mapping in victim.mappings if is_heap(mapping) and mapping.start not in stacks]
    for mapping in sorted(found, key=lambda mapping: mapping.end - mapping.start):
        if mapping.end - mapping.start <= selection.left:
            yield mapping.start, mapping.end


STEPS: Sequence[tuple[Step, float]] = (
    (crashed_stack, 1),
    (code, 1 / 4),
    (module_headers, 1 / 4),
    (link_map, 1 / 4),
    (crashed_tls, 1 / 8),
    (register_pages, 1 / 8),
    (module_data, 1 / 4),
    (initial_stack, 1 / 8),
    (crashed_words, 1 / 4),
    (neighbours, 1 / 8),
    (arenas, 1 / 8),
    (caches, 1 / 8),
    (owners, 1 / 8),
    (other_stacks, 3 / 4),
    (other_tls, 1 / 2),
    (module_data, 1 / 2),
    (other_words, 1 / 4),
    (global_words, 1 / 8),
    (whole_stack, 1),
    (heaps, 3 / 4),
)
"""In the order of worth, with the share of the whole budget that a step may take at most."""


def _interrupted(victim: Victim, selection: Selection) -> list[ThreadState]:
    """What the crashing thread did when signals came, the last first: a handler may have a stack of its own (sigaltstack(2))."""
    found: list[ThreadState] = []
    queue = list(victim.threads[:1])
    while queue and len(found) < MAX_INTERRUPTED:
        for start, end in _stack(queue.pop(0), selection, HANDLER_STACK):
            fresh = [state for state in contexts(victim.read(start, end - start)) if state not in found]
            found += fresh
            queue += fresh
    return found[:MAX_INTERRUPTED]


def _stack(thread: ThreadState, selection: Selection, size: int) -> Ranges:
    """From a thread's red zone towards the stack's end: one range, or none when the stack pointer is wild."""
    mapping = selection.stack_of(thread)
    if mapping is not None:
        start = max((thread.sp & ~7) - RED_ZONE, mapping.start)
        yield start, min(start + size, mapping.end)  # whole pages, so that many stacks use up no more than their share


def _thread_local(victim: Victim, selection: Selection, threads: Iterable[ThreadState]) -> Ranges:
    size = sum(segment.size for segment in selection.segments() if segment.type == PT_TLS)
    reach = max(min(size, MAX_TLS), THREAD_DESCRIPTOR)
    for thread in threads:
        if thread.tls:
            yield thread.tls - reach, thread.tls + reach
            yield from _dtv(victim, thread.tls, selection)


def _dtv(victim: Victim, tls: int, selection: Selection) -> Ranges:
    """The dtv (tcbhead_t: second word on x86-64, first on aarch64) and the blocks it names (dtv[1] on, pairs of pointer and to-free)."""
    for word in words_of(victim.read(tls, 16)):
        if word % 8 or word == tls:
            continue
        mapping = selection.mapping_at(word)
        if mapping is not None and "w" in mapping.flags:
            table = victim.read(word, MAX_DTV * 16)
            yield word - 16, word + len(table)
            yield from pages_of(selection.data_pages(words_of(table)[2::2]))


def _stacks(threads: Iterable[ThreadState], selection: Selection, size: int) -> Ranges:
    return (place for thread in threads for place in _stack(thread, selection, size))


def _pointed(victim: Victim, selection: Selection, places: Iterable[tuple[int, int]]) -> list[int]:
    """Pages (numbers) not yet taken that words in some memory point to, each once, in the order of their finding."""
    found: dict[int, None] = {}
    for start, end in places:
        found.update(dict.fromkeys(selection.data_pages(words_of(victim.read(start, end - start)))))
        if len(found) >= MAX_WORD_PAGES:
            break
    return list(found)[:MAX_WORD_PAGES]
