"""Containers as broken programs leave them: what is corrupt is said, what is absent is absent, and nothing runs without end."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obit.analysis.variables.containers import Rendering, printer_for
from obit.analysis.variables.containers.targets import template_arguments
from obit.analysis.variables.containers.walks import aligned, alignment_of
from obit.analysis.variables.object import Object, Unavailable
from obit.debuginfo.scopes import Symbol
from obit.debuginfo.types import ArrayType, BaseType, Member, PointerType, RecordType, TemplateArgument, Type
from obit.image.process import MappedRange
from tests.builders.process import FakeModule, loaded, process, words

CHAR = BaseType("char", 1, "char")
INT = BaseType("int", 4, "signed")
LONG = BaseType("unsigned long", 8, "unsigned")
LONG_DOUBLE = BaseType("long double", 16, "float")
VOID = BaseType("void", None, "void")
HERE, TEXT, NODE = 0x1000, 0x2000, 0x3000

Fields = Mapping[str, tuple[int, Type]]


def pointer(target: Type = VOID) -> PointerType:
    return PointerType(f"{target.name} *", 8, "pointer", lambda: target)


def record(name: str, size: int, fields: Fields, *template: Type | int) -> RecordType:
    members = tuple(Member(field, type, offset) for field, (offset, type) in fields.items())
    arguments = tuple(
        TemplateArgument(None, INT if isinstance(each, int) else each, each if isinstance(each, int) else None) for each in template
    )
    return RecordType(name, size, "class", lambda _: (members, arguments, (), {}))


def array(target: Type, count: int) -> ArrayType:
    return ArrayType(f"{target.name} [{count}]", (target.size or 0) * count, (count,), lambda: target)


POINTER = pointer()
STRING = record(
    "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
    32,
    {
        "_M_dataplus": (0, record("_Alloc_hider", 8, {"_M_p": (0, pointer(CHAR))})),
        "_M_string_length": (8, LONG),
        "_M_local_buf": (16, array(CHAR, 16)),
        "_M_allocated_capacity": (16, LONG),
    },
    CHAR,
)
COW_STRING = record("std::basic_string<char>", 8, {"_M_dataplus": (0, record("_Alloc_hider", 8, {"_M_p": (0, pointer(CHAR))}))}, CHAR)
CXX_STRING = record("std::__1::basic_string<char, std::__1::char_traits<char>>", 24, {})
VECTOR = record(
    "std::vector<int, std::allocator<int> >",
    24,
    {
        "_M_impl": (
            0,
            record("_Impl", 24, {"_M_start": (0, pointer(INT)), "_M_finish": (8, pointer(INT)), "_M_end_of_storage": (16, pointer(INT))}),
        )
    },
    INT,
)
LIST = record(
    "std::__cxx11::list<int>",
    24,
    {
        "_M_impl": (
            0,
            record(
                "_List_impl",
                24,
                {"_M_node": (0, record("_Node", 24, {"_M_next": (0, POINTER), "_M_prev": (8, POINTER), "_M_size": (16, LONG)}))},
            ),
        )
    },
    INT,
)
FORWARD = record(
    "std::forward_list<int>", 8, {"_M_impl": (0, record("_Impl", 8, {"_M_head": (0, record("_Node", 8, {"_M_next": (0, POINTER)}))}))}, INT
)
HEADER = record("_Rb_tree_node_base", 32, {"_M_parent": (8, POINTER)})
TREE = record("_Rb_tree", 48, {"_M_impl": (0, record("_Impl", 48, {"_M_header": (8, HEADER), "_M_node_count": (40, LONG)}))})
SET = record("std::set<int>", 48, {"_M_t": (0, TREE)}, INT)
MAP = record("std::map<int, char>", 48, {"_M_t": (0, TREE)}, INT, CHAR)
HASH_TABLE = record(
    "_Hashtable", 56, {"_M_before_begin": (16, record("_Hash_node_base", 8, {"_M_nxt": (0, POINTER)})), "_M_element_count": (24, LONG)}
)
HASH = record("std::unordered_set<int>", 56, {"_M_h": (0, HASH_TABLE)}, INT)
ITERATOR = record(
    "_Deque_iterator", 32, {"_M_cur": (0, POINTER), "_M_first": (8, POINTER), "_M_last": (16, POINTER), "_M_node": (24, POINTER)}
)
DEQUE = record("std::deque<int>", 80, {"_M_impl": (0, record("_Impl", 80, {"_M_start": (16, ITERATOR), "_M_finish": (48, ITERATOR)}))}, INT)
SHARED = record(
    "std::shared_ptr<int>", 16, {"_M_ptr": (0, pointer(INT)), "_M_refcount": (8, record("_Count", 8, {"_M_pi": (0, POINTER)}))}, INT
)
VARIANT = record(
    "std::variant<int, char>",
    8,
    {"_M_u": (0, record("_Union", 4, {})), "_M_index": (4, BaseType("unsigned char", 1, "unsigned"))},
    INT,
    CHAR,
)
VIEW = record("std::basic_string_view<char>", 16, {"_M_len": (0, LONG), "_M_str": (8, pointer(CHAR))}, CHAR)
SPAN = record(
    "std::span<int, 18446744073709551615>",
    16,
    {"_M_ptr": (0, pointer(INT)), "_M_extent": (8, record("_E", 8, {"_M_extent_value": (0, LONG)}))},
    INT,
)
FUNCTION = record(
    "std::function<int (int)>", 32, {"_M_functor": (0, array(CHAR, 16)), "_M_manager": (16, POINTER), "_M_invoker": (24, POINTER)}
)
EXCEPTION = record("std::runtime_error", 16, {})
EXCEPTION_POINTER = record("std::__exception_ptr::exception_ptr", 8, {"_M_exception_object": (0, POINTER)})
BITS = record("std::bitset<70>", 16, {"_M_w": (0, array(LONG, 2))}, 70)


def render(type: RecordType, memory: Mapping[int, bytes], *symbols: Symbol) -> Rendering:
    printer = printer_for(type)
    assert printer is not None
    modules = (loaded(FakeModule(symbols=symbols), 0x400000, 0x500000, bias=0x400000),)
    image = process(memory, modules=modules, mappings=(MappedRange(HERE, 0x10000, "rw-"),))
    return printer(Object(image, type, HERE))


def values(rendering: Rendering) -> list[int]:
    return [child.value.integer() for child in rendering.children]


def broken(rendering: Rendering) -> str:
    with pytest.raises(Unavailable) as why:
        list(rendering.children)
    return str(why.value)


def test_a_sound_string_inside_and_outside() -> None:
    assert render(STRING, {HERE: words(HERE + 16, 5) + b"hello\0" + bytes(10)}).summary == '"hello"'
    assert render(STRING, {HERE: words(TEXT, 20, 30, 0), TEXT: b"twenty characters...\0"}).summary == '"twenty characters..."'
    assert render(COW_STRING, {HERE: words(TEXT + 24), TEXT: words(3, 8, 0) + b"old"}).summary == '"old"'
    assert render(CXX_STRING, {HERE: bytes([6]) + b"abc" + bytes(20)}).summary == '"abc"'
    assert render(CXX_STRING, {HERE: words(33, 4, TEXT), TEXT: b"long"}).summary == '"long"'
    assert render(STRING, {HERE: words(HERE + 16, 0) + bytes(16)}).is_string


@pytest.mark.parametrize(
    ("type", "memory", "summary"),
    [
        (STRING, words(0, 5, 0, 0), "corrupt: null pointer"),
        (STRING, words(HERE + 16, 16, 0, 0), "corrupt: length 16 in the local buffer"),
        (STRING, words(TEXT, 31, 30, 0), "corrupt: length 31, capacity 30"),
        (STRING, words(TEXT, 1 << 62, 1 << 63, 0), "corrupt: length 4611686018427387904"),
        (STRING, words(0xDEAD0000, 5, 30, 0), "corrupt: length 5, text at 0xdead0000, which is not mapped"),
        (COW_STRING, words(0), "corrupt: null pointer"),
        (CXX_STRING, bytes([46]) + bytes(23), "corrupt: length 23 in the local buffer"),
        (CXX_STRING, words(33, 40, TEXT), "corrupt: length 40, capacity 32"),
        (CXX_STRING, words(33, 4, 0), "corrupt: length 4, capacity 32"),
        (VIEW, words(4, 0), "corrupt: null pointer, length 4"),
        (VECTOR, words(TEXT + 8, TEXT, TEXT + 16), "corrupt: end before begin"),
        (VECTOR, words(TEXT, TEXT + 16, TEXT + 8), "corrupt: capacity smaller than size"),
        (VECTOR, words(TEXT, TEXT + 7, TEXT + 8), "corrupt: size of 7 bytes with elements of 4"),
        (VECTOR, words(8, 1 << 63, 1 << 63), f"corrupt: size of {(1 << 63) - 8} bytes with elements of 4"),
        (VECTOR, words(0, 16, 16), "corrupt: size of 16 bytes with elements of 4"),
        (LIST, words(NODE, NODE, 1 << 60), f"corrupt: size {1 << 60}"),
        (SET, words(0, 0, 0, 0, 0, 5), "corrupt: size 5, root 0x0"),
        (SET, words(0, 0, NODE, 0, 0, 0), f"corrupt: size 0, root 0x{NODE:x}"),
        (HASH, words(0, 0, 0, 9, 0, 0, 0), "corrupt: size 9, first node 0x0"),
        (DEQUE, words(0, 0, 0, 0, 0, NODE + 8, 0, 0, 0, NODE), "corrupt: end before begin"),
        (DEQUE, words(0, 0, 8, 0, 0, NODE, 4, 0, 0, NODE), "corrupt: size -1"),
        (VARIANT, bytes([0, 0, 0, 0, 2, 0, 0, 0]), "corrupt: index 2"),
        (VARIANT, bytes([0, 0, 0, 0, 255, 0, 0, 0]), "valueless"),
        (SPAN, words(TEXT, 1 << 60), f"corrupt: size {1 << 60}"),
        (EXCEPTION, words(0, 0), "corrupt: no message"),
        (FUNCTION, words(0, 0, 0, 0), "empty"),
        (FUNCTION, words(0, 0, 0x77, 0x99), "invoker 0x99"),
        (EXCEPTION_POINTER, words(0), "empty"),
        (EXCEPTION_POINTER, words(TEXT), "an exception at 0x2000"),
    ],
)
def test_what_cannot_be_is_called_corrupt(type: RecordType, memory: bytes, summary: str) -> None:
    rendering = render(type, {HERE: memory})
    assert rendering.summary == summary
    assert list(rendering.children) == []


def test_what_is_not_captured_is_not_corrupt() -> None:
    for type, memory in (
        (STRING, words(TEXT, 5, 30, 0)),
        (COW_STRING, words(TEXT)),
        (EXCEPTION, words(0, TEXT)),
        (SHARED, words(NODE, NODE)),
    ):
        with pytest.raises(Unavailable, match="not captured"):
            render(type, {HERE: memory})
    for type in (STRING, VECTOR, LIST, MAP, HASH, DEQUE, SHARED, VARIANT, SPAN, EXCEPTION):
        with pytest.raises(Unavailable, match="not captured"):
            render(type, {})


def test_a_string_that_is_there_in_part() -> None:
    assert render(STRING, {HERE: words(TEXT, 20, 30, 0), TEXT: b"only"}).summary == '"only"…'
    assert render(STRING, {HERE: words(TEXT, 5000, 5000, 0), TEXT: b"y" * 5000}).summary == '"' + "y" * 200 + '"…'


def test_vector_elements_that_are_not_captured_fail_one_by_one() -> None:
    rendering = render(VECTOR, {HERE: words(TEXT, TEXT + 8, TEXT + 12), TEXT: words(7)[:4]})
    assert rendering.summary == "size 2, capacity 3"
    first, second = rendering.children
    assert first.value.integer() == 7
    with pytest.raises(Unavailable, match="not captured"):
        second.value.integer()


def test_a_list_in_a_circle() -> None:
    sound = {HERE: words(NODE, NODE + 0x20, 2), NODE: words(NODE + 0x20, HERE, 1), NODE + 0x20: words(HERE, NODE, 2)}
    assert values(render(LIST, sound)) == [1, 2]
    assert broken(render(LIST, sound | {NODE + 0x20: words(NODE, NODE, 2)})) == "corrupt: the list runs in a circle"
    assert broken(render(LIST, sound | {HERE: words(NODE, NODE + 0x20, 1)})) == "corrupt: more elements than its size"
    assert broken(render(LIST, sound | {HERE: words(NODE, NODE + 0x20, 3)})) == "corrupt: 2 elements instead of 3"
    assert broken(render(FORWARD, {HERE: words(NODE), NODE: words(NODE, 1)})) == "corrupt: the list runs in a circle"
    assert broken(render(FORWARD, {HERE: words(0x9999)})) == "not captured: 0x9999"


def node(left: int, right: int, value: int) -> bytes:
    return words(0, 0, left, right, value)


def test_a_tree_in_order_or_in_a_circle() -> None:
    fixed = words(0, 0, NODE, 0, 0, 3)
    sound = {HERE: fixed, NODE: node(NODE + 64, NODE + 128, 2), NODE + 64: node(0, 0, 1), NODE + 128: node(0, 0, 3)}
    assert values(render(SET, sound)) == [1, 2, 3]
    mapping = render(MAP, sound | {NODE: node(NODE + 64, NODE + 128, 2 | ord("b") << 32)})
    pairs = [(child.key.integer(), child.value.integer()) for child in mapping.children if child.key is not None]
    assert pairs == [(1, 0), (2, ord("b")), (3, 0)]
    assert broken(render(SET, sound | {NODE + 64: node(NODE, 0, 1)})) == "corrupt: the tree runs in a circle"
    assert broken(render(SET, sound | {HERE: words(0, 0, NODE, 0, 0, 4)})) == "corrupt: 3 elements instead of 4"
    assert values(render(SET, sound | {HERE: words(0, 0, NODE, 0, 0, 2), NODE + 128: node(NODE, NODE, 3)})) == [1, 2]


def test_a_hash_table_in_a_circle() -> None:
    table = words(0, 0, NODE, 2, 0, 0, 0)
    assert values(render(HASH, {HERE: table, NODE: words(NODE + 32, 8), NODE + 32: words(0, 9)})) == [8, 9]
    assert broken(render(HASH, {HERE: table, NODE: words(NODE, 8)})) == "corrupt: the list runs in a circle"


def test_a_deque_over_two_blocks() -> None:
    iterators = words(0, 0, 0x5000 + 504, 0x5000, 0, NODE, 0x6000 + 8, 0x6000, 0, NODE + 8)
    blocks = {NODE: words(0x5000, 0x6000), 0x5000 + 504: words(1 | 2 << 32), 0x6000: words(3 | 4 << 32)}
    rendering = render(DEQUE, {HERE: iterators, **blocks})
    assert rendering.summary == "size 4"
    assert values(rendering) == [1, 2, 3, 4]


def test_counts_of_a_shared_pointer() -> None:
    def counts(used: int, weak: int) -> Rendering:
        block = words(0) + used.to_bytes(4, "little", signed=True) + weak.to_bytes(4, "little", signed=True)
        return render(SHARED, {HERE: words(TEXT, NODE), NODE: block})

    assert counts(2, 1).summary == "use count 2, weak count 0"
    assert [child.label for child in counts(2, 1).children] == ["get()"]
    assert counts(0, 1).summary == "expired, weak count 1"
    assert list(counts(0, 1).children) == []
    assert counts(-1, 1).summary == "corrupt: use count -1, weak count 1"
    assert render(SHARED, {HERE: words(0, 0)}).summary == "empty"


def test_a_function_by_its_symbols() -> None:
    handler = Symbol("_ZNSt17_Function_handlerIFiiEZ4mainEUliE_E9_M_invokeERKSt9_Any_dataOi", 0x100, 16)
    assert render(FUNCTION, {HERE: words(0, 0, 1, 0x400104)}, handler).summary == "main::{lambda(int)#1}"
    plain = Symbol("_ZNSt17_Function_handlerIFiiEPS0_E9_M_invokeERKSt9_Any_dataOi", 0x100, 16)
    rendering = render(FUNCTION, {HERE: words(0x400200, 0, 1, 0x400104)}, plain, Symbol("_Z6triplei", 0x200, 8))
    assert rendering.summary == "0x400200 <triple(int)>"


def test_an_exception_pointer_by_its_type_information() -> None:
    si_class = Symbol("_ZTVN10__cxxabiv120__si_class_type_infoE", 0x300, 64)
    memory = {
        HERE: words(TEXT),
        TEXT - 112: words(NODE),
        TEXT: words(0, 0x4000),
        NODE: words(0x400310, NODE + 64),
        NODE + 64: b"St13runtime_error\0",
        0x4000: b"broken\0",
    }
    assert render(EXCEPTION_POINTER, memory, si_class).summary == 'std::runtime_error, what(): "broken"'
    assert render(EXCEPTION_POINTER, memory | {NODE + 64: b"N4shop5EmptyE\0"}, si_class).summary == "shop::Empty"
    assert render(EXCEPTION_POINTER, memory).summary == "an exception at 0x2000"


def test_the_message_of_an_exception_is_cut() -> None:
    assert render(EXCEPTION, {HERE: words(0, TEXT), TEXT: b"short\0"}).summary == 'what(): "short"'
    assert (render(EXCEPTION, {HERE: words(0, TEXT), TEXT: b"x" * 3000}).summary or "").endswith('x"…')


def test_bits() -> None:
    assert render(BITS, {HERE: words(0b101, 0b1 << 5)}).summary == "1" + "0" * 66 + "101"


def test_only_standard_classes_have_printers() -> None:
    for name in ("shop::vector<int>", "vector<int>", "std::unknown<int>", "std::__1::unknown<int>", "mystd::map<int>"):
        assert printer_for(record(name, 8, {})) is None
    for name in (
        "std::__debug::vector<int>",
        "std::__cxx1998::list<int>",
        "std::__1::map<int, int>",
        "std::__ndk1::deque<int>",
        "std::filesystem::__cxx11::path",
    ):
        assert printer_for(record(name, 8, {})) is not None


def test_an_unknown_version_of_a_library_is_said() -> None:
    with pytest.raises(Unavailable, match="has no member"):
        render(record("std::vector<int>", 24, {"begin": (0, POINTER)}, INT), {HERE: bytes(24)})
    with pytest.raises(Unavailable, match="template arguments"):
        render(record("std::set<int>", 24, {}), {HERE: bytes(24)})


def test_where_elements_may_begin() -> None:
    pair = record("pair", 16, {"a": (0, CHAR), "b": (8, LONG)})
    assert [alignment_of(type) for type in (CHAR, INT, POINTER, LONG_DOUBLE, array(INT, 3), pair, record("empty", 1, {}))] == [
        1,
        4,
        8,
        16,
        4,
        8,
        1,
    ]
    assert (aligned(25, INT), aligned(25, CHAR), aligned(25, INT, LONG), aligned(16, LONG_DOUBLE)) == (28, 25, 32, 16)


@pytest.mark.parametrize(
    ("name", "prefix", "expected"),
    [
        ("a::b<int, std::map<int, char> >::f", "a::b", ["int", "std::map<int, char>"]),
        ("h<int (int), main::{lambda(int, char)#1}>::g", "h", ["int (int)", "main::{lambda(int, char)#1}"]),
        ("h<int", "h", []),
        ("other", "h", []),
    ],
)
def test_template_arguments_of_a_name(name: str, prefix: str, expected: list[str]) -> None:
    assert template_arguments(name, prefix) == expected


ALL = [
    STRING,
    COW_STRING,
    CXX_STRING,
    VECTOR,
    LIST,
    FORWARD,
    SET,
    MAP,
    HASH,
    DEQUE,
    SHARED,
    VARIANT,
    VIEW,
    SPAN,
    FUNCTION,
    EXCEPTION,
    EXCEPTION_POINTER,
]
WORD = st.sampled_from([0, 1, 8, 100, HERE, HERE + 8, HERE + 16, TEXT, TEXT + 8, NODE, NODE + 32, (1 << 64) - 1, 1 << 63, 1 << 40])


@given(st.sampled_from(ALL), st.lists(WORD, min_size=40, max_size=40))
def test_any_contents_end_in_values_or_reasons(type: RecordType, contents: list[int]) -> None:
    memory = {HERE: words(*contents[:12]), TEXT: words(*contents[12:26]), NODE: words(*contents[26:])}
    try:
        rendering = render(type, memory)
        for count, _ in enumerate(rendering.children):
            if count > 500:
                break
    except Unavailable:
        return
