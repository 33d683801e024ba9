"""A crash as it comes in: by the kernel's own connection, or handed over by the pipe's handler; and what is answered."""

import os
from socket import MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, SO_PEERCRED, SOL_SOCKET, socket
from struct import unpack
from typing import NamedTuple

from obit.agent import messages
from obit.agent.spool import Spool
from obit.capture import coredumpsocket, kernel_pipe, pidfd
from obit.capture.facts import read_file

ANSWER = 0.02
"""Seconds in which the kernel has answered an acknowledgement, if one was sent by a receiver before us."""
_FOR_ROOT_ONLY = 2
"""prctl(2), PR_SET_DUMPABLE."""


class NotACrash(Exception):
    """Somebody connected who has no crash to tell of."""


class Crash(NamedTuple):
    """`stream` is where the core comes, behind the kernel's request when it `has_request`; `dumpable` as prctl(2) has it; `source` the
    document's word. The descriptors are its own."""

    stream: int
    has_request: bool
    pid: int
    pidfd: int
    dumpable: int
    source: str

    def close(self) -> None:
        """Close its descriptors."""
        messages.close_all((self.stream, self.pidfd))


def connected(connection: socket, *, has_request: bool) -> Crash:
    """The crash at the other end of the kernel's connection; `NotACrash`."""
    handle = connection.getsockopt(SOL_SOCKET, pidfd.SO_PEERPIDFD)
    known = pidfd.info(handle)
    if known is None or not known.coredump & pidfd.COREDUMPED:
        os.close(handle)
        raise NotACrash
    dumpable = 1 if known.coredump & pidfd.COREDUMP_USER else _FOR_ROOT_ONLY
    return Crash(os.dup(connection.fileno()), has_request, known.tgid, handle, dumpable, "kernel-socket")


def handed(connection: socket) -> Crash:
    """The crash that the pipe's handler brings; `NotACrash`. Its message and the pipe stay in the socket for a receiver after us."""
    _, user, _ = unpack("iII", connection.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))
    data, descriptors = messages.receive(connection, MSG_PEEK)
    try:
        crash = kernel_pipe.decode(data)
        if user != 0 or not descriptors:
            raise NotACrash
        stream, *handles = descriptors
        handle = handles[0] if handles else os.pidfd_open(crash.pid)
    except (ValueError, OSError, NotACrash):
        messages.close_all(descriptors)
        raise NotACrash from None
    messages.close_all(handles[1:])
    return Crash(stream, False, crash.pid, handle, crash.dumpable, "kernel-pipe")


def take(connection: socket, attempt: int) -> bool:
    """Tell the handler that the crash is ours now; whether it is. One that does not listen any more has heard it from one before us."""
    try:
        connection.send(kernel_pipe.TAKEN, MSG_NOSIGNAL)
    except OSError:
        return attempt > 1
    return True


def acknowledge(spool: Spool, crash: Crash, attempt: int) -> None:
    """Ask the kernel for the core, unless a receiver before us has; `ProtocolError`."""
    data = spool.exactly(coredumpsocket.REQUEST_SIZE)
    request = coredumpsocket.decode_request(data)
    spool.exactly(request.size - len(data))
    if attempt == 1 or not spool.is_ready(ANSWER):
        _send(crash, coredumpsocket.KERNEL | coredumpsocket.WAIT)
    mark = coredumpsocket.decode_mark(spool.exactly(coredumpsocket.MARK_SIZE))
    if mark != coredumpsocket.MARK_ACCEPTED:
        raise coredumpsocket.ProtocolError(f"the kernel refused: {coredumpsocket.MARKS.get(mark, mark)}")


def reject(crash: Crash) -> None:
    """Tell the kernel that nobody wants the core."""
    _send(crash, coredumpsocket.REJECT)


def is_still(crash: Crash) -> bool:
    """Whether the process is there, and the one that it was: the pidfd cannot be mistaken."""
    known = pidfd.info(crash.pidfd)
    if known is not None:
        return known.tgid == crash.pid
    return f"\nPid:\t{crash.pid}\n" in read_file(f"/proc/self/fdinfo/{crash.pidfd}").decode()


def _send(crash: Crash, mask: int) -> None:
    with socket(fileno=os.dup(crash.stream)) as connection:
        connection.send(coredumpsocket.encode_ack(mask), MSG_DONTWAIT | MSG_NOSIGNAL)
