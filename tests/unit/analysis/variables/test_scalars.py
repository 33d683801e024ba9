"""Scalars as text, against values worked out by hand or by C."""

import struct

import pytest

from obit.analysis.variables import scalars
from obit.analysis.variables.object import Object
from obit.debuginfo.types import BaseType, EnumType, Member
from tests.builders.process import process

IMAGE = process()
INT = BaseType("int", 4, "signed")


def enum(*, scoped: bool = False, **names: int) -> EnumType:
    return EnumType("Mode", 4, lambda: {value: name for name, value in names.items()}, signed=False, scoped=scoped)


@pytest.mark.parametrize(
    ("type", "data", "text"),
    [
        (BaseType("int", 4, "signed"), b"\xff\xff\xff\xff", "-1"),
        (BaseType("unsigned int", 4, "unsigned"), b"\xff\xff\xff\xff", "4294967295"),
        (BaseType("bool", 1, "boolean"), b"\1", "true"),
        (BaseType("bool", 1, "boolean"), b"\0", "false"),
        (BaseType("bool", 1, "boolean"), b"\7", "7"),
        (BaseType("char", 1, "char"), b"a", "97 'a'"),
        (BaseType("char", 1, "char"), b"\xff", "-1 '\\377'"),
        (BaseType("char", 1, "char"), b"\n", "10 '\\n'"),
        (BaseType("char", 1, "char"), b"'", "39 '\\''"),
        (BaseType("char", 1, "char"), b'"', "34 '\"'"),
        (BaseType("unsigned char", 1, "unsigned-char"), b"\x80", "128 '\\200'"),
        (BaseType("char16_t", 2, "utf"), "é".encode("utf-16-le"), "233 u'é'"),
        (BaseType("char32_t", 4, "utf"), "語".encode("utf-32-le"), "35486 U'語'"),
        (BaseType("double", 8, "float"), struct.pack("<d", 0.1), "0.1"),
        (BaseType("double", 8, "float"), struct.pack("<d", 3.0), "3"),
        (BaseType("double", 8, "float"), struct.pack("<d", float("-inf")), "-inf"),
        (BaseType("float", 4, "float"), struct.pack("<f", 0.1), "0.1"),
        (BaseType("float", 4, "float"), struct.pack("<f", 16777216.0), "16777216"),
        (BaseType("_Float16", 2, "float"), struct.pack("<e", 1.5), "1.5"),
        (BaseType("long double", 16, "float"), bytes.fromhex("00000000000000c0ff3f") + b"\0" * 6, "1.5"),
        (BaseType("long double", 16, "float"), bytes.fromhex("00000000000000800000") + b"\xaa" * 6, "3.36210314311209351e-4932"),
        (BaseType("long double", 16, "float"), bytes(16), "0"),
        (BaseType("_Float128", 16, "float"), bytes(14) + b"\xff\xbf", "-1"),
        (BaseType("complex double", 16, "complex"), struct.pack("<dd", 1.0, -2.5), "1 + -2.5i"),
    ],
)
def test_base_types(type: BaseType, data: bytes, text: str) -> None:
    assert scalars.base_text(type, data) == text


def test_an_enumerator_by_name_and_flags_with_their_rest() -> None:
    flags = enum(READ=1, WRITE=2, EXEC=4)
    assert scalars.enum_text(flags, 2) == "WRITE"
    assert scalars.enum_text(flags, 3) == "(READ | WRITE)"
    assert scalars.enum_text(flags, 9) == "(READ | 0x8)"
    assert scalars.enum_text(flags, 0) == "0"
    assert scalars.enum_text(flags, 8) == "8"
    assert scalars.enum_text(enum(scoped=True, A=7), 7) == "Mode::A"


@pytest.mark.parametrize(("bit_offset", "bit_size", "text"), [(4, 8, "35"), (12, 4, "1"), (16, 8, "-51"), (28, 4, "-6")])
def test_bit_fields_are_cut_out_and_sign_extended(bit_offset: int, bit_size: int, text: str) -> None:
    record = Object(IMAGE, INT, None, (0xABCD1234).to_bytes(4, "little"))
    assert scalars.bit_field(record, Member("b", INT, 0, bit_size=bit_size, bit_offset=bit_offset)) == text


def test_text_is_quoted_with_escapes_and_keeps_utf8() -> None:
    assert scalars.quoted('a"\n\x01é'.encode()) == '"a\\"\\n\\001é"'
    assert scalars.quoted(b"\0a\0001\0009") == '"\\0a\\0001\\09"'
    assert scalars.quoted(b"\xff\xfe") == '"\\377\\376"'
    assert scalars.quoted(b"\xc2\x89\x89") == '"\\u0089\\211"'
    assert scalars.quoted("\u202e".encode()) == '"\\u202e"'
    assert scalars.quoted(b"cut", cut=True) == '"cut"…'
