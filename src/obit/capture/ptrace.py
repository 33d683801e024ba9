"""The few requests of ptrace(2) that a capture needs, and the waiting that goes with them. Standard library only.

A tracee's stop is *looked at* (waitid with WNOWAIT) and stays the kernel's: should we be killed in the middle of a capture, the
kernel resumes the tracee with the signal it was about to get, as if nobody had been there.

Sources: ptrace(2), include/uapi/linux/ptrace.h, kernel/ptrace.c, kernel/signal.c.
"""

import ctypes
import os
from typing import NamedTuple

_CONT, _GETEVENTMSG, _GETSIGINFO, _GETREGSET, _SEIZE, _INTERRUPT, _LISTEN = 7, 0x4201, 0x4202, 0x4204, 0x4206, 0x4207, 0x4208

_OPTION_FORK, _OPTION_VFORK, _OPTION_CLONE, _OPTION_EXEC, _OPTION_EXIT = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 6
FOLLOW = _OPTION_FORK | _OPTION_VFORK | _OPTION_CLONE | _OPTION_EXEC | _OPTION_EXIT
"""Trace what tracees start; stop them when they turn into another program or are about to exit. Not EXITKILL: they outlive us."""

EVENT_EXEC, EVENT_EXIT, EVENT_STOP = 4, 6, 128
_WALL = 0x40000000
_SIGINFO_SIZE = 128
_LARGEST_REGSET = 64 << 10
"""The XSAVE area with AMX is 11 kB."""

_ptrace = ctypes.CDLL(None, use_errno=True).ptrace
_ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_ptrace.restype = ctypes.c_long


_registers = ctypes.create_string_buffer(_LARGEST_REGSET)
"""Used again and again: there is one tracing thread, and clearing so much for each set costs more than the kernel's work."""


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Stop(NamedTuple):
    """A tracee that stands still: `event` 0 when `signal` is about to be delivered, EVENT_STOP and the like otherwise."""

    tid: int
    signal: int
    event: int


class End(NamedTuple):
    """A tracee that is gone: `status` as a shell has it (the exit code, or 128 + signal)."""

    tid: int
    status: int


def _request(request: int, tid: int, address: int = 0, data: int = 0) -> None:
    if _ptrace(request, tid, address, data) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def seize(tid: int) -> None:
    """Trace a thread without stopping it. OSError: EPERM when it is traced already or may not be."""
    _request(_SEIZE, tid, 0, FOLLOW)


def interrupt(tid: int) -> None:
    """Ask a tracee to stop; ProcessLookupError when it is gone."""
    _request(_INTERRUPT, tid)


def resume(tid: int, signal: int = 0) -> None:
    """Let a stopped tracee go on and receive a signal; ProcessLookupError when it has been killed meanwhile."""
    _request(_CONT, tid, 0, signal)


def listen(tid: int) -> None:
    """Leave a tracee in its group stop until SIGCONT; ProcessLookupError."""
    _request(_LISTEN, tid)


def event_message(tid: int) -> int:
    """What an event stop carries: the wait status at EVENT_EXIT; ProcessLookupError."""
    value = ctypes.c_ulong()
    _request(_GETEVENTMSG, tid, 0, ctypes.addressof(value))
    return value.value


def siginfo(tid: int) -> bytes:
    """The siginfo_t (128 bytes) of the signal about to be delivered; ProcessLookupError."""
    buffer = ctypes.create_string_buffer(_SIGINFO_SIZE)
    _request(_GETSIGINFO, tid, 0, ctypes.addressof(buffer))
    return buffer.raw


def register_set(tid: int, kind: int) -> bytes:
    """A register set by its note type; empty when the machine has none like it; ProcessLookupError."""
    vector = _Iovec(ctypes.addressof(_registers), _LARGEST_REGSET)
    try:
        _request(_GETREGSET, tid, kind, ctypes.addressof(vector))
    except ProcessLookupError:
        raise
    except OSError:
        return b""
    return ctypes.string_at(_registers, vector.length)


def look(tid: int | None = None, *, take: bool = False) -> Stop | End | None:
    """What has happened to a tracee (or to any), left with the kernel unless `take`; None when nothing has.

    ChildProcessError when there is no such tracee.
    """
    kind, which = (os.P_ALL, 0) if tid is None else (os.P_PID, tid)
    result = os.waitid(kind, which, os.WEXITED | os.WSTOPPED | os.WNOHANG | _WALL | (0 if take else os.WNOWAIT))
    if result is None:
        return None
    status = result.si_status
    if result.si_code == os.CLD_EXITED:
        return End(result.si_pid, status)
    if result.si_code in (os.CLD_KILLED, os.CLD_DUMPED):
        return End(result.si_pid, 128 + status)
    return Stop(result.si_pid, status & 0xFF, status >> 8)
