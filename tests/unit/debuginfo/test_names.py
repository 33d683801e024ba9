"""Names of types: how they are spelled, compared and taken apart."""

import pytest

from obit.debuginfo.dwarf import comparable, components
from obit.debuginfo.spelling import canonical


@pytest.mark.parametrize(
    ("of_gcc", "expected"),
    [
        ("long unsigned int", "unsigned long"),
        ("long int", "long"),
        ("short int", "short"),
        ("short unsigned int", "unsigned short"),
        ("long long int", "long long"),
        ("long long unsigned int", "unsigned long long"),
        ("unsigned int", "unsigned int"),
        ("int", "int"),
        ("print", "print"),
        ("long_print int_x", "long_print int_x"),
        ("std::min<long unsigned int>", "std::min<unsigned long>"),
        ("pair<long int, short int>", "pair<long, short>"),
        ("long double", "long double"),
        ("unsigned char", "unsigned char"),
    ],
)
def test_integers_are_spelled_as_gdb_does(of_gcc: str, expected: str) -> None:
    assert canonical(of_gcc) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("std::array<int, 3ul>", "std::array<int, 3>"),
        ("A<B<C> >", "A<B<C>>"),
        ("pair<const A, int>", "pair<A const, int>"),
        ("T<1UL, 2u>", "T<1, 2>"),
        ("f<long unsigned int>", "f<unsigned long>"),
    ],
)
def test_spellings_of_one_type(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(("one", "other"), [("A<B>", "A<const B>"), ("A<1>", "A<2>"), ("A", "B"), ("v2u", "v2")])
def test_names_of_different_types(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("int", ["int"]),
        ("shop::Cart<a::b>::Item<c>", ["shop", "Cart", "Item"]),
        ("shop::(anonymous namespace)::Hidden", ["shop", "Hidden"]),
        ("std::function<int (a::b)>", ["std", "function"]),
        ("A<(B)1>::C", ["A", "C"]),
        ("", [""]),
        ("<<<::", [""]),
    ],
)
def test_components(name: str, parts: list[str]) -> None:
    assert components(name) == parts
