"""System calls that a process with hostile input in its hands has no use for: refused by the kernel from then on, for good.

A list of what is refused, and not of what is allowed, because Python and libc ask for new calls with every version; everything that
opens, starts, connects or looks into others is on it.

Sources: include/uapi/linux/{seccomp,filter,audit}.h; arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h.
"""

import ctypes
import os
from errno import EPERM
from struct import Struct
from typing import NamedTuple

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_AT_NUMBER, _AT_ARCHITECTURE = 0, 4
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | EPERM
_X32 = 0x40000000
_INSTRUCTION = Struct("<HBBI")


class _Machine(NamedTuple):
    """Its AUDIT_ARCH, and the numbers of the calls."""

    audit: int
    numbers: tuple[int, ...]


def _numbers(*groups: str) -> tuple[int, ...]:
    return tuple(int(word) for group in groups for word in group.split())


_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        _numbers(
            "2 85 257 437 303 304",  # open creat openat openat2 name_to_handle_at open_by_handle_at
            "57 58 56 435 59 322",  # fork vfork clone clone3 execve execveat
            "41 42 49",  # socket connect bind
            "101 310 311 62 200 234 434 438 424",  # ptrace process_vm_readv/writev kill tkill tgkill pidfd_open/getfd/send_signal
            "165 166 161 272 308",  # mount umount2 chroot unshare setns
            "321 298 323 425 248 249 250",  # bpf perf_event_open userfaultfd io_uring_setup add_key request_key keyctl
        ),
    ),
    "aarch64": _Machine(  # the same, as far as there is such a call
        0xC00000B7,
        _numbers(
            "56 437 264 265",
            "220 435 221 281",
            "198 203 200",
            "117 270 271 129 130 131 434 438 424",
            "40 39 51 97 268",
            "280 241 282 425 217 218 219",
        ),
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def program(machine: str) -> bytes | None:
    """The filter (struct sock_filter[]) for a machine as `uname -m` names it; None for one that is not known."""
    found = _MACHINES.get(machine)
    if found is None:
        return None
    count = len(found.numbers)
    rows = [
        (_LOAD, 0, 0, _AT_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, found.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _AT_NUMBER),
        (_JUMP_AT_LEAST, count + 1, 0, _X32),
        *((_JUMP_EQUAL, count - index, 0, number) for index, number in enumerate(found.numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(_INSTRUCTION.pack(*row) for row in rows)


def refuse() -> bool:
    """Put the filter on this process, which must have given up new privileges; whether the kernel took it."""
    filters = program(os.uname().machine)
    if filters is None:
        return False
    buffer = ctypes.create_string_buffer(filters, len(filters))
    wanted = _Program(len(filters) // _INSTRUCTION.size, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(wanted), 0, 0) == 0)
