"""The files that a process has mapped as code: the very inodes, also when they were deleted or are in a container that will vanish."""

import os
import stat
from collections.abc import Sequence

from obit.capture.procfs import Mapping


def mapped_files(proc: int, mappings: Sequence[Mapping], most: int) -> dict[str, int]:
    """Descriptors by the path that the process has the file under; `proc` is its open directory in /proc."""
    found: dict[str, int] = {}
    for mapping in mappings:
        if "x" in mapping.flags and mapping.is_file and mapping.path and mapping.path not in found and len(found) < most:
            file = _open(proc, mapping)
            if file >= 0:
                found[mapping.path] = file
    return found


def is_on_host(proc: str) -> bool:
    """Whether the process whose directory in /proc is `proc` has the same file system as we have: a path means the same to both."""
    try:
        theirs, ours = os.stat(f"{proc}/root"), os.stat("/")
        return os.readlink(f"{proc}/ns/mnt") == os.readlink("/proc/self/ns/mnt") and (theirs.st_dev, theirs.st_ino) == (
            ours.st_dev,
            ours.st_ino,
        )
    except OSError:
        return False


def _open(proc: int, mapping: Mapping) -> int:
    """A descriptor of a mapped regular file; -1. It is looked at before it is opened: opening a device may do something."""
    try:
        handle = os.open(f"map_files/{mapping.start:x}-{mapping.end:x}", os.O_PATH | os.O_CLOEXEC, dir_fd=proc)
    except OSError:
        return -1
    try:
        return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC) if stat.S_ISREG(os.fstat(handle).st_mode) else -1
    except OSError:
        return -1
    finally:
        os.close(handle)
