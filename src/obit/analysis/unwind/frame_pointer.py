"""The caller by the frame pointer: [fp] is the caller's fp and [fp + 8] the return address (psABI 3.2.2, AAPCS64 6.4.6)."""

from typing import TYPE_CHECKING

from obit.analysis.unwind.step import Caller, Walk

if TYPE_CHECKING:
    from obit.analysis.unwind.stack import UnwoundFrame

FARTHEST = 8 << 20
"""A frame larger than this is no frame."""


def caller(walk: Walk, frame: "UnwoundFrame") -> Caller | None:
    """The caller, when fp points above sp to a pair whose second word is an address of code after a call."""
    machine = walk.image.machine
    pointer, sp = frame.registers.get(machine.fp), frame.registers.get(machine.sp)
    if pointer is None or sp is None or pointer % 8 or not sp <= pointer < sp + FARTHEST:
        return None
    saved, pc = walk.word(pointer), walk.word(pointer + 8)
    if saved is None or pc is None or (saved != 0 and saved <= pointer):
        return None
    pc = walk.code_address(pc)
    if pc and not walk.executable(pc - 1):
        return None
    return Caller(pc, {machine.pc: pc, machine.sp: pointer + 16, machine.fp: saved}, pointer + 16)
