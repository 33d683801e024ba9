"""Where a variable can be, and what a location expression may ask about its frame: see `location`, which works with these."""

from typing import Protocol

import msgspec

from obit.debuginfo.machine import Machine
from obit.debuginfo.scopes import Expression, VariableInfo


class MemoryLocation(msgspec.Struct, frozen=True, gc=False):
    """At a runtime address."""

    address: int


class RegisterLocation(msgspec.Struct, frozen=True, gc=False):
    """In a register, by DWARF number."""

    number: int


class ValueLocation(msgspec.Struct, frozen=True, gc=False):
    """Nowhere, but its value is known: an int of the size of an address (as unsigned; cut it to the variable's size), or its bytes."""

    value: int | bytes


class ImplicitPointer(msgspec.Struct, frozen=True):
    """A pointer to `offset` bytes into a variable that is in no memory: the DIE at `die` (offset in .debug_info) describes that, as
    `variable` (None when it is not there)."""

    die: int
    offset: int
    variable: VariableInfo | None = None


Place = MemoryLocation | RegisterLocation | ValueLocation | ImplicitPointer


class Piece(msgspec.Struct, frozen=True):
    """`bit_size` bits of the variable, found from bit `bit_offset` of `place` on; None is optimized out."""

    place: Place | None
    bit_size: int
    bit_offset: int


class Pieces(msgspec.Struct, frozen=True):
    """Scattered: the parts, lowest address of the variable first."""

    parts: tuple[Piece, ...]


Location = Place | Pieces


class Context(Protocol):
    """What an expression may ask about the frame it is evaluated in. Every method raises `NotAvailable` for what is not known."""

    machine: Machine
    bias: int
    """Runtime - file address of the module the expression comes from."""
    object_address: int | None
    """Address of the object whose member or bound is asked for (DW_OP_push_object_address)."""

    def register(self, number: int) -> int:
        """A general register, unsigned."""
        ...

    def register_bytes(self, number: int, size: int) -> bytes:
        """The lowest `size` bytes of any register, vector registers included."""
        ...

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes at a runtime address."""
        ...

    def cfa(self) -> int:
        """The canonical frame address."""
        ...

    def frame_base(self) -> int:
        """Value of the function's DW_AT_frame_base; see `frame_base_address`."""
        ...

    def tls_address(self, offset: int) -> int:
        """Address of the thread's copy of what is at `offset` in the module's TLS block."""
        ...

    def entry_value(self, expression: Expression) -> int | bytes:
        """What the expression (mostly one register) was when the function was entered, from the caller's call site."""
        ...

    def parameter_value(self, variable: VariableInfo) -> int | bytes:
        """What the call site passed for a parameter (DW_OP_GNU_parameter_ref)."""
        ...

    def variable_value(self, variable: VariableInfo) -> int:
        """Value of a variable of this frame (DW_OP_GNU_variable_value)."""
        ...
