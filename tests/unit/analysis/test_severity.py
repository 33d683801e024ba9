"""Severity by classifiers."""

import pytest

from obit.analysis.classify.finding import VOCABULARY
from obit.analysis.severity import RULES, severity


@pytest.mark.parametrize(
    ("classifiers", "expected"),
    [
        (("null", "memory.write"), "not-exploitable"),
        (("null", "wild-jump", "memory.execute"), "not-exploitable"),
        (("wild-jump", "memory.execute"), "exploitable"),
        (("non-canonical", "bad-return"), "exploitable"),
        (("memory.write", "use-after-free"), "exploitable"),
        (("memory.write",), "probably-exploitable"),
        (("stack-overflow", "memory.write"), "not-exploitable"),
        (("memory.read",), "unknown"),
        (("divide-by-zero",), "not-exploitable"),
        (("assert", "abort"), "not-exploitable"),
        (("snapshot",), "not-exploitable"),
        ((), "unknown"),
    ],
)
def test_severity(classifiers: tuple[str, ...], expected: str) -> None:
    assert severity(classifiers) == expected


def test_every_word_of_the_rules_is_in_the_vocabulary() -> None:
    assert {word for words, _, _ in RULES for word in words} <= set(VOCABULARY)
