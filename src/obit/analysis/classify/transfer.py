"""How control came to a pc where no code is: by a call, a return, or a jump."""

from typing import Literal

import msgspec

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.operands import Registers
from obit.debuginfo.disassemble import Instruction, Operand, decode
from obit.debuginfo.machine import X86_64

_X86_CALL_SIZES = range(2, 9)
"""From `call rax` (ff d0) to a prefixed `call [base + index*scale + disp32]`."""


class Transfer(msgspec.Struct, frozen=True):
    """`site` is the call, return or jump where it is known; `operand` what it took its target from, with the registers."""

    kind: Literal["call", "return", "branch", "execute"]
    target: int
    site: Instruction | None = None
    operand: str | None = None
    slot: int | None = None
    """Address of the word that held the target, when it was in memory."""


def arrival(context: CrashContext) -> Transfer | None:
    """The transfer that led to the pc, from what it left behind; "execute" when that cannot be told."""
    pc, sp = context.pc, context.sp
    if pc is None or sp is None:
        return None
    x86 = context.image.machine is X86_64
    return_address = context.word(sp) if x86 else context.thread.registers.get(context.image.machine.return_address)
    call = _call_to(context, return_address, pc) if return_address is not None else None
    if call is not None:
        return call
    left = context.word(sp - 8) if x86 else return_address  # `ret` leaves what it popped just below the new sp
    if left == pc:
        return Transfer("return", pc, operand="[rsp]" if x86 else "x30")
    return Transfer("execute", pc)


def departure(context: CrashContext) -> Transfer | None:
    """The transfer that the instruction at the pc is about to make; None when it makes none or its target is not known."""
    instruction = context.instruction
    if instruction is None:
        return None
    if instruction.ret:
        return _return(context, instruction)
    if instruction.call or instruction.jump:
        target = _target(context, context.registers, instruction)
        kind: Literal["call", "branch"] = "call" if instruction.call else "branch"
        if target is not None:
            operand = _operand_text(context.registers, instruction)
            return Transfer(kind, target, instruction, operand, _slot(context.registers, instruction))
    return None


def _return(context: CrashContext, instruction: Instruction) -> Transfer | None:
    if context.image.machine is X86_64:
        target = context.word(context.sp) if context.sp is not None else None
        return None if target is None else Transfer("return", target, instruction, "[rsp]")
    registers = [operand for operand in instruction.operands if operand.kind == "register"]
    value = context.registers.operand(registers[0]) if registers else context.thread.registers.get(30)
    return None if value is None else Transfer("return", value, instruction, instruction.operands_text or "x30")


def _call_to(context: CrashContext, return_address: int, pc: int) -> Transfer | None:
    """The call instruction before a return address, when it went to `pc`."""
    for instruction in calls_before(context, return_address):
        registers = _registers_before(context, instruction)
        if _target(context, registers, instruction) == pc:
            return Transfer("call", pc, instruction, _operand_text(registers, instruction), _slot(registers, instruction))
    return None


def calls_before(context: CrashContext, return_address: int) -> tuple[Instruction, ...]:
    """Every way to read the bytes before a return address as a call."""
    if context.image.machine is not X86_64:
        instruction = context.instruction_at(return_address - 4)
        return (instruction,) if instruction and instruction.call else ()
    start = return_address - _X86_CALL_SIZES[-1]
    code = context.code(start, _X86_CALL_SIZES[-1])
    if len(code) < _X86_CALL_SIZES[-1]:
        return ()
    read = (decode(context.image.machine, code[-size:], return_address - size) for size in _X86_CALL_SIZES)
    return tuple(found for found in read if found and found.call and found.end == return_address)


def _registers_before(context: CrashContext, call: Instruction) -> Registers:
    """The registers as the call saw them: x86-64's has pushed since."""
    thread, machine = context.thread, context.image.machine
    if machine is X86_64 and context.sp is not None:
        thread = msgspec.structs.replace(thread, registers=thread.registers | {machine.sp: context.sp + 8})
    return Registers(machine, thread, call.end)


def _transfer_operand(instruction: Instruction) -> Operand | None:
    """What holds the target: the only operand, or aarch64's last (`cbz x0, target`)."""
    return instruction.operands[-1] if instruction.operands else None


def _slot(registers: Registers, instruction: Instruction) -> int | None:
    operand = _transfer_operand(instruction)
    return registers.address(operand.memory) if operand is not None and operand.memory is not None else None


def _target(context: CrashContext, registers: Registers, instruction: Instruction) -> int | None:
    operand = _transfer_operand(instruction)
    if operand is None:
        return None
    if operand.memory is None:
        return registers.operand(operand)
    address = registers.address(operand.memory)
    return None if address is None else context.word(address)


def _operand_text(registers: Registers, instruction: Instruction) -> str | None:
    operand = _transfer_operand(instruction)
    if operand is not None and operand.memory is not None:
        return registers.described(operand.memory)
    if operand is not None and operand.register is not None:
        return f"{registers.name(operand.register)} = 0x{registers.operand(operand) or 0:x}"
    return instruction.operands_text or None
