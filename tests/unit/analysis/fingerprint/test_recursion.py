"""Cycles of any period."""

import pytest

from obit.analysis.fingerprint.recursion import Cycle, dominant_cycle, members


@pytest.mark.parametrize(
    ("names", "cycle"),
    [
        ("aaaa", Cycle(0, 1, 4)),
        ("xababab", Cycle(1, 2, 3)),
        ("abcdabcdabcdx", Cycle(0, 4, 3)),
        ("abababa", Cycle(0, 2, 3)),
        ("abab", None),
        ("aaa" + "bcdefghij" * 1, None),  # three by chance
        ("", None),
    ],
)
def test_the_dominant_cycle(names: str, cycle: Cycle | None) -> None:
    assert dominant_cycle(names) == cycle


@pytest.mark.parametrize("names", ["bcabcabca", "cabcabcab", "abcabcabcabc", "xxabcabcabc"])
def test_members_do_not_depend_on_the_phase(names: str) -> None:
    assert members(list(names)) == ["a", "b", "c"]


def test_no_recursion_has_no_members() -> None:
    assert members(list("abcdef")) == []
    assert members([]) == []
