"""Saved contexts in the memory of a handler's stack."""

from collections.abc import Callable
from struct import pack

import pytest

from obit.capture.signalframes import MOST, contexts


def x86(sp: int, pc: int, *, flags: int = 7, link: int = 0) -> bytes:
    """struct ucontext up to the segment selectors."""
    registers = (*range(1, 16), sp, pc, 0x202, 0x002B_0000_0000_0033)
    return pack("<QQQQQ19Q", flags, link, 0, 0, 0, *registers)


def aarch64(sp: int, pc: int) -> bytes:
    """struct ucontext up to the head of the first record."""
    return pack("<QQ160xQ31QQQQ8xII", 0, 0, 0xFA, *range(31), sp, pc, 0x8000_0000, 0x46508001, 528)


@pytest.mark.parametrize("frame", [x86, aarch64])
def test_registers_of_what_was_interrupted(frame: Callable[[int, int], bytes]) -> None:
    (found,) = contexts(bytes(320) + frame(0x7000, 0x4000) + bytes(64))
    assert (found.sp, found.pc) == (0x7000, 0x4000)
    assert found.words == (tuple(range(1, 16)) if frame is x86 else tuple(range(31)))


def test_all_of_them_the_innermost_first() -> None:
    assert [state.sp for state in contexts(x86(1, 1) + bytes(640) + x86(2, 2))] == [1, 2]


@pytest.mark.parametrize(
    "memory", [b"", x86(1, 1, flags=8), x86(1, 1, link=5), x86(1, 1)[8:], bytes(4) + x86(1, 1), aarch64(1, 1)[:-8], bytes(1 << 16)]
)
def test_what_is_no_context(memory: bytes) -> None:
    assert not list(contexts(memory))


def test_a_stack_full_of_them_is_bounded() -> None:
    assert len(list(contexts(x86(1, 1) * 1000))) == MOST
