"""Which pages of private memory hold anything, from /proc/PID/pagemap, without reading the rest. Standard library only.

Sources: Documentation/admin-guide/mm/pagemap.rst; struct pm_scan_arg and PAGEMAP_SCAN in include/uapi/linux/fs.h (Linux 6.7).
"""

import os
from array import array
from collections.abc import Iterator
from fcntl import ioctl
from struct import Struct

from obit.capture.procfs import PAGE

_ARGUMENT = Struct("<12Q")
_SCAN = 3 << 30 | _ARGUMENT.size << 16 | ord("f") << 8 | 16
_PRESENT, _SWAPPED, _ZERO_PAGE = 1 << 3, 1 << 4, 1 << 5
_REGIONS = 1024
_ENTRIES = 1 << 17
"""Pages looked at in one read of the file: a mebibyte of entries."""
_HAS_CONTENT = bytes(byte >> 6 > 0 for byte in range(256))
"""Of an entry's highest byte: bit 63 present, bit 62 swapped."""


def resident(pagemap: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) runs of pages with content, in order; all of it when the kernel will not say."""
    try:
        yield from _scanned(pagemap, start, end)
    except OSError:
        yield from _read(pagemap, start, end)


def _scanned(pagemap: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The kernel's own scan, which skips empty page tables: terabytes of reserved memory cost nothing."""
    regions = array("Q", bytes(_REGIONS * 24))
    address, _ = regions.buffer_info()
    while start < end:
        argument = bytearray(
            _ARGUMENT.pack(_ARGUMENT.size, 0, start, end, 0, address, _REGIONS, 0, _ZERO_PAGE, _ZERO_PAGE, _PRESENT | _SWAPPED, _PRESENT)
        )
        count = ioctl(pagemap, _SCAN, argument)
        for index in range(count):
            yield regions[index * 3], regions[index * 3 + 1]
        start = max(_ARGUMENT.unpack(argument)[4], start + PAGE)


def _read(pagemap: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        size = min((end - start) // PAGE, _ENTRIES)
        try:
            entries = os.pread(pagemap, size * 8, start // PAGE * 8)
        except OSError:
            entries = b""
        if len(entries) < size * 8:
            yield start, end
            return
        yield from _runs(entries[7::8].translate(_HAS_CONTENT), start)
        start += size * PAGE


def _runs(marks: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Runs of pages marked 1."""
    first = marks.find(1)
    while first >= 0:
        after = marks.find(0, first)
        after = len(marks) if after < 0 else after
        yield start + first * PAGE, start + after * PAGE
        first = marks.find(1, after)
