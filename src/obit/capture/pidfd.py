"""What the kernel says about a process by its pidfd, which cannot be mistaken for another's. Standard library only.

Source: struct pidfd_info and PIDFD_GET_INFO in include/uapi/linux/pidfd.h (Linux 6.13; the dump's fields 6.16, its signal 6.19).
"""

from fcntl import ioctl
from struct import Struct
from typing import NamedTuple

SO_PEERPIDFD = 77

COREDUMPED, COREDUMP_SKIP, COREDUMP_USER, COREDUMP_ROOT = 1, 2, 4, 8
"""Bits of `Info.coredump`: it dumps core; it does not; with its user's rights (dumpable 1); for root's eyes only."""

_WANTED_PIDS, _WANTED_CREDENTIALS, _WANTED_CGROUP, _WANTED_EXIT, _WANTED_COREDUMP = 1, 2, 4, 8, 16
_INFO = Struct("<QQIIIIIIIIIIIiII")
_SIZES = (_INFO.size, 64)
"""With the dump's fields, and without."""
_NUMBER = 0xFF << 8 | 11


class Info(NamedTuple):
    """`cgroup` is the directory's inode in cgroup2; ids are those of the reader's namespaces; `coredump` 0 when the kernel is silent."""

    pid: int
    tgid: int
    ppid: int
    cgroup: int
    ruid: int
    rgid: int
    euid: int
    egid: int
    coredump: int


def info(pidfd: int) -> Info | None:
    """What the kernel knows; None when it is older than the request, or the process has been reaped."""
    for size in _SIZES:
        buffer = bytearray(_INFO.size)
        wanted = _WANTED_PIDS | _WANTED_CREDENTIALS | _WANTED_CGROUP | (_WANTED_COREDUMP if size > 64 else 0)
        _INFO.pack_into(buffer, 0, wanted, *(0,) * 15)
        try:
            ioctl(pidfd, 3 << 30 | size << 16 | _NUMBER, buffer)
        except OSError:
            continue
        return _decoded(buffer)
    return None


def _decoded(buffer: bytearray) -> Info:
    mask, cgroup, pid, tgid, ppid, ruid, rgid, euid, egid, _, _, _, _, _, coredump, _ = _INFO.unpack_from(buffer)
    return Info(pid, tgid, ppid, cgroup, ruid, rgid, euid, egid, coredump if mask & _WANTED_COREDUMP else 0)
