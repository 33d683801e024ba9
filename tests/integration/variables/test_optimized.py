"""Optimized code: synthetic pointers, entry values, and tail calls, whose callers passed their arguments to somebody else."""

import pytest

from obit.snapshot.model import Frame, Variable
from tests.integration.variables.building import built, fault_of

SYNTHETIC = "(synthetic pointer)"


def frame_of(source: str, function: str, *arguments: str, flags: tuple[str, ...] = ("-O2",)) -> Frame:
    frames = fault_of(built(source, "gcc", *flags), *arguments).threads[0].frames
    return next(frame for frame in frames if frame.function == function)


def variables(frame: Frame) -> dict[str, Variable]:
    return {variable.name: variable for variable in frame.variables}


def members(variable: Variable) -> dict[str, str | None]:
    return {child.name: child.value for child in variable.children}


@pytest.mark.parametrize("flags", [("-O2",), ("-O2", "-gdwarf-4"), ("-O3",)], ids=" ".join)
def test_a_pointer_to_what_is_in_no_memory_shows_it(flags: tuple[str, ...]) -> None:
    point = variables(frame_of("synthetic.c", "measure", flags=flags))["point"]
    assert (point.value, point.status) == (SYNTHETIC, "ok")
    assert members(point)["y"] == "7"


def test_synthetic_pointers_in_a_record_and_to_a_literal() -> None:
    span = variables(frame_of("synthetic.c", "walk", "one"))["span"]
    assert span.value == SYNTHETIC
    inside = {child.name: child for child in span.children}
    assert (inside["start"].value, inside["size"].value) == (f'{SYNTHETIC} "text"', "4")


def test_synthetic_pointers_into_an_array_and_to_each_other() -> None:
    found = variables(frame_of("synthetic.c", "follow", "one", "two"))
    assert found["handle"].value == SYNTHETIC
    (first,) = found["handle"].children
    assert (first.value, members(first)) == (SYNTHETIC, {"*": "11"})


@pytest.mark.parametrize("flags", [("-O2",), ("-O2", "-gdwarf-4")], ids=" ".join)
def test_entry_values_come_from_the_call(flags: tuple[str, ...]) -> None:
    found = variables(frame_of("calls.c", "last", flags=flags))
    assert (found["a"].value, found["b"].value) == ("41", "2")


def test_after_a_tail_call_the_arguments_of_the_other_call_are_not_taken() -> None:
    found = variables(frame_of("calls.c", "last", "one"))
    assert {name: found[name].status for name in ("a", "b")} == {"a": "optimized-out", "b": "optimized-out"}


def test_an_indirect_call_that_a_tail_call_replaced_is_not_believed() -> None:
    """`hop(7, 8)` goes on to `last(108, 7)`: 7 and 8 would be wrong."""
    found = variables(frame_of("calls.c", "last", "one", "two", "three"))
    assert {name: found[name].status for name in ("a", "b")} == {"a": "optimized-out", "b": "optimized-out"}


def test_an_indirect_call_of_the_function_itself_is_believed() -> None:
    found = variables(frame_of("calls.c", "last", "one", "two"))
    assert (found["a"].value, found["b"].value) == ("7", "8")


@pytest.mark.parametrize("flags", [("-O2",), ("-O2", "-gdwarf-4")], ids=" ".join)
def test_a_parameter_that_was_taken_away_comes_from_the_call(flags: tuple[str, ...]) -> None:
    """GCC removes what nobody uses; DW_OP_GNU_parameter_ref tells what would have been passed."""
    found = variables(frame_of("calls.c", "shortened", "1", "2", "3", "4", flags=flags))
    assert found["kept"].value == "5"
    assert found["unused"].value == "77"
