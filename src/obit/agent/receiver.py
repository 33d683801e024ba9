"""Root's part of a capture: talk to the kernel, read what only the kernel writes, open what the others need, pass it on.

What the victim controls (names, memory) is never followed or opened by name: everything goes through one descriptor of /proc/PID, and
after all was read the pidfd is asked whether it still is the same process.
"""

import os
import stat
from collections.abc import Sequence
from socket import MSG_PEEK, SO_PEERCRED, SOL_SOCKET, socket
from struct import unpack
from typing import NamedTuple

from obit.agent import messages, record
from obit.agent.messages import MAX_DESCRIPTORS, Job
from obit.agent.record import Record
from obit.agent.spool import Spool
from obit.agent.stages import COMMIT, END, HANDED, SELECT
from obit.capture import coredumpsocket, kernel_pipe, pidfd
from obit.capture.facts import read_file
from obit.capture.kernelcore import captured_of, pack
from obit.capture.procfs import Mapping, parse_status
from obit.capture.stream import read_head
from obit.capture.victim import Unsupported, meta, now

ANSWER = 0.02
"""Seconds in which the kernel has answered an acknowledgement, if one was sent by a receiver before us."""
MOST_MODULES = MAX_DESCRIPTORS - 2


class Source(NamedTuple):
    """Whence a crash comes: the stream, whether it begins with the kernel's request, the process, the document's word."""

    stream: int
    has_request: bool
    pid: int
    pidfd: int
    word: str
    dumpable: int


class Opened(NamedTuple):
    """What goes on to the others, and what it is."""

    stage: int
    record: Record
    descriptors: list[int]


class Receiver:
    """`host` is the document's; `has_requests`: whether the kernel's socket speaks the protocol of `coredumpsocket`."""

    def __init__(self, host: dict[str, object], *, has_requests: bool) -> None:
        self._has_requests = has_requests
        self._host = host

    def main(self, channel: socket) -> None:
        """Serve until the channel ends."""
        while True:
            data, descriptors = messages.receive(channel)
            if not data:
                return
            job = messages.decode_job(data, descriptors)
            stage, passed = self._handle(job)
            messages.send(channel, messages.encode_reply(stage, job.fault), passed)
            messages.close_all(passed)
            job.close()

    def _handle(self, job: Job) -> tuple[int, list[int]]:
        with socket(fileno=os.dup(job.one("connection"))) as connection:
            source = _handed(connection) if job.stage == HANDED else self._connected(connection)
            if source is None:
                return END, []
            try:
                spool = Spool(source.stream, (job.held["pipe"][0], job.held["pipe"][1]), job.one("stream"))
                if job.stage == HANDED and not _take(connection, job.attempt):
                    return END, []
                opened = self._capture(source, spool, connection, job)
            finally:
                messages.close_all(fd for fd in {source.stream, source.pidfd} - {connection.fileno(), -1})
        record.write(job.one("facts"), opened.record)
        return opened.stage, opened.descriptors

    def _connected(self, connection: socket) -> Source | None:
        handle = int(connection.getsockopt(SOL_SOCKET, pidfd.SO_PEERPIDFD))
        known = pidfd.info(handle)
        if known is None:
            return None
        dumpable = 1 if known.coredump & pidfd.COREDUMP_USER else 2
        return Source(connection.fileno(), self._has_requests, known.tgid, handle, "kernel-socket", dumpable)

    def _capture(self, source: Source, spool: Spool, connection: socket, job: Job) -> Opened:
        try:
            if source.has_request:
                _acknowledge(spool, connection, job.attempt)
            proc = os.open(f"/proc/{source.pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return self._read(source, spool, proc)
            finally:
                os.close(proc)
        except (OSError, ValueError, Unsupported) as error:
            known = {"pid": source.pid, "source": source.word, "captured_at": now()}
            return Opened(COMMIT, Record(known, failure=f"it could not be captured: {error}"), [])

    def _read(self, source: Source, spool: Spool, proc: int) -> Opened:
        path = f"/proc/self/fd/{proc}"
        captured = captured_of(read_head(spool.recv), source.pid, source=source.word, proc=path, host=self._host)
        status = parse_status(read_file(f"{path}/status"))
        user = (int(status["Uid"].split()[0]), int(status["Gid"].split()[0]), tuple(int(word) for word in status["Groups"].split()))
        memory = os.open(f"task/{captured.threads[0].tid}/mem", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
        root = os.open("root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=proc)
        names, files = _modules(proc, captured.mappings)
        if not _is_still(source):
            messages.close_all((memory, root, *files))
            raise Unsupported("the process went away while it was looked at")
        known = meta(captured) | {"dumpable": source.dumpable}
        return Opened(SELECT, Record(known, pack(captured), user, names), [memory, root, *files])


def _acknowledge(spool: Spool, connection: socket, attempt: int) -> None:
    """Ask the kernel for the core, unless a receiver before us has."""
    data = spool.exactly(coredumpsocket.REQUEST_SIZE)
    request = coredumpsocket.decode_request(data)
    spool.exactly(request.size - len(data))
    if attempt == 1 or not spool.is_ready(ANSWER):
        connection.sendall(coredumpsocket.encode_ack(coredumpsocket.KERNEL | coredumpsocket.WAIT))
    mark = coredumpsocket.decode_mark(spool.exactly(coredumpsocket.MARK_SIZE))
    if mark != coredumpsocket.MARK_ACCEPTED:
        raise coredumpsocket.ProtocolError(f"the kernel refused: {coredumpsocket.MARKS.get(mark, mark)}")


def _handed(connection: socket) -> Source | None:
    """A crash that the pipe handler brings. The message stays in the socket, and the pipe with it, for a receiver after us."""
    _, user, _ = unpack("iII", connection.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))
    data, descriptors = messages.receive(connection, MSG_PEEK)
    try:
        crash = kernel_pipe.decode(data)
    except ValueError:
        messages.close_all(descriptors)
        return None
    if user != 0 or not descriptors:
        messages.close_all(descriptors)
        return None
    handle = descriptors[1] if len(descriptors) > 1 else os.pidfd_open(crash.pid)
    return Source(descriptors[0], False, crash.pid, handle, "kernel-pipe", crash.dumpable)


def _take(connection: socket, attempt: int) -> bool:
    """Tell the handler that the crash is ours now; whether it is. One that does not listen any more has heard it from one before us."""
    try:
        connection.send(kernel_pipe.TAKEN)
    except OSError:
        return attempt > 1
    return True


def _modules(proc: int, mappings: Sequence[Mapping]) -> tuple[tuple[str, ...], list[int]]:
    """The files that are mapped as code, the very inodes, and the paths that the process had them under."""
    found: dict[str, int] = {}
    for mapping in mappings:
        if "x" in mapping.flags and mapping.is_file and mapping.path and mapping.path not in found and len(found) < MOST_MODULES:
            file = _mapped_file(proc, mapping)
            if file >= 0:
                found[mapping.path] = file
    return tuple(found), list(found.values())


def _mapped_file(proc: int, mapping: Mapping) -> int:
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


def _is_still(source: Source) -> bool:
    """Whether the process is there, and the one that it was: the pidfd cannot be mistaken."""
    known = pidfd.info(source.pidfd)
    if known is not None:
        return known.tgid == source.pid
    text = read_file(f"/proc/self/fdinfo/{source.pidfd}").decode()
    return f"Pid:\t{source.pid}\n" in text
