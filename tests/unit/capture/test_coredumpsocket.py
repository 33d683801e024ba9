"""The kernel's words on a coredump socket, byte for byte."""

import struct

import pytest

from obit.capture.coredumpsocket import (
    KERNEL,
    MARK_ACCEPTED,
    REJECT,
    USERSPACE,
    WAIT,
    ProtocolError,
    decode_mark,
    decode_request,
    encode_ack,
)

REQUEST = bytes.fromhex("10000000 10000000 0f00000000000000")


def test_a_request_of_linux_6_17() -> None:
    request = decode_request(REQUEST)
    assert (request.size, request.size_ack) == (16, 16)
    assert request.allows(KERNEL | USERSPACE | REJECT | WAIT)
    assert not request.allows(1 << 4)


def test_a_later_kernel_says_more() -> None:
    request = decode_request(struct.pack("<IIQQ", 24, 32, 0x1F, 7))
    assert (request.size, request.size_ack) == (24, 32)


@pytest.mark.parametrize(
    "data",
    [
        *(REQUEST[:size] for size in (0, 1, 8, 15)),
        struct.pack("<IIQ", 15, 16, 15),
        struct.pack("<IIQ", 1 << 31, 16, 15),
        struct.pack("<IIQ", 16, 8, 15),
    ],
)
def test_what_is_no_request(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_request(data)


def test_the_acknowledgement() -> None:
    assert encode_ack(KERNEL | WAIT) == bytes.fromhex("10000000 00000000 0900000000000000")


def test_the_mark() -> None:
    assert decode_mark(bytes(4)) == MARK_ACCEPTED
    assert decode_mark(b"\4\0\0\0") == 4
    with pytest.raises(ProtocolError):
        decode_mark(b"\0\0\0")
