"""Values as trees: pointers, references, aggregates, cycles, limits, dynamic types."""

from collections.abc import Callable

from obit.analysis.variables.object import Object
from obit.analysis.variables.values import Limits, ValueReader, compact
from obit.debuginfo.scopes import Symbol
from obit.debuginfo.types import ArrayType, BaseType, FunctionType, Member, PointerType, RecordType, Type
from obit.image.process import MappedRange, ProcessImage
from obit.snapshot.model import Variable
from tests.builders.process import FakeModule, loaded, process, words

INT = BaseType("int", 4, "signed")
CHAR = BaseType("char", 1, "char")
VOID = BaseType("void", None, "void")
HERE = 0x1000


def record(name: str, size: int, members: Callable[[], tuple[Member, ...]], key: int = 0) -> RecordType:
    return RecordType(name, size, "struct", lambda _: (members(), (), (), {}), key=key)


def pointer(target: Callable[[], Type], name: str = "T *") -> PointerType:
    return PointerType(name, 8, "pointer", target)


NODE: RecordType = record("node", 16, lambda: (Member("value", INT, 0), Member("next", pointer(lambda: NODE, "node *"), 8)), key=1)


def show(image: ProcessImage, type: Type, address: int = HERE, limits: Limits | None = None) -> Variable:
    return ValueReader(image, limits or Limits()).variable("v", "local", Object(image, type, address))


def test_a_struct_has_its_members_and_a_pointer_what_it_points_to() -> None:
    image = process({HERE: words(5, 0x2000), 0x2000: words(7, 0)})
    shown = show(image, NODE)
    assert compact(shown) == "{value = 5, next = 0x2000}"
    value, following = shown.children
    assert (value.kind, value.address) == ("member", "0x1000")
    assert [(child.name, child.value) for child in following.children] == [("value", "7"), ("next", "0x0")]


def test_a_cycle_ends_where_it_closes() -> None:
    image = process({HERE: words(5, 0x2000), 0x2000: words(7, 0x2000)})
    following = show(image, NODE).children[1]
    again = following.children[1]
    assert again.value == "0x2000"
    assert again.children == ()


def test_pointers_are_followed_only_so_far() -> None:
    image = process({HERE + 0x1000 * step: words(step, HERE + 0x1000 * (step + 1)) for step in range(10)})
    here, depth = show(image, NODE, limits=Limits(hops=2)), 0
    while here.children:
        here, depth = here.children[-1], depth + 1
    assert depth == 3


def test_a_long_list_of_values_is_cut_with_a_word() -> None:
    image = process({HERE: words(*range(1000))})
    shown = show(image, ArrayType("long [1000]", 8000, (1000,), lambda: BaseType("long", 8, "signed")), limits=Limits(elements=10))
    assert shown.value == "1000 elements, 10 shown"
    assert [child.value for child in shown.children] == [str(number) for number in range(10)]


def test_a_pointer_outside_the_address_space_is_marked_and_not_followed() -> None:
    image = process({HERE: words(0xDEAD0000)}, mappings=(MappedRange(0x1000, 0x2000, "rw-p"),))
    shown = show(image, pointer(lambda: INT, "int *"))
    assert (shown.value, shown.tags, shown.children) == ("0xdead0000", ("unmapped",), ())


def test_text_of_a_char_pointer_and_of_arrays() -> None:
    image = process({HERE: words(0x3000), 0x3000: b"Ada\0rest", 0x4000: b"ab\0\0\0\0", 0x5000: b"a\0b\0"})
    assert show(image, pointer(lambda: CHAR, "char *")).value == '0x3000 "Ada"'
    assert show(image, ArrayType("char [6]", 6, (6,), lambda: CHAR), 0x4000).value == '"ab"'
    assert show(image, ArrayType("char [4]", 4, (4,), lambda: CHAR), 0x5000).value == '"a\\0b"'


def test_text_that_was_not_captured_says_so() -> None:
    image = process({HERE: words(0x3000)})
    assert show(image, pointer(lambda: CHAR, "char *")).value == "0x3000 (not captured)"


