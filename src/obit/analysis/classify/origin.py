"""Where a register got its value: the memory word that it was loaded from, by reading the function's code backwards.

Straight-line reading can be wrong where a jump came in between, so an answer counts only if the word still holds the value.
"""

import msgspec

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.operands import MASK
from obit.debuginfo.disassemble import Instruction, MemoryOperand, Operand, Register, disassemble

_MOST_CODE = 1 << 14
_DEPTH = 8
_LOADS = ("mov", "movabs", "ldr", "ldur", "ldar")


class Origin(msgspec.Struct, frozen=True):
    """A pointer-sized word in memory that a register was loaded from."""

    address: int
    value: int


def origin(context: CrashContext, register: Register) -> Origin | None:
    """The word that the register's value at the pc was loaded from; None when it was not, or when that cannot be told."""
    code = _function_code(context)
    value = context.thread.registers.get(register.number)
    if value is None or not code:
        return None
    address = _Reader(context, code).loaded_from(register.number, len(code), _DEPTH)
    return Origin(address, value) if address is not None and context.word(address) == value else None


def _function_code(context: CrashContext) -> tuple[Instruction, ...]:
    """The instructions of the function before the pc; empty when its start is not known or far."""
    pc = context.pc or 0
    module = context.image.module_at(pc)
    symbol = module.file.symbol(pc - module.bias) if module and module.file else None
    if module is None or symbol is None:
        return ()
    start = symbol.address + module.bias
    if not 0 < pc - start <= _MOST_CODE:
        return ()
    found = disassemble(context.image.machine, context.code(start, pc - start), start, _MOST_CODE)
    return found if found and found[-1].end == pc else ()


class _Reader:
    """Values of registers at earlier instructions, as far as loads, moves and address computations tell."""

    def __init__(self, context: CrashContext, code: tuple[Instruction, ...]) -> None:
        self.context = context
        self.code = code

    def loaded_from(self, register: int, before: int, depth: int) -> int | None:
        """Address of the word that the register held just before instruction `before` was loaded from."""
        index = self._writer(register, before)
        if index is None or depth <= 0:
            return None
        instruction = self.code[index]
        source = _source(instruction)
        if source is None or instruction.operation not in _LOADS:
            return None
        if source.memory is not None:
            return self._address(instruction, source.memory, index, depth - 1)
        return self.loaded_from(source.register.number, index, depth - 1) if source.register else None

    def _value(self, register: Register, before: int, depth: int) -> int | None:
        """The register just before instruction `before`: as now when nothing has written it since."""
        if not any(_writes(instruction, register.number) for instruction in self.code[before:]):
            return self.context.thread.registers.get(register.number)
        address = self.loaded_from(register.number, before, depth)
        return None if address is None else self.context.word(address)

    def _address(self, instruction: Instruction, operand: MemoryOperand, before: int, depth: int) -> int | None:
        if operand.segment or operand.extend or any(part is not None and part.width != 8 for part in (operand.base, operand.index)):
            return None
        total = operand.displacement
        for part, scale in ((operand.base, 1), (operand.index, operand.scale)):
            if part is None:
                continue
            at_pc = part.number == self.context.image.machine.pc
            value = instruction.end if at_pc else self._value(part, before, depth)
            if value is None:
                return None
            total += value * scale
        return total & MASK

    def _writer(self, register: int, before: int) -> int | None:
        """Index of the last instruction before `before` that sets the register; None also when a call may have."""
        for index in range(before - 1, -1, -1):
            if self.code[index].call and register not in self.context.image.machine.callee_saved:
                return None
            if _writes(self.code[index], register):
                return index
        return None


def _writes(instruction: Instruction, register: int) -> bool:
    first = instruction.operands[0] if instruction.operands else None
    return first is not None and first.register is not None and first.register.number == register and (first.write or not first.read)


def _source(instruction: Instruction) -> Operand | None:
    """The second operand of a two-operand load or move of 8 bytes."""
    operands = instruction.operands
    if len(operands) != 2 or operands[0].register is None or operands[0].register.width != 8:
        return None
    return operands[1]
