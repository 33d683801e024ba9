"""stack-overflow on any thread, and its recursion named."""

import pytest

from obit.analysis.classify.rules import classify
from obit.image.process import MappedRange
from tests.builders.crash import GUARD, HEAP, STACK, TEXT, crash, frame, segv

BOTTOM = STACK.start
MAIN_STACK = MappedRange(0x7FFC00000000, 0x7FFC00800000, "rw-", 0, "[stack]")


@pytest.mark.parametrize(
    ("code", "registers", "address"),
    [
        ("ffd0", {"rsp": BOTTOM, "rax": 0x401000}, BOTTOM - 8),  # call
        ("50", {"rsp": BOTTOM}, BOTTOM - 8),  # push
        ("48897da8", {"rsp": BOTTOM - 0x60, "rbp": BOTTOM + 0x30}, BOTTOM - 0x28),  # mov [rbp - 0x58], rdi
        ("c70001000000", {"rsp": BOTTOM - 0x400000, "rax": BOTTOM - 0x3FFFF0}, BOTTOM - 0x3FFFF0),  # a huge local array
    ],
)
def test_the_stack_ran_out(code: str, registers: dict[str, int], address: int) -> None:
    result = classify(crash(code, registers, segv(address), cfas=(BOTTOM + 0x40,)))
    assert result.classifiers[0] == "stack-overflow"
    assert (result.evidence[0].confidence, "8 MiB" in result.evidence[0].text) == ("certain", True)


def test_the_main_thread_has_no_guard_mapping() -> None:
    bottom = MAIN_STACK.start
    result = classify(crash("50", {"rsp": bottom}, segv(bottom - 8), mappings=(TEXT, HEAP, MAIN_STACK)))
    assert (result.classifiers[0], result.evidence[0].confidence) == ("stack-overflow", "likely")


@pytest.mark.parametrize(
    ("code", "registers", "address"),
    [
        ("c70001000000", {"rsp": STACK.end - 0x1000, "rax": BOTTOM - 8}, BOTTOM - 8),  # sp is far: a bad index
        ("c70001000000", {"rsp": BOTTOM + 0x10, "rax": 0}, 0),  # a null pointer with little stack left
        ("c70001000000", {"rsp": HEAP.end, "rax": HEAP.end}, HEAP.end),  # nothing above is a stack of this thread
    ],
)
def test_what_is_no_overflow(code: str, registers: dict[str, int], address: int) -> None:
    assert "stack-overflow" not in classify(crash(code, registers, segv(address))).classifiers


@pytest.mark.parametrize(
    ("functions", "omitted", "text"),
    [
        (["walk"] * 300, 0, "`walk()` calls itself, 300 times"),
        (["walk"] * 320, 102_000, "`walk()` calls itself, about 102,320 times"),
        (
            ["log", *["expression", "term", "factor"] * 50, "main"],
            0,
            "`factor()` → `term()` → `expression()` → `factor()` goes round 50 times",
        ),
        (["a", "b", "c"], 0, None),
    ],
)
def test_the_recursion_is_named(functions: list[str], omitted: int, text: str | None) -> None:
    frames = tuple(frame(function) for function in functions)
    result = classify(crash("50", {"rsp": BOTTOM}, segv(BOTTOM - 8), cfas=(BOTTOM + 64,), frames=frames, omitted=omitted))
    assert (f"; {text}" in result.evidence[0].text) if text else (";" not in result.evidence[0].text)


def test_a_guard_alone_makes_it_likely() -> None:
    result = classify(crash("50", {"rsp": BOTTOM}, segv(BOTTOM - 8, 2), mappings=(TEXT, GUARD, STACK)))
    assert (result.classifiers[0], result.evidence[0].confidence) == ("stack-overflow", "likely")