def test_absent_memory_is_unavailable_with_its_reason() -> None:
    shown = show(process(), INT)
    assert (shown.status, shown.value, shown.reason) == ("unavailable", None, "not captured: 0x1000")


def test_a_reference_is_shown_as_what_it_refers_to() -> None:
    image = process({HERE: words(0x2000), 0x2000: words(7)})
    shown = show(image, PointerType("int &", 8, "reference", lambda: INT))
    assert (shown.type, shown.value, shown.address) == ("int &", "7", "0x2000")


def test_function_pointers_name_their_function() -> None:
    module = loaded(FakeModule(symbols=(Symbol("handler", 0x40, 0x10),)), 0x400000, 0x401000, bias=0x400000)
    image = process({HERE: words(0x400040), HERE + 8: words(0x400044)}, modules=(module,))
    handler = pointer(lambda: FunctionType("void ()", None), "void (*)()")
    assert show(image, handler).value == "0x400040 <handler>"
    assert show(image, handler, HERE + 8).value == "0x400044 <handler+4>"


def test_a_base_pointer_shows_the_object_that_is_there() -> None:
    vptr = Member("_vptr.Shape", pointer(lambda: VOID, "int (**)()"), 0, artificial=True)
    shape = record("Shape", 8, lambda: (vptr,), key=1)
    circle = record("Circle", 16, lambda: (Member("Shape", shape, 0, base=True), Member("radius", INT, 8)), key=2)
    module = loaded(FakeModule(symbols=(Symbol("_ZTV6Circle", 0x100, 0x20),), types={"Circle": circle}), 0x400000, 0x401000, bias=0x400000)
    image = process({HERE: words(0x2000), 0x2000: words(0x400110, 3), 0x400100: words(0, 0)}, modules=(module,))
    shown = show(image, pointer(lambda: shape, "Shape *"))
    assert shown.children[0].type == "Circle"
    assert [child.name for child in shown.children[0].children] == ["Shape", "radius"]


def test_anonymous_members_are_part_of_their_record() -> None:
    inner = record("union {...}", 4, lambda: (Member("i", INT, 0), Member("c", CHAR, 0)))
    outer = record("outer", 8, lambda: (Member("tag", INT, 0), Member(None, inner, 4)))
    image = process({HERE: words(1 | 65 << 32)})
    assert [child.name for child in show(image, outer).children] == ["tag", "i", "c"]


def test_what_pointers_lead_to_does_not_crowd_out_the_variable() -> None:
    pair = record(
        "pair", 24, lambda: (Member("first", pointer(lambda: NODE, "node *"), 0), Member("second", INT, 8), Member("third", INT, 16))
    )
    image = process({HERE: words(0x2000, 5, 6), **{0x2000 + 16 * step: words(step, 0x2010 + 16 * step) for step in range(20)}})
    first, second, third = show(image, pair, limits=Limits(hops=30, depth=60, values=4, followed=6)).children
    assert (second.value, third.value) == ("5", "6")
    depth = 0
    while first.children:
        first, depth = first.children[-1], depth + 1
    assert depth == 3


def test_arrays_of_numbers_use_up_what_a_variable_may_show() -> None:
    image = process({HERE: words(*range(8))})
    array = ArrayType("long [4]", 32, (4,), lambda: BaseType("long", 8, "signed"))
    shown = show(image, record("two", 64, lambda: (Member("a", array, 0), Member("b", array, 32))), limits=Limits(values=9))
    assert [[child.value for child in each.children] for each in shown.children] == [["0", "1", "2", "3"], ["4", "5"]]
    assert shown.children[1].value == "4 elements, 2 shown"


def test_of_an_array_that_is_cut_off_the_rest_is_unavailable() -> None:
    image = process({HERE: words(1, 2)})
    shown = show(image, ArrayType("long [3]", 24, (3,), lambda: BaseType("long", 8, "signed")))
    assert [(child.value, child.status) for child in shown.children] == [("1", "ok"), ("2", "ok"), (None, "unavailable")]
