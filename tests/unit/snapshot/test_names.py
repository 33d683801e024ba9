"""How a report calls functions, programs and faults."""

import pytest

from obit.snapshot.names import program_name, short_function, title
from tests.builders import faults


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("main", "main"),
        ("total(std::vector<int, std::allocator<int> > const&, int)", "total"),
        ("shop::Pricing::total<std::map<a, b> >(int) const", "shop::Pricing::total"),
        ("int shop::max<int>(int, int)", "shop::max"),
        ("std::function<void (int)>::operator()(int) const", "std::function::operator()"),
        ("std::ostream& std::operator<< <char>(std::ostream&, char)", "std::operator<<"),
        ("operator new(unsigned long)", "operator new"),
        ("a::operator->()", "a::operator->"),
        ("shop::(anonymous namespace)::helper(int)", "shop::{anonymous}::helper"),
        ("run()::{lambda(int)#1}::operator()(int) const", "run::{lambda#1}::operator()"),
        ("settle(int) [clone .cold]", "settle"),
        ("operators(int)", "operators"),
        ("<alloc::vec::Vec<T> as core::ops::Drop>::drop", "<alloc::vec::Vec<T> as core::ops::Drop>::drop"),
        ("f(int (*)(int)) const", "f"),
        ("<", "<"),
        ("(((", "((("),
    ],
)
def test_short_function(name: str, short: str) -> None:
    assert short_function(name) == short


def test_titles_say_what_and_where() -> None:
    assert title(faults.null_read()) == "null pointer (read) in apply_discount"
    assert title(faults.failed_assert()) == "failed assertion in settle"
    assert title(faults.no_debug_information()) == "invalid write in shop-cart+0x11a9"


def test_a_program_is_called_by_its_file() -> None:
    assert program_name(faults.null_read()) == "shop-cart"
    assert program_name(faults.fault((), process={"pid": 1, "exe": "/usr/bin/x (deleted)"})) == "x"
    assert program_name(faults.fault((), process={"pid": 1, "cmdline": ["./y", "-z"]})) == "y"
    assert program_name(faults.nothing()) == "a program"


@pytest.mark.parametrize(
    ("first", "comm", "name"),
    [
        ("redis-server *:6379", "redis-server", "redis-server"),  # a link, and a title that the program gave itself
        ("/usr/bin/python3", "python3", "python3"),
        ("/usr/lib/chromium/chromium-browser", "chromium-browse", "chromium-browser"),
        ("nginx: worker process", "nginx", "redis-check-rdb"),
        ("/usr/bin/python3", "report.py", "redis-check-rdb"),
        ("", "", "redis-check-rdb"),
    ],
)
def test_a_program_is_called_by_what_it_was_started_as(first: str, comm: str, name: str) -> None:
    facts = {"pid": 1, "exe": "/usr/bin/redis-check-rdb", "cmdline": [first, "-x"], "comm": comm}
    assert program_name(faults.fault((), process=facts)) == name
