"""Full cores: what the kernel would dump, in one pass, without its holes; and their compression, which is nobody's hurry.

Standard library only, but for `compress`.
"""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from obit.capture.minicore import write_sparsely
from obit.capture.procfs import PAGE, Mapping
from obit.capture.residency import resident
from obit.capture.selection import is_heap
from obit.capture.stream import Head, Recv

if TYPE_CHECKING:
    from zstandard import ZstdCompressor

LIMIT = 64 << 30
"""Bytes of memory in a core unless told otherwise; holes do not count."""
_BLOCK = 1 << 20
_HOLE_FRAME = 64 << 20
"""A hole is so many frames of this many zeros (bytes), and each is made once."""


class Contents:
    """Where there is anything in memory: `pagemap` is an open /proc/PID/pagemap, or -1 and every page counts."""

    def __init__(self, mappings: Sequence[Mapping], pagemap: int) -> None:
        # Of files and shared memory a page may have content although this process has not looked at it.
        self._private = [one for one in mappings if is_private(one)] if pagemap >= 0 else []
        self._pagemap = pagemap

    def runs(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """[start, end) runs in a part of one mapping that may hold anything but zeros."""
        from bisect import bisect_right

        index = bisect_right(self._private, start, key=lambda one: one.start) - 1
        if index >= 0 and end <= self._private[index].end:
            return resident(self._pagemap, start, end)
        return iter(((start, end),))


def is_private(mapping: Mapping) -> bool:
    """Whether a page of the mapping that was never touched is zeros."""
    return mapping.flags.endswith("p") and (is_heap(mapping) or mapping.path == "[stack]")


def bounded(ranges: Sequence[tuple[int, int]], contents: Contents, limit: int) -> tuple[list[tuple[int, int]], int]:
    """The ranges, the small first, as far as they have no more than `limit` bytes of content; and how many bytes the rest has."""
    taken: list[tuple[int, int]] = []
    beyond = 0
    for start, end in sorted(ranges, key=lambda one: one[1] - one[0]):
        cut = start
        for first, after in contents.runs(start, end):
            fits = min(after - first, limit & -PAGE)
            cut = first + fits if fits else cut
            limit -= fits
            beyond += after - first - fits
        taken.append((start, cut if beyond else end))
    return taken, beyond


def copy_stream(head: Head, recv: Recv, fd: int, limit: int = LIMIT) -> int:
    """The kernel's core as it comes into an empty file, zero pages as holes: for a process that cannot be read otherwise (32-bit).

    Stops after `limit` bytes, holes included; the file's size. OSError of the writing passes.
    """
    write_sparsely(fd, 0, head.raw)
    at, pending = len(head.raw), bytearray()
    while at + len(pending) < limit:
        try:
            block = recv(_BLOCK)
        except OSError:
            break
        if not block:
            break
        pending += block
        if len(pending) >= _BLOCK:
            at = _flush(fd, at, pending)
    write_sparsely(fd, at, bytes(pending))
    at += len(pending)
    os.ftruncate(fd, at)
    return at


def _flush(fd: int, at: int, pending: bytearray) -> int:
    """Whole pages only, at page boundaries of the file: the first block ends where one begins."""
    size = (at + len(pending) & -PAGE) - at
    write_sparsely(fd, at, bytes(pending[:size]))
    del pending[:size]
    return at + size


def compress(source: int, target: int, level: int = 3) -> int:
    """A sparse file as .zst into an empty one; bytes written. Holes are not read, and cost a few bytes. OSError passes."""
    from zstandard import ZstdCompressor

    compressor = ZstdCompressor(level=level, write_checksum=True)
    hole = compressor.compress(bytes(_HOLE_FRAME))
    size = os.fstat(source).st_size
    before = written = 0
    for start, end in (*_extents(source, size), (size, size)):
        whole, rest = divmod(start - before, _HOLE_FRAME)
        written += sum(_write(target, hole) for _ in range(whole))
        written += _write(target, compressor.compress(bytes(rest))) if rest else 0
        written += _data(compressor, source, target, start, end)
        before = end
    return written


def _extents(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """[start, end) of the file's data; short holes count as data, so that what is fragmented does not become a frame a page."""
    start = end = 0
    while end < size:
        try:
            following = os.lseek(fd, end, os.SEEK_DATA)
        except OSError:  # ENXIO: nothing but a hole follows
            break
        if following - end >= _BLOCK:
            if end > start:
                yield start, end
            start = following
        end = os.lseek(fd, following, os.SEEK_HOLE)
    if end > start:
        yield start, end


def _data(compressor: "ZstdCompressor", source: int, target: int, start: int, end: int) -> int:
    """One frame, several when it is long."""
    written = 0
    while start < end:
        stop = min(end, start + _HOLE_FRAME)
        frame = compressor.compressobj(size=stop - start)
        while start < stop:
            block = os.pread(source, min(_BLOCK, stop - start), start)
            if not block:
                raise OSError("the core became shorter while it was compressed")
            start += len(block)
            written += _write(target, frame.compress(block))
        written += _write(target, frame.flush())
    return written


def _write(fd: int, data: bytes) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return len(data)
