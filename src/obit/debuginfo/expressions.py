"""Location expressions of DIEs: see `native/libdw/location.c` for what libdw is asked."""

import struct
from collections.abc import Callable
from typing import Literal

from obit.debuginfo import tags
from obit.debuginfo._libdw import ffi, lib
from obit.debuginfo.libdw import ARTIFICIAL, NONE, Die, Entry, data, entry, text
from obit.debuginfo.scopes import Expression, Op, VariableInfo
from obit.debuginfo.types import BaseType, Type

RawOp = tuple[int, ...]
"""The fields of `obit_op`: atom, number, number2, offset, kind, and up to four numbers that depend on the kind."""

_LAYOUT = struct.Struct("<9q")
_ROOM = 512
_MOST = 1 << 16
_MOST_ADDRESSES = 4096
_PLAIN, _BYTES, _INNER, _TYPE, _TYPED_BYTES, _WORD, _DIE = range(7)
_LONGEST = 1 << 20

_ops = ffi.new(f"obit_op[{_ROOM}]")
_used = ffi.new("int64_t[1]")


def read_ops(die: Die, attribute: int, address: int) -> list[RawOp] | None:
    """The operations that an attribute has at an address, those it refers to behind them; None when it has none there."""
    found = _read(die, attribute, address)
    return None if found is None else found[0][: found[1]]


def _read(die: Die, attribute: int, address: int) -> tuple[list[RawOp], int] | None:
    out, room = _ops, _ROOM
    count = lib.obit_location(die[0], die[1], attribute, address, out, room, _used)
    if count < 0:
        return None
    used: int = struct.unpack("<q", ffi.buffer(_used))[0]
    if used > room:
        if used > _MOST:
            return None
        out, room = ffi.new(f"obit_op[{used}]"), used
        lib.obit_location(die[0], die[1], attribute, address, out, room, _used)
    return list(_LAYOUT.iter_unpack(ffi.buffer(out, used * _LAYOUT.size))) if used else [], count


class ExpressionReader:
    """Reads expressions; `type_of` makes the base types that typed operations name."""

    def __init__(self, type_of: Callable[[Die], Type]) -> None:
        self._type_of = type_of

    def read(self, die: Die, attribute: int, address: int) -> Expression | None:
        """The expression that an attribute of a DIE has at a file address; None when it has none there."""
        found = _read(die, attribute, address)
        if found is None:
            return None
        raw, count = found
        return self._expression(raw, 0, count)

    def _expression(self, raw: list[RawOp], first: int, count: int) -> Expression:
        ops: list[Op] = []
        blocks: dict[int, object] = {}
        for index, op in enumerate(raw[first : first + count]):
            ops.append((op[0], op[1], op[2], op[3]))
            if op[4] != _PLAIN:
                self._block(blocks, index, op, raw)
        return Expression(tuple(ops), blocks)

    def _block(self, blocks: dict[int, object], index: int, op: RawOp, raw: list[RawOp]) -> None:
        kind, first, second, third, fourth = op[4:]
        if kind == _BYTES:
            blocks[index] = data(first, min(second, _LONGEST))
        elif kind == _INNER:
            blocks[index] = self._expression(raw, first, second) if second else None
        elif kind == _WORD:
            blocks[index] = first
        elif kind == _DIE:
            described = entry((first, second))
            if described is not None:
                blocks[index] = self.variable(described, "local")
        else:
            base = self._type_of((first, second))
            if isinstance(base, BaseType):
                blocks[index] = base if kind == _TYPE else (base, data(third, min(fourth, _LONGEST)))

    def locator(self, die: Die, attribute: int) -> Callable[[int], Expression | None]:
        """Reads the expression once for each address: threads that wait at one place ask again and again."""
        known: dict[int, Expression | None] = {}

        def locate(address: int) -> Expression | None:
            if address not in known:
                if len(known) >= _MOST_ADDRESSES:
                    known.clear()
                known[address] = self.read(die, attribute, address)
            return known[address]

        return locate

    def variable(self, found: Entry, kind: Literal["argument", "local", "global"], name: str | None = None) -> VariableInfo:
        """The variable or parameter of a DIE."""
        die, type_die = (found.die, found.unit), (found.type, found.type_unit)
        return VariableInfo(
            name=name or text(found.name),
            kind=kind,
            type=lambda: self._type_of(type_die),
            locate=self.locator(die, tags.AT_LOCATION),
            constant=_constant(found),
            line=found.line if found.line > 0 else None,
            artificial=bool(found.flags & ARTIFICIAL),
            source=found.source,
        )


def _constant(variable: Entry) -> int | bytes | None:
    if variable.constant_size in (NONE, 0):
        return None
    return variable.constant if variable.constant_size == -1 else data(variable.constant, min(variable.constant_size, _LONGEST))
