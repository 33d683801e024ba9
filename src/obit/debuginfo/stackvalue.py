"""Entries of the DWARF expression stack, and arithmetic on them (DWARF 5 sections 2.5.1 and 2.5.1.4).

A generic entry (an integer of the size of an address, sign unspecified) is a Python int in 0 … 2^bits - 1. An entry of a base type
is a pair of that type and its bytes, little endian: what is only moved stays exact, also an 80-bit float.
"""

import operator
import struct
from collections.abc import Callable

from obit.debuginfo import opcodes as op
from obit.debuginfo.types import BaseType

Typed = tuple[BaseType, bytes]
Value = int | Typed
Number = int | float

_FLOATS = {4: struct.Struct("<f"), 8: struct.Struct("<d")}


class NotAvailable(Exception):
    """A location or value that cannot be had; `str()` is the reason, for the reader of a report."""


def number_of(value: Value, bits: int, *, signed: bool) -> Number:
    """The number in an entry; `signed` is how to see a generic one."""
    if isinstance(value, int):
        return value - (1 << bits) if signed and value >> (bits - 1) else value
    base, raw = value
    if base.encoding != "float":
        return int.from_bytes(raw, "little", signed=base.encoding in ("signed", "char"))
    layout = _FLOATS.get(len(raw))
    if layout is None:
        raise NotAvailable(f"the expression computes with {base.name}")
    number: float = layout.unpack(raw)[0]
    return number


def of_type(number: Number, base: BaseType | None, bits: int) -> Value:
    """An entry of a base type (None: generic) that holds a number, wrapped to its size."""
    if base is None:
        return _integer(number) & ((1 << bits) - 1)
    size = base.size or 0
    if base.encoding != "float":
        return base, (_integer(number) & ((1 << 8 * size) - 1)).to_bytes(size, "little")
    layout = _FLOATS.get(size)
    if layout is None:
        raise NotAvailable(f"the expression computes with {base.name}")
    try:
        return base, layout.pack(number)
    except OverflowError:
        return base, layout.pack(float("inf") if number > 0 else float("-inf"))


def _integer(number: Number) -> int:
    try:
        return int(number)
    except (ValueError, OverflowError):
        raise NotAvailable("the expression converts a float that no integer holds") from None


def raw_bytes(value: Value, bits: int) -> bytes:
    """The bytes of an entry."""
    return value.to_bytes(bits // 8, "little") if isinstance(value, int) else value[1]


def _divide(left: Number, right: Number) -> Number:
    """C's division: integers truncate towards zero."""
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: Number, right: Number) -> Number:
    return _whole(left) - _whole(right) * _whole(_divide(left, right))


_ARITHMETIC: dict[int, Callable[[Number, Number], Number]] = {
    op.PLUS: operator.add,
    op.MINUS: operator.sub,
    op.MUL: operator.mul,
    op.DIV: _divide,
    op.MOD: _remainder,
}
_BITWISE: dict[int, Callable[[int, int], int]] = {op.AND: operator.and_, op.OR: operator.or_, op.XOR: operator.xor}
_COMPARE: dict[int, Callable[[Number, Number], bool]] = {
    op.EQ: operator.eq,
    op.GE: operator.ge,
    op.GT: operator.gt,
    op.LE: operator.le,
    op.LT: operator.lt,
    op.NE: operator.ne,
}


def binary(atom: int, left: Value, right: Value, bits: int) -> Value:
    """`left ATOM right` for the operations on two entries of one type; comparisons give a generic 0 or 1."""
    if atom in (op.SHL, op.SHR, op.SHRA):
        return _shift(atom, left, right, bits)
    base = _common_type(left, right)
    # Generic division is signed and generic modulus unsigned (DWARF 5 section 2.5.1.4); where sign is of no matter, either will do.
    signed = atom != op.MOD
    a, b = number_of(left, bits, signed=signed), number_of(right, bits, signed=signed)
    if atom in _COMPARE:
        return int(_COMPARE[atom](a, b))
    if atom in _BITWISE:
        return of_type(_BITWISE[atom](_whole(a), _whole(b)), base, bits)
    try:
        return of_type(_ARITHMETIC[atom](a, b), base, bits)
    except ZeroDivisionError:
        raise NotAvailable("the expression divides by zero") from None
    except OverflowError:
        raise NotAvailable("the expression overflows") from None


def unary(atom: int, value: Value, bits: int) -> Value:
    """`abs`, `neg` or `not` of an entry."""
    base = None if isinstance(value, int) else value[0]
    number = number_of(value, bits, signed=True)
    if atom == op.ABS:
        number = abs(number)
    elif atom == op.NEG:
        number = -number
    else:
        number = ~_whole(number)
    return of_type(number, base, bits)


def convert(value: Value, base: BaseType | None, bits: int) -> Value:
    """The same number in another type; None is the generic one."""
    return of_type(number_of(value, bits, signed=True), base, bits)


def reinterpret(value: Value, base: BaseType | None, bits: int) -> Value:
    """The same bytes in another type of the same size."""
    raw = raw_bytes(value, bits)
    if len(raw) != (bits // 8 if base is None else base.size):
        raise NotAvailable("the expression reinterprets a value in a type of another size")
    return int.from_bytes(raw, "little") if base is None else (base, raw)


def _shift(atom: int, left: Value, right: Value, bits: int) -> Value:
    base = None if isinstance(left, int) else left[0]
    width = bits if base is None else 8 * (base.size or 0)
    count = _whole(number_of(right, bits, signed=False))
    if count < 0:
        raise NotAvailable("the expression shifts by a negative count")
    number = _whole(number_of(left, bits, signed=True))
    if atom == op.SHL:
        return of_type(number << count if count < width else 0, base, bits)
    if atom == op.SHR:
        return of_type((number & ((1 << width) - 1)) >> min(count, width), base, bits)
    return of_type(number >> min(count, width), base, bits)


def _common_type(left: Value, right: Value) -> BaseType | None:
    """The type of both; a generic entry beside a typed one is a fault of the producer that gdb refuses too."""
    if isinstance(left, int) and isinstance(right, int):
        return None
    if isinstance(left, int) or isinstance(right, int) or (left[0].encoding, left[0].size) != (right[0].encoding, right[0].size):
        raise NotAvailable("the expression mixes types")
    return left[0]


def _whole(number: Number) -> int:
    if isinstance(number, float):
        raise NotAvailable("the expression uses the bits of a floating-point number")
    return number
