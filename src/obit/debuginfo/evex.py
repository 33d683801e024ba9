"""AVX-512 instructions with a memory operand that capstone 4 does not know (all of AVX-512BW) or misreads (an index register becomes
a vector), and that glibc's string functions are made of: `strlen(NULL)` faults in one on most servers of today.

Source: Intel SDM volume 2: 2.7 (EVEX prefix and compressed displacements), and each instruction's opcode.
"""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from obit.debuginfo.disassemble import Instruction, Register

_OPCODES = {
    # (map, opcode): mnemonics by EVEX.W, immediate bytes
    (1, 0x74): ("vpcmpeqb", "vpcmpeqb", 0),
    (1, 0x75): ("vpcmpeqw", "vpcmpeqw", 0),
    (1, 0x76): ("vpcmpeqd", "vpcmpeqd", 0),
    (1, 0xDA): ("vpminub", "vpminub", 0),
    (1, 0xEF): ("vpxord", "vpxorq", 0),
    (1, 0xF8): ("vpsubb", "vpsubb", 0),
    (2, 0x26): ("vptestmb", "vptestmw", 0),
    (2, 0x27): ("vptestmd", "vptestmq", 0),
    (2, 0x3A): ("vpminuw", "vpminuw", 0),
    (3, 0x1E): ("vpcmpud", "vpcmpuq", 1),
    (3, 0x1F): ("vpcmpd", "vpcmpq", 1),
    (3, 0x25): ("vpternlogd", "vpternlogq", 1),
    (3, 0x3E): ("vpcmpub", "vpcmpuw", 1),
    (3, 0x3F): ("vpcmpb", "vpcmpw", 1),
}
"""All of them have the mandatory prefix 66 and read a whole vector."""
_VECTORS = ("xmm", "ymm", "zmm")
_MASK_RESULT = frozenset((0x1E, 0x1F, 0x26, 0x27, 0x3E, 0x3F, 0x74, 0x75, 0x76))
"""Opcodes whose result is a mask register."""
_DWARF_NUMBERS = (0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15)
_NAMES = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", *(f"r{number}" for number in range(8, 16)))
_PREFIX_66, _BROADCAST = 1, 0x10
_SIB, _NO_INDEX, _NO_BASE = 4, 4, 5
_INSTRUCTION_POINTER = 16


class _Address(msgspec.Struct, frozen=True):
    """Numbers as the instruction has them; `size` counts the bytes of ModRM, SIB and displacement."""

    base: int | None
    index: int | None
    scale: int
    displacement: int
    size: int


def decode_evex(code: bytes, address: int) -> "Instruction | None":
    """The instruction at the start of `code` when it is one of those that read memory; None otherwise."""
    from obit.debuginfo.disassemble import Instruction, MemoryOperand, Operand

    if len(code) < 6 or code[0] != 0x62 or code[5] >> 6 == 3 or code[3] >> 5 & 3 == 3:
        return None
    if code[2] & 3 != _PREFIX_66 or code[3] & _BROADCAST:
        return None
    names = _OPCODES.get((code[1] & 7, code[4]))
    vector = code[3] >> 5 & 3
    where = _address(code, 16 << vector)
    if names is None or where is None or len(code) < (size := 5 + where.size + names[2]):
        return None
    text = _text(where)
    memory = MemoryOperand(
        base=_register(where.base), index=_register(where.index), scale=where.scale, displacement=where.displacement, text=text
    )
    first, second = (_result(code, vector), f"{_VECTORS[vector]}{_source(code)}")
    immediate = f", {code[size - 1]}" if names[2] else ""
    return Instruction(
        address=address,
        code=code[:size],
        mnemonic=names[1] if code[2] & 0x80 else names[0],
        operands_text=f"{first}, {second}, {text}{immediate}",
        operands=(Operand("memory", 16 << vector, read=True, memory=memory),),
    )


def _address(code: bytes, vector_bytes: int) -> _Address | None:
    """ModRM and what follows it. A displacement of one byte counts vectors."""
    mode, rm = code[5] >> 6, code[5] & 7
    high_base, high_index = 8 * (not code[1] & 0x20), 8 * (not code[1] & 0x40)
    base: int | None = rm + high_base
    index: int | None = None
    scale, at = 1, 6
    if rm == _SIB:
        if len(code) < 7:
            return None
        base, index, scale, at = (code[6] & 7) + high_base, (code[6] >> 3 & 7) + high_index, 1 << (code[6] >> 6), 7
        index = None if index == _NO_INDEX else index
    absolute = mode == 0 and (code[at - 1] & 7) == _NO_BASE
    width = 4 if mode == 2 or absolute else mode
    displacement = int.from_bytes(code[at : at + width], "little", signed=True) * (vector_bytes if mode == 1 else 1)
    if absolute:
        base = None if rm == _SIB else _INSTRUCTION_POINTER
    return _Address(base, index, scale, displacement, at + width - 5)


def _register(number: int | None) -> "Register | None":
    from obit.debuginfo.disassemble import Register

    if number is None:
        return None
    return Register(number if number == _INSTRUCTION_POINTER else _DWARF_NUMBERS[number], 8)


def _text(where: _Address) -> str:
    parts = [] if where.base is None else ["rip" if where.base == _INSTRUCTION_POINTER else _NAMES[where.base]]
    if where.index is not None:
        parts.append(_NAMES[where.index] + (f"*{where.scale}" if where.scale > 1 else ""))
    sign = "-" if where.displacement < 0 else "+"
    offset = f" {sign} 0x{abs(where.displacement):x}" if where.displacement and parts else ""
    return f"[{' + '.join(parts)}{offset}]" if parts else f"[0x{where.displacement & 0xFFFFFFFF:x}]"


def _source(code: bytes) -> int:
    """Number of the vector register that EVEX.V'vvvv names, stored inverted."""
    return (~code[2] >> 3 & 15) + (0 if code[3] & 8 else 16)


def _result(code: bytes, vector: int) -> str:
    number = code[5] >> 3 & 7
    mask = f" {{k{code[3] & 7}}}" if code[3] & 7 else ""
    if code[4] in _MASK_RESULT:
        return f"k{number}{mask}"
    high = 8 * (not code[1] & 0x80) + 16 * (not code[1] & 0x10)
    return f"{_VECTORS[vector]}{number + high}{mask}"
