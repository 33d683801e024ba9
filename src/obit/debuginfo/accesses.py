"""What memory an instruction uses, and how: explicit operands with capstone's wrong flags mended, and the implicit ones.

Capstone 4.0.2 calls `movups [m], xmm` a read, gives aarch64's flags by the assembler's operand order, counts `lea` and prefetches as
reads, and does not list what push, call, ret or xlat do. Sources: Intel SDM volume 2 (each instruction's operand table), Arm ARM C6.
"""

import re
from typing import NamedTuple

from obit.debuginfo.disassemble import Instruction, MemoryOperand, Operand, Register
from obit.debuginfo.machine import X86_64, Machine


class MemoryUse(NamedTuple):
    """One use of memory by an instruction, `size` bytes (0: not known). `stack`: the implicit one of push, pop, call, ret."""

    operand: MemoryOperand
    size: int
    read: bool
    write: bool
    stack: bool = False
    exact: bool = True
    """False where the operand does not say the whole address (gathers and scatters add a vector element)."""


def memory_uses(machine: Machine, instruction: Instruction) -> tuple[MemoryUse, ...]:
    """Every memory use of an instruction, explicit ones first, in the order of the operands."""
    return _x86(instruction) if machine is X86_64 else _aarch64(instruction)


# x86-64 ---------------------------------------------------------------------------------------------------------------

# Tuples of words rather than patterns: they cost nothing to import.
_NO_ACCESS = ("lea", "nop", "fnop", "invlpg", "cldemote")
_HINTS = ("prefetch", "bnd")
_STORES = tuple(
    """
    mov vmov maskmov vmaskmov set stos fst fist fbstp fnst fsave fnsave fxsave xsave pop stmxcsr vstmxcsr pextr vpextr extract vextract
    sgdt sidt sldt smsw str vscatter vpscatter vcompress vpcompress vcvtps2ph vpmov insb insw insd
    """.split()
)
"""What instructions that write their first operand, without reading it, begin with."""
_MODIFIES = ("cmpxchg", "xadd", "xchg")
_STATE_SIZES = {"fxsave": 512, "fxsave64": 512, "fxrstor": 512, "fxrstor64": 512}
_RSP, _RBP, _RAX, _RBX, _RDI = (Register(number, 8) for number in (7, 6, 0, 3, 5))


def _x86(instruction: Instruction) -> tuple[MemoryUse, ...]:
    operation = instruction.operation
    if operation in _NO_ACCESS or operation.startswith(_HINTS):
        return ()
    uses = [_x86_use(operation, index, operand) for index, operand in enumerate(instruction.operands) if operand.memory]
    return (*uses, *_x86_implicit(instruction))


def _x86_use(operation: str, index: int, operand: Operand) -> MemoryUse:
    memory = operand.memory or MemoryOperand()
    read, write = operand.read, operand.write
    if index == 0 and operation.startswith(_STORES):
        read, write = False, True
    elif index == 0 and operation.startswith(_MODIFIES):
        read = write = True
    size = 0 if operation.startswith(("xsave", "xrstor")) else _STATE_SIZES.get(operation, operand.size)
    vector_index = memory.index is not None and memory.index.width > 8
    return MemoryUse(memory, size, read or not write, write, exact=not vector_index)


def _x86_implicit(instruction: Instruction) -> tuple[MemoryUse, ...]:
    operation = instruction.operation
    if instruction.call:
        return (_stack(-8, 8, write=True),)
    if operation.startswith("push"):
        size = 2 if instruction.code[:1] == b"\x66" else 8
        return (_stack(-size, size, write=True),)
    if operation == "enter":
        return (_stack(-8, 8, write=True),)
    if operation == "leave":
        return (MemoryUse(MemoryOperand(base=_RBP, text="[rbp]"), 8, read=True, write=False, stack=True),)
    if operation.startswith("pop") and operation != "popcnt":
        return (_stack(0, 2 if instruction.code[:1] == b"\x66" else 8, write=False),)
    if instruction.ret:
        return (_stack(0, 8, write=False),)
    return _x86_fixed(operation)


def _x86_fixed(operation: str) -> tuple[MemoryUse, ...]:
    """Instructions whose address is in registers that the text does not name."""
    if operation == "xlatb":
        return (MemoryUse(MemoryOperand(base=_RBX, index=Register(0, 1), text="[rbx + al]"), 1, read=True, write=False),)
    if operation in ("maskmovdqu", "vmaskmovdqu"):
        return (MemoryUse(MemoryOperand(base=_RDI, text="[rdi]"), 16, read=False, write=True),)
    return ()


def _stack(displacement: int, size: int, *, write: bool) -> MemoryUse:
    text = f"[rsp - {-displacement}]" if displacement else "[rsp]"
    return MemoryUse(MemoryOperand(base=_RSP, displacement=displacement, text=text), size, read=not write, write=write, stack=True)


# aarch64 --------------------------------------------------------------------------------------------------------------

_LSE = r"(ld(add|clr|eor|set|[su]max|[su]min)|st(add|clr|eor|set|[su]max|[su]min)|swp|casp?)a?l?[bh]?$"
"""Read-modify-write instructions of FEAT_LSE."""
_WIDTHS = {"b": 1, "h": 2, "w": 4}


def _aarch64(instruction: Instruction) -> tuple[MemoryUse, ...]:
    mnemonic = instruction.mnemonic
    if mnemonic.startswith("prf"):
        return ()
    size = _aarch64_size(instruction)
    modifies = bool(re.match(_LSE, mnemonic))
    write = modifies or mnemonic.startswith(("st", "dc"))
    read = modifies or not write
    memories = [operand.memory for operand in instruction.operands if operand.memory]
    if not memories and mnemonic.startswith("ldr") and len(instruction.operands) == 2 and instruction.operands[1].kind == "immediate":
        target = instruction.operands[1].immediate  # a literal beside the code
        memories = [MemoryOperand(displacement=target, text=f"[0x{target:x}]")]
    return tuple(MemoryUse(memory, size, read, write) for memory in memories)


def _aarch64_size(instruction: Instruction) -> int:
    """Bytes that a load or store moves: the suffix says it, else the registers before the address do."""
    mnemonic = instruction.mnemonic
    if mnemonic.startswith("dc"):
        return 64
    registers = [operand for operand in instruction.operands if operand.kind == "register"]
    match = re.match(r"(?:ld|st)\w*?r?s?([bhw])$|(?:swp|cas)\w*([bh])$", mnemonic)
    if match and mnemonic != "ldpsw":
        return _WIDTHS[match[1] or match[2]]
    if mnemonic == "ldpsw":
        return 8
    if mnemonic.startswith(("stxr", "stlxr", "stxp", "stlxp")):
        registers = registers[1:]  # the first is the status
    if re.match(_LSE, mnemonic):
        return registers[0].size if registers else 0
    return sum(operand.size for operand in registers)


__all__ = ["MemoryUse", "memory_uses"]
