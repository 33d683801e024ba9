"""Source lines, read as the user who runs the command may read them."""

import os
import stat
from collections.abc import Sequence

LARGEST = 8 << 20
NEVER = ("/proc/", "/sys/", "/dev/")


class SourceFiles:
    """Each file is read once; `sysroot` is looked into first."""

    def __init__(self, sysroot: str | None) -> None:
        self._roots = (sysroot.rstrip("/"), "") if sysroot else ("",)
        self._files: dict[str, Sequence[str] | None] = {}

    def lines(self, path: str) -> Sequence[str] | None:
        """The lines of a file, or None. The path comes from debug information, which may be hostile: regular files only, no last link,
        nothing below /proc, /sys and /dev."""
        if path not in self._files:
            self._files[path] = next(filter(None, (self._read(root + path) for root in self._roots)), None)
        return self._files[path]

    @staticmethod
    def _read(path: str) -> Sequence[str] | None:
        plain = os.path.normpath(path)
        if not plain.startswith("/") or plain.startswith(NEVER) or "\0" in plain:
            return None
        try:
            fd = os.open(plain, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError:
            return None
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            os.close(fd)
            return None
        with open(fd, "rb") as file:
            return file.read(LARGEST).decode("utf-8", "replace").splitlines()
