"""Variables of many frames at one address: read once where that is right, and only there."""

from obit.analysis.unwind.stack import UnwoundFrame
from obit.analysis.variables.context import FrameContext
from obit.analysis.variables.plans import PlannedReader
from obit.analysis.variables.values import Limits
from obit.debuginfo import opcodes as op
from obit.debuginfo.scopes import DynamicCount, Expression, Scope, VariableInfo
from obit.debuginfo.types import ArrayType, BaseType, Type
from obit.snapshot.model import Variable
from tests.builders.process import FakeModule, loaded, process, words

INT = BaseType("int", 4, "signed")
LONG = BaseType("long", 8, "signed")
DOUBLE = BaseType("double", 8, "float")
TEXT, BIAS = 0x5000_1000, 0x5000_0000
RAX, RBX, XMM0 = 0, 3, 17
HEAP = 0x7000


def ops(*operations: tuple[int, ...]) -> Expression:
    padded = [(*each, 0, 0) for each in operations]
    return Expression(tuple((each[0], each[1], each[2], index) for index, each in enumerate(padded)))


def info(expression: Expression | None, type: Type = LONG, constant: int | None = None, name: str = "v") -> VariableInfo:
    return VariableInfo(name, "local", lambda: type, lambda address: expression, constant)


class Reader:
    """A planned reader of frames that all are at the same address and have the same variables."""

    def __init__(self, *infos: VariableInfo, memory: dict[int, bytes] | None = None) -> None:
        self.image = process(memory or {}, modules=(loaded(FakeModule(), TEXT, TEXT + 0x1000, bias=BIAS),))
        self._reader = PlannedReader(self.image, Limits())
        self._scope = Scope("f", None, False, None, 0x1000, lambda address: None, lambda: infos, "c", 1, 1)
        self._infos = infos

    def read(self, registers: dict[int, int]) -> tuple[Variable, ...]:
        frame = UnwoundFrame(TEXT, TEXT, HEAP, registers, "cfi", self.image.modules[0])
        (found,) = self._reader.variables(FrameContext(self.image, self.image.threads[0], frame, self._scope, None), [self])
        return found

    @property
    def variables(self) -> tuple[VariableInfo, ...]:
        return self._infos


def test_frames_show_what_their_own_registers_hold() -> None:
    reader = Reader(info(ops((op.REG0 + RAX,))))
    assert [reader.read({RAX: value})[0].value for value in (1, 2, 1)] == ["1", "2", "1"]


def test_the_same_in_a_register_is_written_out_once() -> None:
    reader = Reader(info(ops((op.REG0 + RAX,))))
    assert reader.read({RAX: 7})[0] is reader.read({RAX: 7, RBX: 1})[0]


def test_a_register_that_one_frame_lost_is_lost_there_only() -> None:
    reader = Reader(info(ops((op.REG0 + RAX,))))
    assert [reader.read(registers)[0].status for registers in ({RAX: 7}, {}, {RAX: 7})] == ["ok", "optimized-out", "ok"]


def test_places_in_memory_that_differ_are_read_each() -> None:
    reader = Reader(info(ops((op.BREG0 + RBX, 8))), memory={HEAP: words(10, 20, 30)})
    assert [reader.read({RBX: HEAP + offset})[0].value for offset in (0, 8)] == ["20", "30"]


def test_an_address_is_not_taken_for_a_number() -> None:
    place, number = ops((op.BREG0 + RBX, 0)), ops((op.BREG0 + RBX, 0), (op.STACK_VALUE,))
    reader = Reader(info(place), info(number), info(ops((op.REG0 + RBX,))), memory={HEAP: words(5)})
    assert [each.value for each in reader.read({RBX: HEAP})] == ["5", str(HEAP), str(HEAP)]


def test_types_and_names_are_not_mixed_up() -> None:
    register = ops((op.REG0 + RAX,))
    reader = Reader(info(register, INT), info(register, LONG), info(register, LONG, name="w"))
    found = reader.read({RAX: 0x1_0000_0002})
    assert [(each.name, each.value) for each in found] == [("v", "2"), ("v", "4294967298"), ("w", "4294967298")]


def test_constants_and_what_is_nowhere_are_the_same_in_every_frame() -> None:
    reader = Reader(info(None, constant=3), info(None))
    first, second = reader.read({RAX: 1}), reader.read({RAX: 2})
    assert [(each.value, each.status) for each in first] == [("3", "ok"), (None, "optimized-out")]
    assert first == second


def test_an_array_has_the_length_that_its_frame_says() -> None:
    count = DynamicCount(info(ops((op.REG0 + RAX,))), 0)
    array = ArrayType("long []", None, (None,), lambda: LONG, dynamic=(count,))
    reader = Reader(info(ops((op.BREG0 + RBX, 0)), array), memory={HEAP: words(1, 2, 3)})
    assert [len(reader.read({RAX: length, RBX: HEAP})[0].children) for length in (2, 3)] == [2, 3]


def test_vector_registers_of_outer_frames_are_lost() -> None:
    reader = Reader(info(ops((op.REG0 + XMM0,)), DOUBLE))
    assert [reader.read({RAX: value})[0].status for value in (1, 1)] == ["optimized-out", "optimized-out"]
