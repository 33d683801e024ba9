# Types of the cffi extension that native/capstone builds; the structs are those of its declarations.h.
from collections.abc import Sequence

class RawRegister:
    number: int
    width: int
    shift: int

class RawOperand:
    kind: int
    access: int
    size: int
    reg: RawRegister
    base: RawRegister
    index: RawRegister
    segment: int
    extend: int
    scale: int
    value: int

class RawInstruction:
    size: int
    call: int
    jump: int
    ret: int
    privileged: int
    interrupt: int
    operand_count: int
    mnemonic: object
    operands_text: object
    operands: Sequence[RawOperand]

class _Ffi:
    def new(self, declaration: str) -> RawInstruction: ...
    def string(self, characters: object) -> bytes: ...

class _Lib:
    def obit_decode(self, elf_machine: int, code: bytes, size: int, address: int, out: RawInstruction, /) -> int: ...

ffi: _Ffi
lib: _Lib
