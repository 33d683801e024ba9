"""Effective addresses: what the registers say about the memory that an instruction uses."""

import msgspec

from obit.debuginfo.accesses import MemoryUse, memory_uses
from obit.debuginfo.disassemble import ZERO, Instruction, MemoryOperand, Operand, Register
from obit.debuginfo.machine import X86_64, Machine
from obit.image.process import ThreadImage

MASK = (1 << 64) - 1
CANONICAL_END = 1 << 47
"""First address beyond user space on x86-64 with four-level page tables (Documentation/arch/x86/x86_64/mm.rst)."""


class ResolvedUse(msgspec.Struct, frozen=True):
    """A memory use with its address; None when a register it needs is not known."""

    use: MemoryUse
    address: int | None

    def covers(self, address: int) -> bool:
        """Whether a fault at `address` can be this use. The kernel gives the first byte that failed: not always the first of the use."""
        if self.address is None:
            return False
        if not self.use.exact:
            return True
        return 0 <= (address - self.address) & MASK < (self.use.size or 4096)


class Registers:
    """Reads registers, whole or in part, of a stopped thread."""

    __slots__ = ("_next_pc", "machine", "thread")

    def __init__(self, machine: Machine, thread: ThreadImage, next_pc: int) -> None:
        self.machine = machine
        self.thread = thread
        self._next_pc = next_pc

    def value(self, register: Register) -> int | None:
        """A register as an unsigned number; the instruction pointer reads as the next instruction's address, as rip-relative
        operands mean it."""
        if register.number == ZERO:
            return 0
        whole = self._next_pc if register.number == self.machine.pc else self.thread.registers.get(register.number)
        return None if whole is None else whole >> register.shift & (1 << 8 * min(register.width, 8)) - 1

    def address(self, operand: MemoryOperand) -> int | None:
        """Effective address of a memory operand; None when a register is not known."""
        segment = self.thread.special.get(f"{operand.segment}_base") if operand.segment else 0
        base = self.value(operand.base) if operand.base else 0
        index = self._index(operand) if operand.index else 0
        if segment is None or base is None or index is None:
            return None
        offset = base + index * operand.scale + operand.displacement
        narrow = self.machine is X86_64 and operand.base is not None and operand.base.width == 4
        return segment + (offset & 0xFFFFFFFF if narrow else offset) & MASK

    def _index(self, operand: MemoryOperand) -> int | None:
        index = operand.index
        if index is None or index.width > 8:  # a vector of indices: each element has its own address
            return 0
        value = self.value(index)
        if value is not None and operand.extend == "signed":
            return (value & 0xFFFFFFFF ^ 1 << 31) - (1 << 31)
        return value

    def operand(self, operand: Operand) -> int | None:
        """Value of a register or immediate operand."""
        if operand.kind == "immediate":
            return operand.immediate & MASK
        return self.value(operand.register) if operand.register else None

    def name(self, register: Register) -> str:
        """The whole register's name."""
        names = self.machine.registers
        return names[register.number] if 0 <= register.number < len(names) else f"register {register.number}"

    def described(self, operand: MemoryOperand) -> str:
        """`[rax + 0x10] with rax = 0x0`: an operand and what the registers in it hold."""
        parts = []
        for register in (operand.base, operand.index):
            if register is not None and register.number not in (ZERO, self.machine.pc) and register.width <= 8:
                value = self.value(register)
                parts.append(f"{self.name(register)} {'unknown' if value is None else f'= 0x{value:x}'}")
        return operand.text + (" with " + ", ".join(dict.fromkeys(parts)) if parts else "")


def resolve(machine: Machine, thread: ThreadImage, instruction: Instruction) -> tuple[ResolvedUse, ...]:
    """Every memory use of an instruction that is about to run, with its address."""
    registers = Registers(machine, thread, instruction.end)
    return tuple(ResolvedUse(use, registers.address(use.operand)) for use in memory_uses(machine, instruction))


def canonical(machine: Machine, address: int) -> bool:
    """Whether an address can exist. x86-64: bits 63-47 equal; aarch64: bits 55-48 equal (the top byte may be a tag)."""
    if machine is X86_64:
        return address < CANONICAL_END or address >= (1 << 64) - CANONICAL_END
    return address >> 48 & 0xFF in (0, 0xFF)
