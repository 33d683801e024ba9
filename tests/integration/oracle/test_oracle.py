"""Obit against gdb on every crash program in every build: all threads, all frames, all variables.

Programs, cores and gdb's answers are kept between sessions (`tests.programs.build`, `tests.oracle.oracle`). `python -m tests.oracle`
prints the differences.
"""

from collections.abc import Sequence

import pytest

from tests.oracle.__main__ import compare_all
from tests.oracle.compare import Comparison, Mismatch
from tests.oracle.known import explain, table
from tests.programs.build import crashed

FRAMES, VALUES = 0.99, 0.97
"""What the issue asks for. Both are held twice: over everything, and without the programs of 500 like threads, which drown the rest."""
MOST_ALIKE = "threads-500"


@pytest.fixture(scope="module")
def comparisons() -> tuple[Comparison, ...]:
    return tuple(compare_all(crashed()))


def agreement(comparisons: Sequence[Comparison], kind: str) -> float:
    total = sum(each.frames if kind == "frame" else each.values for each in comparisons)
    return 1 - sum(each.count(kind) for each in comparisons) / total


@pytest.mark.timeout(900)  # the first session builds and crashes 241 programs and asks gdb about each
def test_there_are_enough_programs_frames_and_values(comparisons: tuple[Comparison, ...]) -> None:
    assert len({each.case.split("@")[0] for each in comparisons}) >= 40
    assert sum(each.frames for each in comparisons) > 10_000
    assert sum(each.values for each in comparisons) > 50_000


@pytest.mark.parametrize(("kind", "share"), [("frame", FRAMES), ("value", VALUES)])
def test_obit_agrees_with_gdb(comparisons: tuple[Comparison, ...], kind: str, share: float) -> None:
    few = [each for each in comparisons if MOST_ALIKE not in each.case]
    assert agreement(comparisons, kind) >= share
    assert agreement(few, kind) >= share


def test_every_difference_is_known_and_has_a_reason(comparisons: tuple[Comparison, ...]) -> None:
    new = [(each.case, mismatch) for each in comparisons for mismatch in each.mismatches if explain(each.case, mismatch) is None]
    assert [f"{case}: {text(mismatch)}" for case, mismatch in new[:20]] == []


def test_every_known_difference_is_still_there(comparisons: tuple[Comparison, ...]) -> None:
    used = {explain(each.case, mismatch) for each in comparisons for mismatch in each.mismatches}
    assert [entry.reason for entry in table() if entry not in used] == []


def text(mismatch: Mismatch) -> str:
    return f"{mismatch.category}: {mismatch.where}: gdb {mismatch.gdb[:100]}, obit {mismatch.obit[:100]}"
