"""Machine instructions as values: what `_capstone` decodes, typed. x86-64 and aarch64.

Register numbers are DWARF's, sizes bytes. `access` flags are capstone's and sometimes wrong: ask `debuginfo.accesses`
what memory an instruction uses.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from obit.debuginfo._capstone import ffi, lib
from obit.debuginfo.evex import decode_evex
from obit.debuginfo.machine import X86_64, Machine

if TYPE_CHECKING:
    from obit.debuginfo._capstone import RawOperand, RawRegister

LONGEST = 15
"""Bytes of the longest instruction (Intel SDM volume 2, 2.3.11)."""

ZERO = -2
"""`Register.number` of what always reads as zero (xzr, wzr, riz)."""

Kind = Literal["other", "register", "immediate", "memory"]
_KINDS: tuple[Kind, ...] = ("other", "register", "immediate", "memory")
_SEGMENTS: dict[int, Literal["fs", "gs"]] = {ord("f"): "fs", ord("g"): "gs"}
_EXTENDS: dict[int, Literal["unsigned", "signed"]] = {ord("u"): "unsigned", ord("s"): "signed"}
_READ, _WRITE = 1, 2
_MEMORY_TEXT = re.compile(r"[fg]s:\[[^]]*\]|(?<![}\w:])\[[^]]*\]")  # not the lane of {v0.s}[1]


class Register(msgspec.Struct, frozen=True, gc=False):
    """A register, or the part of one that an instruction names: `width` bytes from bit `shift` on. `number` is `ZERO` for the
    zero register and -3 for one that DWARF does not number (segment, control, mask registers)."""

    number: int
    width: int
    shift: int = 0


class MemoryOperand(msgspec.Struct, frozen=True, gc=False):
    """segment base + base + extend(index) * scale + displacement, modulo 2^64 (2^32 where `base` is 4 bytes wide)."""

    base: Register | None = None
    index: Register | None = None
    scale: int = 1
    displacement: int = 0
    segment: Literal["fs", "gs"] | None = None
    extend: Literal["unsigned", "signed"] | None = None
    """aarch64: how the 32-bit index becomes 64 bits."""
    text: str = ""
    """`[rax + 0x10]`, as the instruction spells it."""


class Operand(msgspec.Struct, frozen=True, gc=False):
    """One operand in the order of the text. `immediate` is set for kind "immediate" only."""

    kind: Kind
    size: int
    read: bool = False
    write: bool = False
    register: Register | None = None
    memory: MemoryOperand | None = None
    immediate: int = 0


class Instruction(msgspec.Struct, frozen=True, gc=False):
    """A decoded instruction. `mnemonic` has its prefixes (`rep stosq`, `lock inc`)."""

    address: int
    code: bytes
    mnemonic: str
    operands_text: str
    operands: tuple[Operand, ...]
    call: bool = False
    jump: bool = False
    ret: bool = False
    privileged: bool = False
    interrupt: bool = False

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.code)

    @property
    def end(self) -> int:
        """Address of the instruction that follows."""
        return self.address + len(self.code)

    @property
    def operation(self) -> str:
        """The mnemonic without prefixes: `stosq` of `rep stosq`."""
        return self.mnemonic.rpartition(" ")[2]

    @property
    def text(self) -> str:
        """The instruction as a person reads it."""
        return f"{self.mnemonic} {self.operands_text}".rstrip()


def decode(machine: Machine, code: bytes, address: int) -> Instruction | None:
    """The instruction at the start of `code`, which lies at `address`; None when the bytes are none."""
    own = decode_evex(code, address) if code[:1] == b"\x62" and machine is X86_64 else None
    if own is not None:
        return own
    raw = ffi.new("struct obit_instruction *")
    size = lib.obit_decode(machine.elf_machine, code, len(code), address, raw)
    if not size:
        return None
    operands_text = ffi.string(raw.operands_text).decode("ascii", "replace")
    texts = iter(_MEMORY_TEXT.findall(operands_text))
    return Instruction(
        address=address,
        code=code[:size],
        mnemonic=ffi.string(raw.mnemonic).decode("ascii", "replace"),
        operands_text=operands_text,
        operands=tuple(_operand(raw.operands[n], texts) for n in range(raw.operand_count)),
        call=bool(raw.call),
        jump=bool(raw.jump),
        ret=bool(raw.ret),
        privileged=bool(raw.privileged),
        interrupt=bool(raw.interrupt),
    )


def disassemble(machine: Machine, code: bytes, address: int, count: int) -> tuple[Instruction, ...]:
    """Up to `count` instructions one after the other; ends at the first bytes that are none."""
    found: list[Instruction] = []
    offset = 0
    while len(found) < count and (instruction := decode(machine, code[offset : offset + LONGEST], address + offset)):
        found.append(instruction)
        offset += instruction.size
    return tuple(found)


def _register(raw: "RawRegister") -> Register | None:
    return None if raw.number == -1 else Register(raw.number, raw.width, raw.shift)


def _operand(raw: "RawOperand", texts: Iterator[str]) -> Operand:
    kind = _KINDS[raw.kind]
    return Operand(
        kind=kind,
        size=raw.size,
        read=bool(raw.access & _READ),
        write=bool(raw.access & _WRITE),
        register=_register(raw.reg) if kind == "register" else None,
        memory=_memory(raw, next(texts, "")) if kind == "memory" else None,
        immediate=raw.value if kind == "immediate" else 0,
    )


def _memory(raw: "RawOperand", text: str) -> MemoryOperand:
    return MemoryOperand(
        base=_register(raw.base),
        index=_register(raw.index),
        scale=raw.scale,
        displacement=raw.value,
        segment=_SEGMENTS.get(raw.segment),
        extend=_EXTENDS.get(raw.extend),
        text=text,
    )
