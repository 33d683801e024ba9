"""Where a variable is: registers, pieces, constants, entry values, and what cannot be had."""

import pytest

from obit.analysis.unwind.stack import UnwoundFrame
from obit.analysis.variables.context import FrameContext
from obit.analysis.variables.locate import constant_bytes, object_of
from obit.analysis.variables.object import Object, Unavailable
from obit.debuginfo import opcodes as op
from obit.debuginfo.scopes import Expression, VariableInfo
from obit.debuginfo.types import BaseType
from obit.image.process import ProcessImage
from obit.snapshot.model import Trust
from tests.builders.process import FakeModule, loaded, process, words

INT = BaseType("int", 4, "signed")
LONG = BaseType("long", 8, "signed")
DOUBLE = BaseType("double", 8, "float")
WIDE = BaseType("__int128", 16, "signed")
TEXT, BIAS = 0x5000_1000, 0x5000_0000
RAX, RBX, RDI, RSP, XMM0 = 0, 3, 5, 7, 17
PIECE = 0x93
ENTRY_VALUE, STACK_VALUE = 0xA3, 0x9F


def ops(*operations: tuple[int, ...]) -> Expression:
    padded = [(*each, 0, 0) for each in operations]
    return Expression(tuple((each[0], each[1], each[2], index) for index, each in enumerate(padded)))


def variable(expression: Expression | None, type: BaseType = LONG, constant: int | bytes | None = None) -> VariableInfo:
    return VariableInfo("v", "local", lambda: type, lambda address: expression, constant)


def context(
    image: ProcessImage, registers: dict[int, int], *, trust: Trust = "context", caller: FrameContext | None = None, pc: int = TEXT
) -> FrameContext:
    module = image.modules[0]
    return FrameContext(image, image.threads[0], UnwoundFrame(pc, pc, 0x7000, registers, trust, module), None, caller)


def image_with(memory: dict[int, bytes] | None = None, file: FakeModule | None = None, **extra: dict[int, bytes]) -> ProcessImage:
    module = loaded(file or FakeModule(), TEXT, TEXT + 0x1000, bias=BIAS)
    return process(memory or {}, modules=(module,), vectors=extra.get("vectors", {}))


def read(found: Object) -> int:
    return found.integer()


def test_a_register_holds_the_low_bytes() -> None:
    image = image_with()
    found = object_of(image, variable(ops((op.REG0 + RAX,)), INT), context(image, {RAX: 0x1_FFFF_FFFE}))
    assert found.address is None
    assert read(found) == -2


def test_addresses_are_moved_by_the_modules_bias() -> None:
    image = image_with({BIAS + 0x40: words(42)})
    found = object_of(image, variable(ops((op.ADDR, 0x40))), context(image, {}))
    assert found.address == BIAS + 0x40
    assert read(found) == 42


def test_a_lost_register_is_optimized_out_by_name() -> None:
    image = image_with()
    with pytest.raises(Unavailable, match="optimized out: rax was not preserved"):
        object_of(image, variable(ops((op.REG0 + RAX,))), context(image, {RBX: 1}))


def test_no_entry_in_the_location_list_is_optimized_out() -> None:
    image = image_with()
    with pytest.raises(Unavailable, match=r"^optimized out$"):
        object_of(image, variable(None), context(image, {}))


def test_vector_registers_hold_in_the_innermost_frame_only() -> None:
    data = b"\0\0\0\0\0\0\xf8\x3f" + bytes(8)
    image = image_with(vectors={XMM0: data})
    place = variable(ops((op.REG0 + XMM0,)), DOUBLE)
    assert object_of(image, place, context(image, {})).bytes(0, 8) == data[:8]
    with pytest.raises(Unavailable, match="optimized out"):
        object_of(image, place, context(image, {}, trust="cfi"))


def test_pieces_are_joined_and_an_empty_piece_is_a_hole() -> None:
    image = image_with()
    place = variable(ops((op.REG0 + RAX,), (PIECE, 8), (PIECE, 8)), WIDE)
    found = object_of(image, place, context(image, {RAX: 7}))
    assert found.bytes(0, 8) == words(7)
    with pytest.raises(Unavailable, match="optimized out"):
        found.bytes(8, 8)


def test_constants_are_cut_and_extended_by_their_sign() -> None:
    image = image_with()
    assert read(object_of(image, variable(None, INT, constant=-5), context(image, {}))) == -5
    assert constant_bytes(b"ab", WIDE) == b"ab" + bytes(14)
    assert constant_bytes(-1, WIDE) == b"\xff" * 16


def test_an_entry_value_comes_from_the_callers_call_site() -> None:
    return_address = TEXT + 0x80
    passed = ops((op.BREG0 + RBX, 4), (STACK_VALUE,))
    file = FakeModule(parameters={return_address - BIAS: {RDI: passed}})
    image = image_with(file=file)
    caller = context(image, {RBX: 38}, trust="cfi", pc=return_address)
    entry = Expression(((ENTRY_VALUE, 1, 0, 0), (STACK_VALUE, 0, 0, 1)), {0: ops((op.REG0 + RDI,))})
    assert read(object_of(image, variable(entry), context(image, {}, caller=caller))) == 42
    with pytest.raises(Unavailable, match="optimized out"):
        object_of(image, variable(entry), context(image, {}))


def test_an_entry_value_passed_on_by_every_caller_ends() -> None:
    return_address = TEXT + 0x80
    passed_on = Expression(((ENTRY_VALUE, 1, 0, 0), (STACK_VALUE, 0, 0, 1)), {0: ops((op.REG0 + RDI,))})
    image = image_with(file=FakeModule(parameters={return_address - BIAS: {RDI: passed_on}}))
    here = None
    for _ in range(500):
        here = context(image, {}, trust="cfi", pc=return_address, caller=here)
    with pytest.raises(Unavailable, match="too many callers"):
        object_of(image, variable(passed_on), context(image, {}, caller=here))


def test_absent_memory_is_not_captured_and_not_zero() -> None:
    image = image_with()
    found = object_of(image, variable(ops((op.BREG0 + RSP, 8))), context(image, {RSP: 0x7000}))
    with pytest.raises(Unavailable, match="not captured: 0x7008"):
        read(found)
