"""A temporary file that nobody else sees, written in order, with holes where zeros are."""

import os

from obit.image.memory import FileReader

BLOCK = 64 << 10
DISK_RESERVE = 1 << 30
"""Bytes that stay free on the disk."""

_ZEROS = bytes(BLOCK)
_BUFFER = 1 << 20
_CHECK_EVERY = 64 << 20


class SparseFile:
    """`append` bytes, then take the `reader`. A block of zeros takes no space; `limit` bounds the size, holes included."""

    __slots__ = ("_fd", "_limit", "_pending", "_unchecked", "size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._fd = _unlinked()
        self._pending = bytearray()
        self._unchecked = _CHECK_EVERY
        self.size = 0

    def append(self, data: bytes) -> str | None:
        """Takes more bytes; a text that says why no more fit, and then the file holds what did."""
        self._pending += data
        return self._flush() if len(self._pending) >= _BUFFER else None

    def finish(self) -> str | None:
        """Writes what is left, and sets the size."""
        problem = self._flush()
        os.ftruncate(self._fd, self.size)
        return problem

    def reader(self) -> FileReader:
        """Access to what was written; the descriptor is the reader's from now on."""
        return FileReader(self._fd)

    def close(self) -> None:
        """Gives the file up."""
        os.close(self._fd)

    def _flush(self) -> str | None:
        whole = len(self._pending)
        room = min(whole, self._limit - self.size)
        try:
            for at in range(0, room, BLOCK):
                self._put(self._pending[at : min(at + BLOCK, room)])
        except OSError as error:
            self._pending.clear()
            return f"the temporary file cannot be written ({error.strerror}); set TMPDIR to a disk with space"
        self._pending.clear()
        return f"it would become larger than {self._limit:,} bytes" if room < whole else self._short_of_disk()

    def _put(self, block: bytearray) -> None:
        if block != _ZEROS[: len(block)]:
            os.pwrite(self._fd, block, self.size)
            self._unchecked += len(block)
        self.size += len(block)

    def _short_of_disk(self) -> str | None:
        if self._unchecked < _CHECK_EVERY:
            return None
        self._unchecked = 0
        disk = os.fstatvfs(self._fd)
        full = disk.f_bavail * disk.f_frsize < DISK_RESERVE
        return "less than 1 GiB of the disk is left for the temporary file; set TMPDIR to another disk" if full else None


def _unlinked() -> int:
    """A file without a name in TMPDIR, /var/tmp or /tmp (large files belong on a disk); in memory when none of them can have one."""
    for folder in (os.environ.get("TMPDIR"), "/var/tmp", "/tmp"):  # noqa: S108 - O_TMPFILE has no name that could be guessed
        try:
            return os.open(folder or "/var/tmp", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)  # noqa: S108 - as above
        except OSError:
            continue
    return os.memfd_create("core", os.MFD_CLOEXEC)
