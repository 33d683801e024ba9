"""Leaf by leaf comparison of what gdb prints with Obit's tree."""

import pytest

from obit.snapshot.model import Variable
from tests.oracle.records import Node
from tests.oracle.values import compare


def variable(name: str, value: str | None = None, *children: Variable) -> Variable:
    return Variable(name=name, kind="member", type=None, value=value, children=children)


def hexed(text: str) -> str:
    return text.encode().hex()


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"k": "int", "v": "-5"}, "-5"),
        ({"k": "int", "v": "97"}, "97 'a'"),
        ({"k": "int", "v": "1"}, "true"),
        ({"k": "bool", "v": 0}, "false"),
        ({"k": "enum", "v": 5, "text": "(shop::READ | shop::EXECUTE)"}, "(READ | EXECUTE)"),
        ({"k": "enum", "v": 17, "text": "(GREEN | unknown: 0x10)"}, "(GREEN | 0x10)"),
        ({"k": "enum", "v": 17, "text": "17"}, "17"),
        ({"k": "float", "v": "0.10000000149011612", "size": 4}, "0.1"),
        ({"k": "float", "v": "inf", "size": 8}, "inf"),
        ({"k": "float", "v": "2.71828182845904509", "size": 16}, "2.718281828459045091"),
        ({"k": "complex", "v": "1.5 + 2.5i"}, "1.5 + 2.5i"),
        ({"k": "pointer", "v": 0}, "0x0"),
        ({"k": "pointer", "v": 0x401000}, "0x401000 <main+4>"),
        ({"k": "pointer", "v": 16, "text": hexed("Größe")}, '0x10 "Größe"'),
        ({"k": "text", "v": hexed('a"\n\\') + "e901"}, '"a\\"\\n\\\\\\351\\001"'),
    ],
)
def test_equal_values_agree_whatever_their_spelling(node: Node, value: str) -> None:
    (leaf,) = compare("x", node, variable("x", value))
    assert leaf.category == ""


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"k": "int", "v": "-5"}, "5"),
        ({"k": "bool", "v": 0}, "true"),
        ({"k": "enum", "v": 5, "text": "(READ | EXECUTE)"}, "READ"),
        ({"k": "float", "v": "0.1", "size": 8}, "0.10000000149011612"),
        ({"k": "pointer", "v": 16, "text": hexed("abc")}, '0x10 "abd"'),
        ({"k": "pointer", "v": 16, "text": hexed("abc")}, "0x10"),
        ({"k": "text", "v": hexed("abc")}, "abc"),
    ],
)
def test_different_values_are_told(node: Node, value: str) -> None:
    (leaf,) = compare("x", node, variable("x", value))
    assert leaf.category.startswith("value of")


def test_a_missing_member_is_one_mismatch_for_each_scalar_in_it() -> None:
    inner = {"k": "struct", "type": "P", "c": [["a", False, {"k": "int", "v": "1"}], ["b", False, {"k": "int", "v": "2"}]]}
    leaves = list(compare("x", {"k": "struct", "type": "Q", "c": [["p", False, inner]]}, variable("x")))
    assert [(leaf.path, leaf.category) for leaf in leaves] == [("x.p.a", "absent"), ("x.p.b", "absent")]


def test_what_gdb_cannot_print_is_not_compared() -> None:
    nodes: list[Node] = [{"k": "gone"}, {"k": "error", "v": "why"}, {"k": "cut"}, {"k": "other", "v": "&Wallet::coins", "code": 1}]
    assert [leaf for node in nodes for leaf in compare("x", node, None)] == []


def test_members_of_bases_are_found_nested_flat_and_in_the_most_derived_object() -> None:
    node = {"k": "struct", "type": "D", "c": [["B", True, {"k": "struct", "type": "B", "c": [["b", False, {"k": "int", "v": "1"}]]}]]}
    nested = variable("x", None, variable("B", None, variable("b", "1")))
    flat = variable("x", None, variable("b", "1"))
    most_derived = variable("x", None, variable("D", None, variable("B", None, variable("b", "1"))))
    for shape in (nested, flat, most_derived):
        assert [leaf.category for leaf in compare("x", node, shape)] == [""]


def test_anonymous_members_are_members_of_the_enclosing_type() -> None:
    inner = {"k": "struct", "type": "{...}", "c": [["a", False, {"k": "int", "v": "1"}]]}
    (leaf,) = compare("x", {"k": "struct", "type": "Q", "c": [["", False, inner]]}, variable("x", None, variable("a", "1")))
    assert leaf.category == ""


def test_maps_agree_with_keys_in_names_or_as_first_children() -> None:
    children = [["[0]", {"k": "text", "v": hexed("Ada")}], ["[1]", {"k": "int", "v": "36"}]]
    node = {"k": "container", "hint": "map", "type": "std::map", "c": children}
    by_name = variable("x", None, variable('["Ada"]', "36"))
    by_pair = variable("x", None, variable("[0]", None, variable("key", '"Ada"'), variable("value", "36")))
    for shape in (by_name, by_pair):
        assert [leaf.category for leaf in compare("x", node, shape)] == ["", ""]
    assert [leaf.category for leaf in compare("x", node, variable("x", None, variable('["Bob"]', "36")))] == ["value of text", ""]


def test_library_types_that_gdb_shows_raw_and_obit_by_meaning_are_left_out() -> None:
    node = {"k": "struct", "type": "std::function<int(int)>", "c": [["_M_invoker", False, {"k": "pointer", "v": 7}]]}
    assert list(compare("x", node, variable("x", "0x55 <twice(int)>"))) == []
    assert len(list(compare("x", {**node, "type": "Mine"}, variable("x", "0x55")))) == 1
