"""Call frame information as rows: see `native/libdw/cfi.c` for what libdw is asked."""

import struct
from bisect import bisect_right

from obit.debuginfo._libdw import ffi, lib
from obit.debuginfo.cfirow import CfiRow, Rule, RuleKind
from obit.debuginfo.libdw import File
from obit.debuginfo.scopes import Expression, Op

_KINDS: tuple[RuleKind, ...] = ("undefined", "same", "offset", "val-offset", "register", "expression", "val-expression")
_BREG0, _BREGX, _PLUS_UCONST, _REG_NUMBERS = 0x70, 0x92, 0x23, 32
_ROOM = 4096
_MOST_KEPT = 1 << 16

_out = ffi.new(f"int64_t[{_ROOM}]")


class CfiReader:
    """Rows of one file's .eh_frame or .debug_frame; a row is read once and then kept for all the addresses that it covers."""

    def __init__(self, file: File, *, debug_frame: bool) -> None:
        self._file = file
        self._debug_frame = debug_frame
        self._starts: list[int] = []
        self._rows: list[CfiRow] = []

    def row(self, address: int) -> CfiRow | None:
        """The row that covers an address."""
        index = bisect_right(self._starts, address)
        if index and address < self._rows[index - 1].end:
            return self._rows[index - 1]
        row = self._read(address)
        if row is not None and row.start <= address and len(self._rows) < _MOST_KEPT:
            self._starts.insert(index, row.start)
            self._rows.insert(index, row)
        return row

    def _read(self, address: int) -> CfiRow | None:
        count = lib.obit_cfi(self._file.handle, self._debug_frame, address, _out, _ROOM)
        if not 0 < count <= _ROOM:
            return None
        return _Numbers(struct.unpack(f"<{count}q", ffi.buffer(_out, 8 * count))).row()


class _Numbers:
    """The numbers of one row, read from front to back."""

    __slots__ = ("at", "numbers")

    def __init__(self, numbers: tuple[int, ...]) -> None:
        self.numbers = numbers
        self.at = 0

    def row(self) -> CfiRow:
        start, end, column, signal = self.numbers[:4]
        self.at = 4
        cfa = _simplified(self._ops())
        count = self._next()
        rules = dict(self._rule() for _ in range(count))
        return CfiRow(start & _MASK, end & _MASK, cfa, rules, column, bool(signal))

    def _next(self) -> int:
        self.at += 1
        return self.numbers[self.at - 1]

    def _ops(self) -> tuple[Op, ...]:
        count = self._next()
        first, self.at = self.at, self.at + 4 * count
        numbers = self.numbers
        return tuple((numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]) for i in range(first, self.at, 4))

    def _rule(self) -> tuple[int, Rule]:
        register, kind, value = self.numbers[self.at : self.at + 3]
        self.at += 3
        ops = self._ops()
        return register, _RULES.get((kind, value)) or Rule(_KINDS[kind], value, Expression(ops) if ops else None)


_MASK = (1 << 64) - 1
# The rules of nearly all functions, made once.
_RULES = {(kind, value): Rule(_KINDS[kind], value) for kind in (2, 3) for value in range(-64, 8, 8)}


def _simplified(ops: tuple[Op, ...]) -> tuple[int, int] | Expression:
    """The CFA as (register, offset) where it is that, as nearly always."""
    if len(ops) == 1:
        atom, number, number2, _ = ops[0]
        if _BREG0 <= atom < _BREG0 + _REG_NUMBERS:
            return atom - _BREG0, number
        if atom == _BREGX:
            return number, number2
    return Expression(ops)
