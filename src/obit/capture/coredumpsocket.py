"""What the kernel and a coredump server say to each other on an `@@` socket before the core is sent. Pure. Standard library only.

The kernel connects and sends a request; the server answers with an acknowledgement; the kernel answers with a mark, and, when it
is `MARK_ACCEPTED` and the server asked for it (`KERNEL`), with the core. Until the acknowledgement the process waits, whole.

Source: include/uapi/linux/coredump.h and coredump_sock_request() in fs/coredump.c (Linux 6.17).
"""

from struct import Struct
from typing import NamedTuple

KERNEL = 1 << 0
"""The kernel writes the core into the socket."""
USERSPACE = 1 << 1
"""The server does it by itself: neither notes nor registers come."""
REJECT = 1 << 2
"""No core."""
WAIT = 1 << 3
"""The process stays until the server closes the connection."""

MARK_ACCEPTED = 0
MARKS = {
    0: "accepted",
    1: "the acknowledgement is too short",
    2: "the acknowledgement is too long",
    3: "the acknowledgement asks for what this kernel does not have",
    4: "the acknowledgement contradicts itself",
}
MARK_SIZE = 4

_HEAD = Struct("<IIQ")
REQUEST_SIZE = ACK_SIZE = _HEAD.size
"""Of the first version, in bytes. A later kernel's request may be longer; the first fields stay where they are."""
MAX_REQUEST = 4096


class ProtocolError(ValueError):
    """The other side is no kernel that we understand."""


class Request(NamedTuple):
    """What the kernel offers: the bytes of its request and of the longest acknowledgement it reads, and the choices it knows."""

    size: int
    size_ack: int
    mask: int

    def allows(self, mask: int) -> bool:
        """Whether the kernel knows all these choices."""
        return self.mask & mask == mask


def decode_request(data: bytes) -> Request:
    """The request at the beginning of `data` (`REQUEST_SIZE` bytes at least; `Request.size` says how many it has); `ProtocolError`."""
    if len(data) < REQUEST_SIZE:
        raise ProtocolError(f"a request of {len(data)} bytes")
    request = Request(*_HEAD.unpack_from(data))
    if not REQUEST_SIZE <= request.size <= MAX_REQUEST or request.size_ack < ACK_SIZE:
        raise ProtocolError(f"a request of {request.size} bytes that takes {request.size_ack}")
    return request


def encode_ack(mask: int) -> bytes:
    """The answer: exactly one of KERNEL, USERSPACE, REJECT, and WAIT or not."""
    return _HEAD.pack(ACK_SIZE, 0, mask)


def decode_mark(data: bytes) -> int:
    """The kernel's verdict on the acknowledgement (`MARKS`); `ProtocolError`."""
    if len(data) < MARK_SIZE:
        raise ProtocolError("the kernel closed the connection instead of an answer")
    return int.from_bytes(data[:MARK_SIZE], "little")
