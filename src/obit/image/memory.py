"""Memory of a process, put together from sources that each have some of it.

A `Source` hands out pieces; `PagedMemory` makes `process.Memory` of several, the first that has an address wins, with a cache of
pages because variables and frames ask for a few bytes many times.
"""

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from time import gmtime, strftime
from typing import Protocol

from obit.image.process import LoadedModule, MemoryAbsent

PAGE = 4096
CACHED_PAGES = 4096
"""16 MiB; the cache starts again when it is full."""
LARGEST_READ = 64 << 20
"""More bytes than this at once is a damaged size, not a value."""

_U64 = Struct("<Q")


class Source(Protocol):
    """Where memory comes from."""

    def piece(self, address: int, size: int) -> bytes:
        """Some bytes at `address`, `size` at most, fewer at any boundary; empty when the first is not there."""
        ...


class FileReader:
    """`read(offset, size)` over a file descriptor, which it owns: the bytes that are there. `size` is the file's in bytes, `modified`
    its time (RFC 3339, UTC)."""

    __slots__ = ("_fd", "modified", "size")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        status = os.fstat(fd)
        self.size = status.st_size
        self.modified = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(status.st_mtime))

    def __call__(self, offset: int, size: int) -> bytes:
        """`size` bytes at most; none where the file cannot be read."""
        size = min(size, self.size - offset)
        if offset < 0 or size <= 0:
            return b""
        try:
            return os.pread(self._fd, size, offset)
        except OSError:
            return b""

    def __del__(self) -> None:
        if os is not None:  # at the interpreter's end it may be gone before this
            os.close(self._fd)


class SegmentSource:
    """The segments of a file: (start, end, offset in the file) each; what overlaps an earlier one is cut."""

    __slots__ = ("_ends", "_read", "_shifts", "_starts")

    def __init__(self, read: Callable[[int, int], bytes], spans: Iterable[tuple[int, int, int]]) -> None:
        self._read = read
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._shifts: list[int] = []
        top = 0
        for start, end, offset in sorted(spans):
            if end > max(start, top):
                self._starts.append(max(start, top))
                self._ends.append(end)
                self._shifts.append(offset - start)
                top = end

    def piece(self, address: int, size: int) -> bytes:
        """The bytes up to the end of the segment."""
        at = bisect_right(self._starts, address) - 1
        if at < 0 or address >= self._ends[at]:
            return b""
        return self._read(address + self._shifts[at], min(size, self._ends[at] - address))


class ModuleSource:
    """Read-only bytes that the core left out, from the modules' files (whose build-ids were checked when they were opened)."""

    __slots__ = ("_modules", "_starts")

    def __init__(self, modules: Iterable[LoadedModule]) -> None:
        self._modules = sorted((module for module in modules if module.file is not None), key=lambda module: module.start)
        self._starts = [module.start for module in self._modules]

    def piece(self, address: int, size: int) -> bytes:
        """Bytes within one page. A module's file answers for whole ranges only, so the range shrinks until it fits the segment."""
        at = bisect_right(self._starts, address) - 1
        if at < 0 or address >= self._modules[at].end:
            return b""
        module = self._modules[at]
        size = min(size, PAGE - address % PAGE, module.end - address)
        while size > 0 and module.file is not None:
            data = module.file.read(address - module.bias, size)
            if data:
                return data
            size //= 2
        return b""


class PagedMemory:
    """`process.Memory` over sources, in order of precedence."""

    __slots__ = ("_pages", "_sources")

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._pages: dict[int, bytes] = {}

    def read(self, address: int, size: int) -> bytes:
        """See `process.Memory`; a read crosses segments and sources that adjoin."""
        offset = address & (PAGE - 1)
        if 0 <= size <= PAGE - offset:
            page = self._pages.get(address >> 12)
            if page is None:
                page = self._load(address >> 12)
            if page:
                return page[offset : offset + size]
        data = self.read_some(address, size)
        if len(data) != size:
            raise MemoryAbsent(address + len(data))
        return data

    def read_some(self, address: int, size: int) -> bytes:
        """See `process.Memory`; `LARGEST_READ` at most."""
        left = min(size, LARGEST_READ)
        pieces = []
        while left > 0 and (piece := self._piece(address, left)):
            pieces.append(piece)
            address += len(piece)
            left -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def u64(self, address: int) -> int:
        """See `process.Memory`."""
        offset = address & (PAGE - 1)
        if offset <= PAGE - 8:
            page = self._pages.get(address >> 12)
            if page is None:
                page = self._load(address >> 12)
            if page:
                word: int = _U64.unpack_from(page, offset)[0]
                return word
        return int.from_bytes(self.read(address, 8), "little")

    def _load(self, number: int) -> bytes:
        """A whole page for the cache; empty when it is not (all) there or no single source has it: such reads go piece by piece."""
        if len(self._pages) >= CACHED_PAGES:
            self._pages.clear()
        piece = self._piece(number * PAGE, PAGE)
        page = piece if len(piece) == PAGE else b""
        self._pages[number] = page
        return page

    def _piece(self, address: int, size: int) -> bytes:
        for source in self._sources:
            piece = source.piece(address, size)
            if piece:
                return piece
        return b""
