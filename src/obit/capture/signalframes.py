"""What signal handlers interrupted: the registers that the kernel saved on the handler's stack. Pure; standard library only.

Sources: struct rt_sigframe in arch/x86/include/asm/sigframe.h and arch/arm64/kernel/signal.c, struct ucontext and sigcontext in their
uapi/asm headers.
"""

from collections.abc import Iterator
from struct import unpack_from
from typing import NamedTuple

from obit.capture.selection import ThreadState

MOST = 16
"""Contexts looked at of one stack."""


class _Frame(NamedTuple):
    """Offsets in struct ucontext: `mark` is in every one, at `at`; `words` is the number of `registers`."""

    mark: bytes
    at: int
    sp: int
    pc: int
    registers: int
    words: int


_X86 = _Frame(b"\x33\0\0\0\0\0\x2b\0", 184, 160, 168, 40, 15)
"""The segment selectors: cs and ss of 64-bit programs."""
_AARCH64 = _Frame(b"\x01\x80\x50\x46\x10\x02\0\0", 464, 432, 440, 184, 31)
"""FPSIMD_MAGIC and the size of that record, which is the first after the general registers."""


def contexts(stack: bytes) -> Iterator[ThreadState]:
    """The saved contexts in the memory of a stack from its stack pointer on, at a multiple of 8; the innermost first. A wrong one may be
    among them."""
    found = ((stack.find(frame.mark), frame) for frame in (_X86, _AARCH64))
    for at, frame in found:
        for _ in range(MOST):
            if at < 0:
                break
            if at >= frame.at and at % 8 == 0 and _is_context(stack, at - frame.at):
                yield _state(stack, at - frame.at, frame)
            at = stack.find(frame.mark, at + 8)


def _is_context(stack: bytes, start: int) -> bool:
    """uc_flags has three bits at most, uc_link is not set by the kernel."""
    flags, link = unpack_from("<QQ", stack, start)
    return flags < 8 and not link


def _state(stack: bytes, start: int, frame: _Frame) -> ThreadState:
    (sp,) = unpack_from("<Q", stack, start + frame.sp)
    (pc,) = unpack_from("<Q", stack, start + frame.pc)
    return ThreadState(sp, pc, 0, unpack_from(f"<{frame.words}Q", stack, start + frame.registers))
