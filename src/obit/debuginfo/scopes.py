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
    """A location expression. `blocks` holds the bytes of operations that carry some (implicit_value, entry_value's inner ops …),
    keyed by the operation's index."""

    ops: tuple[Op, ...]
    blocks: dict[int, object] = {}


class Line(msgspec.Struct, frozen=True):
    file: str
    line: int
    column: int | None


class Symbol(msgspec.Struct, frozen=True):
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
