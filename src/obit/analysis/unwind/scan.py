"""The caller by looking for a return address on the stack: a word that points behind a call instruction."""

from typing import TYPE_CHECKING

from obit.analysis.unwind.step import Caller, Walk

if TYPE_CHECKING:
    from obit.analysis.unwind.stack import UnwoundFrame

WORDS = 1024
"""How far to look; larger frames without CFI and without frame pointer are rare."""


def caller_of_bad_pc(walk: Walk, frame: "UnwoundFrame") -> Caller | None:
    """The caller when the pc itself cannot be code (a call through a null or wild pointer): nothing of the callee ran, so the
    return address is still where the call put it and every register is still the caller's."""
    machine = walk.image.machine
    if frame.trust != "context" or walk.executable(frame.pc):
        return None
    sp = frame.registers.get(machine.sp)
    if sp is None:
        return None
    if machine.name == "aarch64":
        pc, after = frame.registers.get(machine.return_address), sp
    else:
        pc, after = walk.word(sp), sp + 8
    pc = None if pc is None else walk.code_address(pc)
    if pc is None or not is_return_address(walk, pc):
        return None
    return Caller(pc, {**frame.registers, machine.pc: pc, machine.sp: after}, after)


def caller_of_leaf(walk: Walk, frame: "UnwoundFrame") -> Caller | None:
    """The caller of an innermost function that has nothing on the stack (a leaf without frame pointer): the word at sp is the return
    address of a direct call of this very function. The frame pointer is the caller's then, and would skip a frame."""
    machine, sp = walk.image.machine, frame.registers.get(walk.image.machine.sp)
    if frame.trust != "context" or machine.name != "x86_64" or sp is None or frame.module is None or frame.module.file is None:
        return None
    pc, symbol = walk.word(sp), frame.module.file.symbol(frame.pc - frame.module.bias)
    if pc is None or symbol is None or not is_return_address(walk, pc):
        return None
    call = walk.image.memory.read_some(pc - 5, 5)
    if len(call) < 5 or call[0] != 0xE8:
        return None
    if pc + int.from_bytes(call[1:], "little", signed=True) != symbol.address + frame.module.bias:
        return None
    kept = {number: frame.registers[number] for number in machine.callee_saved if number in frame.registers}
    return Caller(pc, {**kept, machine.pc: pc, machine.sp: sp + 8}, sp + 8)


def caller(walk: Walk, frame: "UnwoundFrame") -> Caller | None:
    """The nearest word above sp that a call could have pushed."""
    machine = walk.image.machine
    sp = frame.registers.get(machine.sp)
    if sp is None:
        return None
    stack = walk.image.memory.read_some(sp & ~7, 8 * WORDS)
    for offset in range(0, len(stack) - 7, 8):
        pc = walk.code_address(int.from_bytes(stack[offset : offset + 8], "little"))
        if pc > 4096 and is_return_address(walk, pc):
            return Caller(pc, _registers(walk, frame, (sp & ~7) + offset, pc), (sp & ~7) + offset + 8)
    return None


def is_return_address(walk: Walk, pc: int) -> bool:
    """Whether `pc` is code and the instruction before it is a call (where its bytes can be read)."""
    if not walk.executable(pc - 1) or walk.module_at(pc - 1) is None:
        return False
    before = walk.image.memory.read_some(pc - 8, 8)
    if len(before) < 8:
        return True
    if walk.image.machine.name == "aarch64":
        word = int.from_bytes(before[4:], "little")
        return word >> 26 == 0b100101 or word & 0xFFFFFC1F == 0xD63F0000
    return before[3] == 0xE8 or any(before[8 - n] == 0xFF and before[9 - n] >> 3 & 7 == 2 for n in (2, 3, 4, 6, 7))


def _registers(walk: Walk, frame: "UnwoundFrame", slot: int, pc: int) -> dict[int, int]:
    """Registers of a scanned caller: pc and sp, and the frame pointer when the word below the return address looks like one. Where CFI
    does without it, it is a register like any other there, whose value would be made up."""
    machine = walk.image.machine
    registers = {machine.pc: pc, machine.sp: slot + 8}
    row = walk.row(pc - 1)
    if row is not None and (not isinstance(row.cfa, tuple) or row.cfa[0] != machine.fp):
        return registers
    saved = walk.word(slot - 8)
    if saved is not None and slot < saved < slot + (1 << 20) and saved % 8 == 0:
        registers[machine.fp] = saved
    elif machine.fp in frame.registers and frame.registers[machine.fp] > slot:
        registers[machine.fp] = frame.registers[machine.fp]
    return registers
