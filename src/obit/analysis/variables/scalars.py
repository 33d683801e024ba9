"""Scalars as text: numbers, characters, booleans, floating point, enumerations, bit-fields.

The spelling is gdb's where that is what readers expect (`97 'a'`, `true`, `(READ | 0x8)`); floating point is the shortest text
that reads back the same.
"""

import math
import struct

from obit.analysis.variables.object import Object, Unavailable
from obit.debuginfo.types import BaseType, EnumType, Member, Type, strip

ESCAPES = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 27: "\\033", 34: '\\"', 92: "\\\\"}
OCTAL = tuple("01234567")
HALF, SINGLE, DOUBLE = 2, 4, 8


def base_text(type: BaseType, data: bytes) -> str:
    """The value of a base type from its bytes (little endian)."""
    encoding = type.encoding
    if encoding == "float":
        return float_text(data, type.name)
    if encoding == "complex":
        half = len(data) // 2
        return f"{float_text(data[:half], type.name)} + {float_text(data[half:], type.name)}i"
    value = int.from_bytes(data, "little", signed=encoding in ("signed", "char"))
    if encoding == "boolean":
        return {0: "false", 1: "true"}.get(value, str(value))
    if encoding in ("char", "unsigned-char", "utf"):
        return character_text(type, value)
    if encoding == "decimal":
        return "0x" + data[::-1].hex()
    return hex(value) if encoding == "address" else str(value)


def character_text(type: BaseType, value: int) -> str:
    """A character as its number and its glyph: `97 'a'`; `-1 '\\377'`."""
    size = type.size or 1
    code = value & ((1 << (8 * size)) - 1)
    prefix = {1: "u8", 2: "u", 4: "U"}.get(size, "") if type.encoding == "utf" else "L" if size > 1 else ""
    return f"{value} {prefix}'{escape_one(code, 0x27, wide=size > 1)}'"


def escape_one(code: int, quote: int = 0x22, *, wide: bool = False) -> str:
    """One character inside quotes: a byte, or a code point where characters are `wide`."""
    if code == quote:
        return "\\" + chr(code)
    if code in ESCAPES and code != 0x22:
        return ESCAPES[code]
    if 0x20 <= code < 0x7F:
        return chr(code)
    if code < 0x100 and not (wide and chr(code).isprintable()):
        return f"\\{code:03o}"
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return f"\\x{code:x}"
    return chr(code) if chr(code).isprintable() else f"\\u{code:04x}"


def quoted(data: bytes, cut: bool = False) -> str:
    """Bytes as a quoted text: UTF-8 where it is that, escapes elsewhere; `cut` adds an ellipsis after the quotes."""
    text = data.decode("utf-8", "surrogateescape")
    parts = [_escape(character) for character in text]
    if "\0" in text:
        # A digit behind \0 would be read as part of it.
        parts = ["\\000" if part == "\\0" and after in OCTAL else part for part, after in zip(parts, [*text[1:], ""], strict=True)]
    return '"' + "".join(parts) + '"' + ("…" if cut else "")


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\{code - 0xDC00:03o}"
    if code in ESCAPES:
        return ESCAPES[code]
    if character.isprintable():
        return character
    # Two bytes of UTF-8: an octal escape would say that it was one.
    return f"\\u{code:04x}" if 0x80 <= code < 0x100 else escape_one(code)


def float_text(data: bytes, name: str = "") -> str:
    """IEEE half, single, double, x87 extended (10 significant bytes of 12 or 16) and quad precision."""
    if len(data) == DOUBLE:
        return number_text(struct.unpack("<d", data)[0])
    if len(data) == SINGLE:
        return _single_text(struct.unpack("<f", data)[0])
    if len(data) == HALF:
        return number_text(struct.unpack("<e", data)[0])
    if len(data) in (12, 16) and "128" not in name:
        return _wide_text(int.from_bytes(data[:10], "little"), 64, 16383, explicit=True)
    if len(data) == 16:
        return _wide_text(int.from_bytes(data, "little"), 112, 16383, explicit=False)
    return "0x" + data[::-1].hex()


def number_text(value: float) -> str:
    """A double as C would write it: `1`, `0.1`, `1e+20`, `inf`, `-nan`."""
    if math.isnan(value):
        return "-nan" if math.copysign(1, value) < 0 else "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = repr(value)
    return text.removesuffix(".0")


def _single_text(value: float) -> str:
    if not math.isfinite(value):
        return number_text(value)
    for digits in range(6, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("<f", float(text)) == struct.pack("<f", value):
            return text
    return number_text(value)


def _wide_text(bits: int, fraction_bits: int, bias: int, *, explicit: bool) -> str:
    """x87 extended (explicit integer bit, 64-bit significand) and binary128 (112-bit fraction) through exact integers."""
    significand = bits & ((1 << fraction_bits) - 1)
    exponent = bits >> fraction_bits & 0x7FFF
    sign = "-" if bits >> (fraction_bits + 15) & 1 else ""
    if exponent == 0x7FFF:
        return sign + ("nan" if significand & ((1 << (fraction_bits - 1)) - 1) else "inf")
    if not explicit:
        significand |= (1 << fraction_bits) if exponent else 0
    if significand == 0:
        return sign + "0"
    shift = max(exponent, 1) - bias - (fraction_bits - 1 if explicit else fraction_bits)
    return sign + _decimal(significand, shift, 21 if explicit else 36)


def _decimal(significand: int, shift: int, digits: int) -> str:
    from decimal import Context, Decimal  # wide floats are rare, and the import is not free

    context = Context(prec=6000, Emin=-20000, Emax=20000)
    exact = context.multiply(Decimal(significand), context.power(Decimal(2), shift))
    return f"{Context(prec=digits - 3).plus(exact).normalize():g}"


def enum_text(type: EnumType, value: int) -> str:
    """The enumerator's name; for flags `(READ | WRITE | 0x8)`; the number when nothing fits. Scoped enumerators are qualified."""
    names = type.enumerators
    prefix = type.name + "::" if type.scoped else ""
    if value in names:
        return prefix + names[value]
    flags = [(bit, name) for bit, name in names.items() if bit > 0 and bit & (bit - 1) == 0]
    if value <= 0 or not flags or any(bit < 0 for bit in names):
        return str(value)
    parts = [prefix + name for bit, name in flags if value & bit]
    rest = value & ~sum(bit for bit, _ in flags)
    if not parts:
        return str(value)
    return "(" + " | ".join([*parts, *([hex(rest)] if rest else [])]) + ")"


def bit_field(record: Object, member: Member) -> str:
    """The value of a bit-field member of `record`."""
    if member.bit_size is None or member.bit_offset is None:
        raise Unavailable("not a bit-field")
    first, last = member.bit_offset // 8, (member.bit_offset + member.bit_size + 7) // 8
    word = int.from_bytes(record.bytes(first, last - first), "little")
    value = word >> (member.bit_offset - 8 * first) & ((1 << member.bit_size) - 1)
    kind: Type = strip(member.type)
    signed = (isinstance(kind, BaseType) and kind.encoding in ("signed", "char")) or (isinstance(kind, EnumType) and kind.signed)
    if signed and value >> (member.bit_size - 1):
        value -= 1 << member.bit_size
    if isinstance(kind, EnumType):
        return enum_text(kind, value)
    if isinstance(kind, BaseType) and kind.encoding == "boolean":
        return {0: "false", 1: "true"}.get(value, str(value))
    return str(value)
