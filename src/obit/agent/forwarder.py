"""The process that feeds [forward]'s command. It has root's rights, for that command has them; it was forked before the receiver gave
up its own, parses nothing but a few files of /proc, and ends with the receiver. What it has begun to feed goes on.

A core is forwarded once at most: a receiver that takes over from one that was killed does not ask again.
"""

import marshal
import os
import time
from socket import SOCK_SEQPACKET, socket, socketpair

from obit.agent import messages
from obit.agent.confinement import be_nice
from obit.agent.forward import Command, Crash, close_all_but, detached, objection, values_of
from obit.agent.worker import complain
from obit.capture.victim import Captured

MOST = 32
"""Commands at once; the cores of further crashes are not forwarded."""
_HEAD_LIMIT = 512 << 20


class Forwarder:
    """The receiver's end."""

    def __init__(self, command: Command) -> None:
        self._channel, theirs = socketpair(type=SOCK_SEQPACKET)
        if os.fork() == 0:
            try:
                close_all_but(theirs.fileno())
                be_nice(0)  # the command runs as it always did, and the receiver's haste is not its own
                _serve(command, theirs)
            finally:
                os._exit(0)
        theirs.close()

    def forward(self, captured: Captured, dumpable: int, head: int, descriptors: tuple[int, int, int, int]) -> None:
        """Have a core forwarded. The descriptors: the kernel's stream, /proc/PID, the pidfd, and the memfd whose last `head` bytes are
        what was read of the stream."""
        facts, crashed = captured.note["process"], captured.threads[0]
        crash = Crash(captured.process.pid, crashed.tid, crashed.signal, int(time.time()), dumpable, facts.get("start_time", -1))
        try:
            messages.send(self._channel, marshal.dumps((tuple(crash), head)), descriptors)
        except OSError as error:
            complain(f"the core of process {crash.pid} was not forwarded: {error}")


def _serve(command: Command, channel: socket) -> None:
    children: set[int] = set()
    while True:
        data, descriptors = messages.receive(channel)
        if not data:
            return
        children -= {child for child in children if os.waitpid(child, os.WNOHANG)[0]}
        try:
            children |= _begin(command, data, descriptors, len(children) >= MOST)
        except OSError as error:
            complain(f"a core was not forwarded: {error}")
        finally:
            messages.close_all(descriptors)


def _begin(command: Command, data: bytes, descriptors: list[int], is_full: bool) -> set[int]:
    (words, size), (stream, proc, pidfd, spooled) = marshal.loads(data), descriptors  # noqa: S302  it comes from the receiver alone
    crash = Crash(*words)
    values = values_of(proc, crash)
    why = f"{MOST} are being forwarded already" if is_full else objection(proc, values)
    if why:
        complain(f"the core of process {crash.pid} was not forwarded: {why}")
        return set()
    head = os.pread(spooled, min(size, _HEAD_LIMIT), os.fstat(spooled).st_size - size)
    return {detached(command, values, stream, head, pidfd=pidfd)}
