"""Function names of two spellings."""

import pytest

from tests.oracle.names import normal


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("main", "main"),
        ("shop::Ring<int, 4>::at(int) const", "shop::Ring::at"),
        ("call(std::function<int (int)> const&, std::function<int (int)>, int)", "call"),
        ("(anonymous namespace)::process(shop::v2::Order&)", "{anonymous}::process"),
        ("Counter::run(int)::{lambda(int)#1}::operator()(int) const", normal("Counter::run(int)::{lambda(int)#1}::operator()")),
        ("Money::operator+(Money const&) const", "Money::operator+"),
        ("Money::operator bool() const", "Money::operator bool"),
        ("bool operator< <int>(T const&, T const&)", normal("operator< <int>")),
        ("insert.cold", "insert"),
        ("free@plt", "free"),
        ("", None),
        (None, None),
    ],
)
def test_a_name_loses_what_spellings_differ_in(name: str | None, expected: str | None) -> None:
    assert normal(name) == expected


def test_different_functions_stay_different() -> None:
    assert normal("a::f(int)") != normal("b::f(int)")
    assert normal("T::operator<(int)") != normal("T::operator<=(int)")
