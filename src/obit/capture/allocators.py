"""What allocators know of the memory that a crash refers to: steps of `select`. No symbols are needed. Standard library only.

Sources: glibc malloc/malloc.c and malloc/arena.c (struct malloc_chunk, malloc_state, tcache_perthread_struct, heap_info; HEAP_MAX_SIZE);
mimalloc include/mimalloc/types.h (MI_SEGMENT_SIZE); jemalloc and gperftools keep theirs in their own data and behind pointers from it,
which `select.module_data` and `select.global_words` take. The main arena of glibc is in the C library's data, too.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from obit.capture.elfmemory import PT_TLS
from obit.capture.procfs import PAGE
from obit.capture.selection import KB, MB, Ranges, Selection, Victim, is_heap, pages_of, words_of

HEAP_MAX = 64 * MB
"""An arena of glibc's other than the main one begins at a multiple of this."""
MAX_ARENAS = 1024
ARENA = 2400
"""heap_info, malloc_state (bytes)."""
MAX_ARENA_PAGES = 64
"""Taken of what one arena's bins point to."""
LEAST_CACHE, MOST_CACHE = 0x250, 0x2000
"""Sizes of the chunk that holds a thread cache: 0x250 up to glibc 2.29, 0x290 up to 2.41, larger since."""
MAX_CHAIN = 16
"""Free chunks followed in one bin of a thread cache; glibc keeps 7 unless told otherwise."""
MAX_CACHES = 64
"""Threads whose caches are looked for; those of most others are in their arenas' first pages."""
MAX_TLS = 16 * KB
STACK = 64 * KB
"""How much of the crashing stack is searched for pointers to chunks."""
MAX_POINTERS = 1024
SEGMENTS = (2 * MB, 4 * MB, 32 * MB)
"""Other allocators keep what they know of a region at its beginning, and regions are aligned to one of these."""

_HEADER = 16
"""A chunk's header, and the unit of its size: the three low bits of a size are flags, and the fourth is always 0."""
_PREVIOUS_IN_USE, _RESERVED = 1, 8


def arenas(victim: Victim, selection: Selection) -> Ranges:
    """The first page of each of glibc's heaps (its heap_info, malloc_state and, of the main one, the thread cache), and what its bins
    and its top point to."""
    for start in islice(_heap_starts(victim), MAX_ARENAS):
        yield start, start + PAGE
        yield from pages_of(selection.data_pages(words_of(victim.read(start, ARENA)))[:MAX_ARENA_PAGES])


def _heap_starts(victim: Victim) -> Iterator[int]:
    for mapping in victim.mappings:
        if is_heap(mapping):
            if (mapping.path or "").startswith("[heap"):
                yield mapping.start
            yield from range(-(-mapping.start // HEAP_MAX) * HEAP_MAX, mapping.end, HEAP_MAX)


def caches(victim: Victim, selection: Selection) -> Ranges:
    """Thread caches, found through the thread-local variables that point to them, with their first free chunks; that of the crashing
    thread with all that is in it."""
    size = min(sum(segment.size for segment in selection.segments() if segment.type == PT_TLS) + KB & -8, MAX_TLS)
    for number, thread in enumerate(victim.threads[:MAX_CACHES]):
        block = victim.read(thread.tls - size, size) if thread.tls else b""
        for word in _chunks(words_of(block), selection):
            yield from _cache(victim, word, MAX_CHAIN if number == 0 else 1)


def _cache(victim: Victim, cache: int, longest: int) -> Ranges:
    size = _size(victim.read(cache - 8, 8))
    if LEAST_CACHE <= size <= MOST_CACHE:
        yield cache - _HEADER, cache + size
        # The counts come first, two bytes (once one) a bin; those that look like pointers are none.
        for entry in dict.fromkeys(words_of(victim.read(cache, size - _HEADER))):
            if entry > 1 << 16 and not entry % _HEADER:
                yield from _chain(victim, entry, longest)


def _chain(victim: Victim, entry: int, longest: int) -> Ranges:
    """The free chunks of a bin; since glibc 2.32 each pointer is mangled with its own place ("safe-linking")."""
    for _ in range(longest):
        word = int.from_bytes(victim.read(entry, 8), "little")
        yield entry - _HEADER, entry + _HEADER
        if word in (0, entry >> 12):
            return
        unmangled = word ^ entry >> 12
        entry = unmangled if not unmangled % _HEADER and len(victim.read(unmangled, 8)) == 8 else word


def neighbours(victim: Victim, selection: Selection) -> Ranges:
    """The headers of the chunks before and behind each chunk that the crashing thread points to: an overflow shows there."""
    for pointer in islice(_chunks(_crashed_words(victim), selection), MAX_POINTERS):
        mapping = selection.mapping_at(pointer)
        header = victim.read(pointer - _HEADER, _HEADER)
        if mapping is None or len(header) < _HEADER:
            continue
        before, size = int.from_bytes(header[:8], "little"), _size(header[8:])
        if 2 * _HEADER <= size <= mapping.end - pointer and not header[8] & _RESERVED:
            yield pointer - _HEADER + size, pointer + size
            if not header[8] & _PREVIOUS_IN_USE and before <= pointer - _HEADER - mapping.start:
                yield pointer - _HEADER - before, pointer - before


def owners(victim: Victim, selection: Selection) -> Ranges:
    """The beginnings of the regions that the crashing thread points to, where mmapped chunks and other allocators keep their headers."""
    places: dict[int, None] = {}
    for pointer in islice(_chunks(_crashed_words(victim), selection), MAX_POINTERS):
        mapping = selection.mapping_at(pointer)
        if mapping is not None:
            places[mapping.start] = None
            places.update(dict.fromkeys(at for size in SEGMENTS if (at := pointer & -size) > mapping.start))
    for place in places:
        yield place, place + PAGE


def _crashed_words(victim: Victim) -> Iterator[int]:
    for thread in victim.threads[:1]:
        yield from thread.words
        yield from words_of(victim.read(thread.sp & -8, STACK))


def _chunks(words: Iterable[int], selection: Selection) -> Iterator[int]:
    """Words, each once, that may point to a chunk's memory."""
    for word in dict.fromkeys(words):
        if not word % _HEADER:
            mapping = selection.mapping_at(word)
            if mapping is not None and is_heap(mapping) and word >= mapping.start + _HEADER:
                yield word


def _size(word: bytes) -> int:
    return int.from_bytes(word, "little") & -_HEADER
