"""Location expressions: every operation against a known result, and hostile ones against the limits."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obit.debuginfo import opcodes as op
from obit.debuginfo.location import (
    ImplicitPointer,
    Location,
    MemoryLocation,
    NotAvailable,
    Piece,
    Pieces,
    RegisterLocation,
    ValueLocation,
    entry_register,
    evaluate,
    evaluate_cfi,
    frame_base_address,
)
from obit.debuginfo.machine import X86_64, Machine
from obit.debuginfo.scopes import Expression, VariableInfo
from obit.debuginfo.types import BaseType

U64 = (1 << 64) - 1
INT = BaseType("int", 4, "signed")
UINT = BaseType("unsigned int", 4, "unsigned")
NAMED = VariableInfo("named", "local", lambda: INT, lambda address: None)
SHORT = BaseType("short", 2, "signed")
FLOAT = BaseType("float", 4, "float")
DOUBLE = BaseType("double", 8, "float")
LONG_DOUBLE = BaseType("long double", 16, "float")
INT128 = BaseType("__int128", 16, "signed")


class Frame:
    """A context with known answers: register n holds 0x1000·n + n, memory at a holds bytes a, a+1, …"""

    machine: Machine = X86_64
    bias = 0x10000
    object_address: int | None = 0xB0B0

    def register(self, number: int) -> int:
        if number > 16:
            raise NotAvailable("not saved")
        return 0x1000 * number + number

    def register_bytes(self, number: int, size: int) -> bytes:
        return bytes((number + index) & 0xFF for index in range(size))

    def read(self, address: int, size: int) -> bytes:
        if address < 0x100:
            raise NotAvailable("not captured")
        return bytes((address + index) & 0xFF for index in range(size))

    def cfa(self) -> int:
        return 0xCFA0

    def frame_base(self) -> int:
        return 0xFB00

    def tls_address(self, offset: int) -> int:
        return 0x7000_0000 + offset

    def entry_value(self, expression: Expression) -> int | bytes:
        if entry_register(expression) == 5:
            return 0x555
        if entry_register(expression) == 4:
            return b"\x44\x04"
        raise NotAvailable("the caller does not say")

    def parameter_value(self, variable: VariableInfo) -> int | bytes:
        return len(variable.name)

    def variable_value(self, variable: VariableInfo) -> int:
        return len(variable.name) + 1


def expression(*ops: tuple[int, ...], **blocks: object) -> Expression:
    """An expression whose operations are (atom, number, number2) at offsets 0, 10, 20 …; blocks by keyword `_INDEX`."""
    padded = tuple(
        (each[0], each[1] if len(each) > 1 else 0, each[2] if len(each) > 2 else 0, 10 * index) for index, each in enumerate(ops)
    )
    return Expression(padded, {int(key[1:]): block for key, block in blocks.items()})


def where(*ops: tuple[int, ...], **blocks: object) -> Location:
    return evaluate(expression(*ops, **blocks), Frame())


def value(*ops: tuple[int, ...], **blocks: object) -> int | bytes:
    found = where(*ops, (op.STACK_VALUE,), **blocks)
    assert isinstance(found, ValueLocation)
    return found.value


@pytest.mark.parametrize(
    ("ops", "expected"),
    [
        ([(op.FBREG, -16 & U64)], MemoryLocation(0xFAF0)),
        ([(op.FBREG, 8), (op.NOP,)], MemoryLocation(0xFB08)),
        ([(op.BREG0 + 7, 16)], MemoryLocation(0x7017)),
        ([(op.BREG0 + 7, -7 & U64), (op.NOP,)], MemoryLocation(0x7000)),
        ([(op.BREGX, 6, -6 & U64)], MemoryLocation(0x6000)),
        ([(op.REG0 + 3,)], RegisterLocation(3)),
        ([(op.REG0 + 3,), (op.GNU_UNINIT,)], RegisterLocation(3)),
        ([(op.REGX, 17)], RegisterLocation(17)),
        ([(op.ADDR, 0x4010)], MemoryLocation(0x14010)),
        ([(op.ADDR, 0x4010), (op.PLUS_UCONST, 8)], MemoryLocation(0x14018)),
        ([(op.CALL_FRAME_CFA,)], MemoryLocation(0xCFA0)),
        ([(op.CALL_FRAME_CFA,), (op.CONST1S, -8 & U64), (op.PLUS,)], MemoryLocation(0xCF98)),
        ([(op.PUSH_OBJECT_ADDRESS,), (op.LIT0 + 4,), (op.PLUS,)], MemoryLocation(0xB0B4)),
        ([(op.CONST8U, 0x20), (op.GNU_PUSH_TLS_ADDRESS,)], MemoryLocation(0x70000020)),
        ([(op.ADDR, 0x20), (op.FORM_TLS_ADDRESS,)], MemoryLocation(0x70000020)),
        ([(op.IMPLICIT_POINTER, 0x77, -4 & U64)], ImplicitPointer(0x77, -4)),
        ([(op.GNU_IMPLICIT_POINTER, 0x77, 4)], ImplicitPointer(0x77, 4)),
        ([(op.BREG0 + 16, 0), (op.DEREF,)], MemoryLocation(0x1716151413121110)),
    ],
)
def test_places(ops: list[tuple[int, ...]], expected: Location) -> None:
    assert evaluate(expression(*ops), Frame()) == expected


@pytest.mark.parametrize(
    ("ops", "expected"),
    [
        ([(op.LIT0 + 31,)], 31),
        ([(op.CONST1S, -1 & U64)], U64),
        ([(op.CONSTU, 1 << 63)], 1 << 63),
        ([(op.BREG0 + 1, 0)], 0x1001),
        ([(op.LIT0 + 1,), (op.LIT0 + 2,), (op.SWAP,), (op.MINUS,)], 1),
        ([(op.LIT0 + 1,), (op.LIT0 + 2,), (op.OVER,), (op.PLUS,), (op.MUL,)], 3),
        ([(op.LIT0 + 9,), (op.LIT0 + 2,), (op.LIT0 + 3,), (op.PICK, 2)], 9),
        ([(op.LIT0 + 5,), (op.DUP,), (op.MUL,)], 25),
        ([(op.LIT0 + 5,), (op.LIT0 + 6,), (op.DROP,)], 5),
        # Rotation: 1 2 3 (top) becomes 3 1 2.
        ([(op.LIT0 + 1,), (op.LIT0 + 2,), (op.LIT0 + 3,), (op.ROT,)], 2),
        ([(op.LIT0 + 1,), (op.LIT0 + 2,), (op.LIT0 + 3,), (op.ROT,), (op.DROP,)], 1),
        ([(op.LIT0 + 1,), (op.LIT0 + 2,), (op.LIT0 + 3,), (op.ROT,), (op.DROP,), (op.DROP,)], 3),
        ([(op.CONST1S, -7 & U64), (op.LIT0 + 2,), (op.DIV,)], -3 & U64),
        ([(op.CONST1S, -7 & U64), (op.LIT0 + 2,), (op.MOD,)], 1),
        ([(op.CONST1S, -7 & U64), (op.ABS,)], 7),
        ([(op.LIT0 + 7,), (op.NEG,)], -7 & U64),
        ([(op.LIT0,), (op.NOT,)], U64),
        ([(op.LIT0 + 12,), (op.LIT0 + 10,), (op.AND,)], 8),
        ([(op.LIT0 + 12,), (op.LIT0 + 10,), (op.OR,)], 14),
        ([(op.LIT0 + 12,), (op.LIT0 + 10,), (op.XOR,)], 6),
        ([(op.LIT0 + 1,), (op.LIT0 + 4,), (op.SHL,)], 16),
        ([(op.LIT0 + 1,), (op.CONST1U, 64), (op.SHL,)], 0),
        ([(op.CONST1S, -8 & U64), (op.LIT0 + 1,), (op.SHR,)], (-8 & U64) >> 1),
        ([(op.CONST1S, -8 & U64), (op.LIT0 + 1,), (op.SHRA,)], -4 & U64),
        ([(op.CONST1S, -8 & U64), (op.CONST1U, 200), (op.SHRA,)], U64),
        ([(op.CONST1S, -8 & U64), (op.LIT0 + 1,), (op.LT,)], 1),
        ([(op.CONST1S, -8 & U64), (op.LIT0 + 1,), (op.GE,)], 0),
        ([(op.LIT0 + 1,), (op.LIT0 + 1,), (op.EQ,)], 1),
        ([(op.LIT0 + 1,), (op.LIT0 + 1,), (op.NE,)], 0),
        ([(op.LIT0 + 1,), (op.LIT0 + 1,), (op.LE,)], 1),
        ([(op.LIT0 + 1,), (op.LIT0 + 1,), (op.GT,)], 0),
        ([(op.CONSTU, U64), (op.PLUS_UCONST, 2)], 1),
        ([(op.CONST2U, 0x1234), (op.DEREF_SIZE, 2)], 0x3534),
        # skip over a literal: from offset 10, three bytes on, to the operation at 30.
        ([(op.LIT0 + 1,), (op.SKIP, 17), (op.LIT0 + 2,), (op.NOP,)], 1),
        ([(op.LIT0 + 1,), (op.DUP,), (op.BRA, 17), (op.LIT0 + 2,), (op.NOP,)], 1),
        ([(op.LIT0,), (op.DUP,), (op.BRA, 17), (op.LIT0 + 2,), (op.NOP,)], 2),
    ],
)
def test_generic_values(ops: list[tuple[int, ...]], expected: int) -> None:
    assert value(*ops) == expected


def test_a_loop_counts_down() -> None:
    # 10, then: minus one, again while it is not zero.
    assert value((op.LIT0 + 10,), (op.LIT0 + 1,), (op.MINUS,), (op.DUP,), (op.BRA, -33 & U64)) == 0


@pytest.mark.parametrize(
    ("base", "left", "atom", "right", "expected"),
    [
        (INT, -7, op.DIV, 2, -3),
        (INT, -7, op.MOD, 2, -1),
        (INT, 0x7FFFFFFF, op.PLUS, 1, -0x80000000),
        (UINT, 0xFFFFFFFF, op.DIV, 2, 0x7FFFFFFF),
        (UINT, 0, op.MINUS, 1, 0xFFFFFFFF),
        (INT, -8, op.SHR, 1, 0x7FFFFFFC),
        (INT, -8, op.SHRA, 1, -4),
        (INT128, 1 << 100, op.MUL, 4, 1 << 102),
    ],
)
def test_typed_integers(base: BaseType, left: int, atom: int, right: int, expected: int) -> None:
    signed, size = base.encoding == "signed", base.size or 0
    blocks = [(base, number.to_bytes(size, "little", signed=signed)) for number in (left, right)]
    found = value((op.CONST_TYPE, 1), (op.GNU_CONST_TYPE, 1), (atom,), _0=blocks[0], _1=blocks[1])
    assert found == expected.to_bytes(size, "little", signed=signed)


def test_typed_comparison_gives_a_generic_flag() -> None:
    assert (
        value((op.CONST_TYPE, 1), (op.CONST_TYPE, 1), (op.LT,), _0=(DOUBLE, struct.pack("<d", 1.5)), _1=(DOUBLE, struct.pack("<d", 2.5)))
        == 1
    )


def test_floating_point_arithmetic() -> None:
    blocks = {"_0": (FLOAT, struct.pack("<f", 1.5)), "_1": (FLOAT, struct.pack("<f", 0.25))}
    assert value((op.CONST_TYPE, 1), (op.CONST_TYPE, 1), (op.MUL,), **blocks) == struct.pack("<f", 0.375)
    assert value((op.CONST_TYPE, 1), (op.NEG,), _0=blocks["_0"]) == struct.pack("<f", -1.5)


def test_adding_a_constant_keeps_the_type() -> None:
    assert value((op.CONST_TYPE, 1), (op.PLUS_UCONST, 300), _0=(SHORT, b"\x01\x00")) == (301).to_bytes(2, "little")


def test_conversions() -> None:
    assert value((op.CONST1S, -2 & U64), (op.CONVERT, 1), _1=DOUBLE) == struct.pack("<d", -2.0)
    assert value((op.CONST1S, -2 & U64), (op.GNU_CONVERT, 1), _1=SHORT) == b"\xfe\xff"
    assert value((op.CONST_TYPE, 1), (op.CONVERT, 0), _0=(DOUBLE, struct.pack("<d", -2.9))) == -2 & U64
    assert value((op.CONST8U, 0x3FF0000000000000), (op.REINTERPRET, 1), _1=DOUBLE) == struct.pack("<d", 1.0)
    assert value((op.CONST_TYPE, 1), (op.GNU_REINTERPRET, 0), _0=(DOUBLE, struct.pack("<d", 1.0))) == 0x3FF0000000000000


def test_registers_and_memory_by_type() -> None:
    assert value((op.REGVAL_TYPE, 17, 1), _0=DOUBLE) == bytes(range(17, 25))
    assert value((op.GNU_REGVAL_TYPE, 17, 1), _0=LONG_DOUBLE) == bytes(range(17, 33))
    assert value((op.CONST2U, 0x1234), (op.GNU_DEREF_TYPE, 4, 1), _1=INT) == b"\x34\x35\x36\x37"


def test_values_of_variables_that_the_expression_names() -> None:
    assert value((op.GNU_PARAMETER_REF, 0x30), _0=NAMED) == 5
    assert value((op.GNU_VARIABLE_VALUE, 0x30), _0=NAMED) == 6
    assert where((op.IMPLICIT_POINTER, 0x30, 8), _0=NAMED) == ImplicitPointer(0x30, 8, NAMED)
    for atom in (op.GNU_PARAMETER_REF, op.GNU_VARIABLE_VALUE):
        with pytest.raises(NotAvailable, match="names a variable that is not there"):
            value((atom, 0x30))


def test_entry_values() -> None:
    assert value((op.ENTRY_VALUE, 1), _0=expression((op.REG0 + 5,))) == 0x555
    assert value((op.GNU_ENTRY_VALUE, 1), (op.PLUS_UCONST, 1), _0=expression((op.REG0 + 4,))) == 0x445
    with pytest.raises(NotAvailable, match="caller"):
        value((op.ENTRY_VALUE, 1), _0=expression((op.REG0 + 1,)))


def test_addresses_from_the_pool() -> None:
    assert where((op.ADDRX, 3), _0=0x4010) == MemoryLocation(0x14010)
    assert where((op.GNU_ADDR_INDEX, 3), (op.PLUS_UCONST, 1), _0=0x4010) == MemoryLocation(0x14011)
    assert value((op.CONSTX, 3), _0=0x4010) == 0x4010
    assert where((op.GNU_CONST_INDEX, 3), (op.GNU_PUSH_TLS_ADDRESS,), _0=0x10) == MemoryLocation(0x70000010)
    with pytest.raises(NotAvailable, match=r"\.debug_addr"):
        where((op.ADDRX, 3))


def test_pieces() -> None:
    found = where(
        (op.REG0,), (op.PIECE, 8), (op.PIECE, 4), (op.FBREG, 0), (op.BIT_PIECE, 3, 5), (op.IMPLICIT_VALUE, 2), (op.PIECE, 2), _5=b"xy"
    )
    assert found == Pieces(
        (
            Piece(RegisterLocation(0), 64, 0),
            Piece(None, 32, 0),
            Piece(MemoryLocation(0xFB00), 3, 5),
            Piece(ValueLocation(b"xy"), 16, 0),
        )
    )


def test_a_value_in_pieces() -> None:
    assert where((op.LIT0 + 3,), (op.STACK_VALUE,), (op.PIECE, 4), (op.PIECE, 4)) == Pieces(
        (Piece(ValueLocation(3), 32, 0), Piece(None, 32, 0))
    )


def test_calls_share_the_stack() -> None:
    double = expression((op.DUP,), (op.PLUS,))
    assert value((op.LIT0 + 4,), (op.CALL4, 0x20), (op.LIT0 + 1,), (op.PLUS,), _1=double) == 9
    assert value((op.LIT0 + 4,), (op.CALL_REF, 0x20), _1=None) == 4
    # The branches of the caller are still its own after a call.
    assert value((op.LIT0 + 4,), (op.CALL2, 0x20), (op.SKIP, 17), (op.LIT0 + 1,), (op.NOP,), _1=double) == 8


@pytest.mark.parametrize(
    ("ops", "words"),
    [
        ([], "optimized out"),
        ([(op.PLUS,)], "more than it has"),
        ([(op.LIT0,), (op.SWAP,)], "more than it has"),
        ([(op.LIT0,), (op.LIT0,), (op.ROT,)], "more than it has"),
        ([(op.LIT0,), (op.PICK, 1)], "more than it has"),
        ([(op.STACK_VALUE,)], "more than it has"),
        ([(op.LIT0 + 1,), (op.LIT0,), (op.DIV,)], "divides by zero"),
        ([(op.LIT0 + 1,), (op.LIT0,), (op.MOD,)], "divides by zero"),
        ([(op.SKIP, -3 & U64)], "does not come to an end"),
        ([(op.LIT0,), (op.SKIP, -13 & U64)], "does not come to an end"),
        ([(op.SKIP, 5), (op.NOP,)], "no operation begins"),
        ([(op.LIT0,), (op.LIT0,), (op.XDEREF,)], "address space"),
        ([(0x01,)], "unknown DWARF operation 0x1"),
        ([(op.LIT0,), (op.DEREF,)], "not captured"),
        ([(op.LIT0,), (op.DEREF_SIZE, 9)], "more than an address holds"),
        ([(op.BREG0 + 20, 0)], "not saved"),
        ([(op.LIT0,), (op.CONVERT, 0x40)], "type that is not there"),
        ([(op.CONST_TYPE, 0x40)], "type that is not there"),
        ([(op.CALL2, 0x40)], "not there"),
        ([(op.IMPLICIT_VALUE, 4)], "constant"),
        ([(op.ENTRY_VALUE, 1)], "entry value"),
    ],
)
def test_what_cannot_be_had_is_said(ops: list[tuple[int, ...]], words: str) -> None:
    with pytest.raises(NotAvailable, match=words):
        where(*ops)


def test_types_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NotAvailable, match="mixes types"):
        value((op.CONST_TYPE, 1), (op.LIT0,), (op.PLUS,), _0=(INT, bytes(4)))
    with pytest.raises(NotAvailable, match="another size"):
        value((op.LIT0,), (op.REINTERPRET, 1), _1=INT)
    with pytest.raises(NotAvailable, match="another size"):
        value((op.CONST2U, 0x1234), (op.DEREF_TYPE, 2, 1), _1=INT)
    with pytest.raises(NotAvailable, match="floating-point"):
        value((op.CONST_TYPE, 1), (op.CONST_TYPE, 1), (op.AND,), _0=(FLOAT, bytes(4)), _1=(FLOAT, bytes(4)))
    with pytest.raises(NotAvailable, match="computes with long double"):
        value((op.CONST_TYPE, 1), (op.NEG,), _0=(LONG_DOUBLE, bytes(16)))


def test_an_expression_that_calls_itself_ends() -> None:
    blocks: dict[int, object] = {}
    endless = Expression(((op.CALL4, 0, 0, 0),), blocks)
    blocks[0] = endless
    with pytest.raises(NotAvailable, match="too deeply"):
        evaluate(endless, Frame())


def test_a_stack_that_grows_without_end_is_stopped() -> None:
    with pytest.raises(NotAvailable, match="does not come to an end"):
        where((op.LIT0,), (op.DUP,), (op.SKIP, -13 & U64))


def test_call_frame_expressions() -> None:
    frame = Frame()
    assert evaluate_cfi(expression((op.BREG0 + 7, 8), (op.DEREF,)), (), frame) == int.from_bytes(bytes(range(0x0F, 0x17)), "little")
    assert evaluate_cfi(expression((op.PLUS_UCONST, 8)), (0x5000,), frame) == 0x5008
    assert evaluate_cfi(expression((op.BREG0 + 6, 0)), (), frame) == 0x6006
    assert evaluate_cfi(expression((op.CALL_FRAME_CFA,), (op.STACK_VALUE,)), (), frame) == 0xCFA0
    with pytest.raises(NotAvailable, match="no number"):
        evaluate_cfi(expression((op.REG0,)), (), frame)


def test_frame_base_in_a_register_or_by_expression() -> None:
    frame = Frame()
    assert frame_base_address(expression((op.REG0 + 6,)), frame) == 0x6006
    assert frame_base_address(expression((op.CALL_FRAME_CFA,)), frame) == 0xCFA0
    assert frame_base_address(expression((op.BREG0 + 6, 16)), frame) == 0x6016
    with pytest.raises(NotAvailable, match="no address"):
        frame_base_address(expression((op.REG0,), (op.PIECE, 8)), frame)


def test_entry_register() -> None:
    assert entry_register(expression((op.REG0 + 5,))) == 5
    assert entry_register(expression((op.REGX, 21))) == 21
    assert entry_register(expression((op.BREG0 + 5, 0))) is None
    assert entry_register(expression((op.BREG0 + 5, 0), (op.DEREF,))) is None


OPERATIONS = st.tuples(st.integers(0, 255), st.integers(0, U64) | st.integers(0, 40), st.integers(0, 40), st.integers(0, 60))
BLOCKS = st.dictionaries(
    st.integers(0, 12),
    st.sampled_from(
        [INT, FLOAT, LONG_DOUBLE, None, 7, b"abcd", (INT, b"abcd"), (DOUBLE, b"\xff" * 8), Expression(((op.REG0 + 5, 0, 0, 0),))]
    ),
)


@given(st.lists(OPERATIONS, max_size=12), BLOCKS)
def test_any_expression_gives_a_place_or_a_reason(ops: list[tuple[int, int, int, int]], blocks: dict[int, object]) -> None:
    with contextlib.suppress(NotAvailable):
        evaluate(Expression(tuple(ops), blocks), Frame())


@given(st.integers(0, U64), st.integers(0, U64), st.sampled_from([op.PLUS, op.MINUS, op.MUL, op.AND, op.OR, op.XOR]))
def test_generic_arithmetic_is_modular(left: int, right: int, atom: int) -> None:
    plain = {
        op.PLUS: left + right,
        op.MINUS: left - right,
        op.MUL: left * right,
        op.AND: left & right,
        op.OR: left | right,
        op.XOR: left ^ right,
    }
    assert value((op.CONSTU, left), (op.CONSTU, right), (atom,)) == plain[atom] & U64
