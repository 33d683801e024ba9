"""What debug information says about one pc: the functions that are there, and their variables.

These are plain values; `debuginfo.module` fills them. All addresses are file addresses (runtime − bias).
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from obit.debuginfo.types import Type

Op = tuple[int, int, int, int]
"""A DWARF operation: (atom, number, number2, offset within the expression), as libdw decodes it."""


class Expression(msgspec.Struct, frozen=True):
    """A location expression. `blocks` holds what an operation needs beyond its numbers, keyed by the operation's index:

    implicit_value: bytes · entry_value: the inner Expression · const_type: (BaseType, bytes) · regval_type, deref_type, convert,
    reinterpret: BaseType (absent where the type's offset is 0, the generic type) · addrx, constx, GNU_addr_index, GNU_const_index:
    int, the word of .debug_addr (a file address for addrx) · implicit_pointer, GNU_variable_value, GNU_parameter_ref: the VariableInfo of
    the DIE · call2, call4, call_ref: the Expression of that DIE's location, None
    where it has none. What could not be resolved is absent, and the evaluator says so."""

    ops: tuple[Op, ...]
    blocks: dict[int, object] = {}


class Line(msgspec.Struct, frozen=True):
    """A position in a source file: `file` as the line table spells it, `line` and `column` from 1."""

    file: str
    line: int
    column: int | None


class Symbol(msgspec.Struct, frozen=True):
    """An entry of a symbol table: `name` as it stands there (mangled), file address and size in bytes."""

    name: str
    address: int
    size: int


class VariableInfo(msgspec.Struct, frozen=True):
    """A variable or argument of a scope. `locate(address)` gives its expression at a pc: None when the location list has no
    entry there (optimized out). `constant` is set for DW_AT_const_value (an int, or the object's bytes)."""

    name: str
    kind: Literal["argument", "local", "global"]
    type: Callable[[], Type]
    locate: Callable[[int], Expression | None]
    constant: int | bytes | None = None
    line: int | None = None
    artificial: bool = False
    source: int = 0
    """Opaque handle of the DIE that declares it, the same for all its instances; 0 when it has none."""


class DynamicCount(msgspec.Struct, frozen=True):
    """How many elements a dimension of an array has in a frame: the integer that `variable` holds there, plus `add`."""

    variable: VariableInfo
    add: int


class Scope(msgspec.Struct, frozen=True):
    """One function that is active at a pc: the innermost inlined one first. Its nested blocks that contain the pc are merged in,
    innermost block's variables first; an outer variable shadowed by an inner one of the same name stays, after it."""

    name: str
    """Qualified, with template arguments, without parameters: `shop::Cart<int>::total`."""
    linkage_name: str | None
    inlined: bool
    call: Line | None
    """Where the caller called an inlined function: the position to report for the *next* (outer) scope."""
    low: int
    """Lowest address of the function, the outermost for inlined."""
    frame_base: Callable[[int], Expression | None]
    variables: Callable[[], tuple[VariableInfo, ...]]
    language: str
    die_offset: int
    unit: int
    """Opaque handles of the DIE, for the evaluator (call_site parameters, call_ref)."""
