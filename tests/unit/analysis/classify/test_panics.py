"""Panics of Rust and Go that end in an abort, by the functions on the stack."""

import pytest

from obit.analysis.classify.rules import classify
from obit.analysis.explain import explain
from obit.analysis.fingerprint.fingerprint import fingerprint
from obit.image.process import SignalInfo
from tests.builders.crash import PID, crash, frame, stack_of

ABORT = SignalInfo(number=6, code=-6, sender_pid=PID)
INNER = ("std::process::abort", "panic_abort::__rust_start_panic", "std::panicking::panic_with_hook", "core::panicking::panic_fmt")


@pytest.mark.parametrize(
    ("functions", "sentence"),
    [
        (("core::option::unwrap_failed",), "`shop::total()` panicked at cart.c:41: `unwrap()` was called on `None`."),
        (("core::panicking::panic_bounds_check",), "`shop::total()` panicked at cart.c:41: an index was out of bounds."),
        (
            ("core::panicking::panic_const::panic_const_div_by_zero",),
            "`shop::total()` panicked at cart.c:41: a division by zero.",
        ),
        ((), "`shop::total()` panicked at cart.c:41."),
    ],
)
def test_why_it_panicked(functions: tuple[str, ...], sentence: str) -> None:
    context = crash("90", {}, ABORT, frames=(*map(frame, (*INNER, *functions)), *stack_of("shop::total")))
    found = classify(context)
    assert found.classifiers == ("rust-panic", "abort")
    assert explain(context, found) == sentence


@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        (("runtime.fatalpanic", "runtime.gopanic", "runtime.panicmem", "runtime.sigpanic"), ": a nil or wild pointer was used"),
        (("runtime.gopanic", "runtime.mapassign_faststr"), ": a nil map was assigned to, or a map was used by two goroutines at once"),
        (("runtime.gopanic", "runtime.goPanicIndex"), ": an index was out of range"),
        (("runtime.gopanic",), ""),
    ],
)
def test_go(functions: tuple[str, ...], reason: str) -> None:
    inner = ("runtime.raise", "runtime.dieFromSignal", "runtime.crash", *functions)
    context = crash("90", {}, ABORT, frames=(*map(frame, inner), frame("main.total"), frame("main.main"), frame("runtime.main")))
    found = classify(context)
    assert found.classifiers == ("go-panic", "abort")
    assert explain(context, found).startswith(f"`main.total()` panicked at cart.c:41{reason}. It was called by `main.main()`")
    assert fingerprint(context.frames).frames == ("main.total", "main.main")


def test_an_abort_without_a_panic_is_none() -> None:
    context = crash("90", {}, ABORT, frames=(frame("std::process::abort"), *stack_of("shop::main")))
    assert classify(context).classifiers == ("abort",)
