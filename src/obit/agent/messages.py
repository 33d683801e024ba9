"""What the supervisor and its processes send each other: one packet and some descriptors at a time, over SEQPACKET socket pairs.

A job tells what to do with which descriptors; it comes from the supervisor, who is trusted. A reply comes from a process that may have
been taken over by what it parsed, so it is a fixed structure that needs no parser: the next stage and a fault's ID.
"""

import marshal
import os
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from socket import AF_UNIX, CMSG_SPACE, MSG_CMSG_CLOEXEC, MSG_NOSIGNAL, SCM_RIGHTS, SOCK_SEQPACKET, SOL_SOCKET, socket, socketpair
from struct import Struct
from typing import NamedTuple

MAX_DESCRIPTORS = 253
"""SCM_MAX_FD of the kernel (include/net/scm.h)."""
MAX_PACKET = 32 << 10

Held = Mapping[str, Sequence[int]]
"""Descriptors by what they are for."""

_REPLY = Struct("<B32s")


class Job(NamedTuple):
    """What a process is asked to do with a fault; `trouble` says what went wrong with it before."""

    stage: int
    fault: str
    attempt: int
    trouble: str
    held: dict[str, list[int]]

    def one(self, kind: str) -> int:
        """The descriptor of a kind of which there is one; -1 when there is none."""
        return next(iter(self.held.get(kind, ())), -1)

    def close(self) -> None:
        """Close this process's copies of the descriptors."""
        close_all(fd for fds in self.held.values() for fd in fds)


def pair() -> tuple[socket, socket]:
    """The two ends of a channel."""
    return socketpair(AF_UNIX, SOCK_SEQPACKET)


def close_all(descriptors: Iterable[int]) -> None:
    """Close descriptors."""
    for descriptor in descriptors:
        os.close(descriptor)


def encode_job(job: Job) -> tuple[bytes, list[int]]:
    """The packet and the descriptors of a job."""
    counts = [(kind, len(fds)) for kind, fds in job.held.items()]
    return marshal.dumps((job.stage, job.fault, job.attempt, job.trouble[:4096], counts)), [fd for fds in job.held.values() for fd in fds]


def decode_job(data: bytes, descriptors: Sequence[int]) -> Job:
    """The job in a packet from the supervisor."""
    stage, fault, attempt, trouble, counts = marshal.loads(data)  # noqa: S302  the supervisor is who started us
    rest = iter(descriptors)
    return Job(stage, fault, attempt, trouble, {kind: list(islice(rest, count)) for kind, count in counts})


def encode_reply(stage: int, fault: str) -> bytes:
    """The answer to a job: the stage that follows, and the fault's ID."""
    return _REPLY.pack(stage, fault.encode())


def decode_reply(data: bytes) -> tuple[int, str] | None:
    """(stage, ID) of a reply; None when it is none."""
    if len(data) != _REPLY.size:
        return None
    stage, fault = _REPLY.unpack(data)
    return stage, fault.rstrip(b"\0").decode("ascii", "replace")


def send(channel: socket, data: bytes, descriptors: Sequence[int] = ()) -> None:
    """One packet; OSError when the other side is gone."""
    rights = [(SOL_SOCKET, SCM_RIGHTS, array("i", descriptors[:MAX_DESCRIPTORS]))] if descriptors else []
    channel.sendmsg([data], rights, MSG_NOSIGNAL)


def receive(channel: socket, flags: int = 0) -> tuple[bytes, list[int]]:
    """The next packet and its descriptors; b"" when the other side is gone."""
    try:
        data, rights, _, _ = channel.recvmsg(MAX_PACKET, CMSG_SPACE(MAX_DESCRIPTORS * 4), MSG_CMSG_CLOEXEC | flags)
    except ConnectionResetError:
        return b"", []
    descriptors = array("i")
    for level, kind, content in rights:
        if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
            descriptors.frombytes(content[: len(content) // descriptors.itemsize * descriptors.itemsize])
    return data, list(descriptors)
