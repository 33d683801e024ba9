"""Rust panics that end in an abort: of a program built with panic=abort, or where a panic must not unwind.

The functions and their words: library/core/src/panicking.rs, option.rs and result.rs of the Rust sources.
"""

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.signals import SIGABRT, SIGILL
from obit.analysis.fingerprint.names import normal_name

_DEEPEST = 40
_PANIC = (
    "core::panicking::panic_fmt",
    "core::panicking::panic_nounwind_fmt",
    "std::panicking::panic_with_hook",
    "std::panicking::begin_panic",
)
_REASONS = {
    "core::option::unwrap_failed": "`unwrap()` was called on `None`",
    "core::option::expect_failed": "`expect()` was called on `None`",
    "core::result::unwrap_failed": "`unwrap()` or `expect()` was called on an `Err`",
    "core::cell::panic_already_borrowed": "a `RefCell` was borrowed already",
    "core::cell::panic_already_mutably_borrowed": "a `RefCell` was mutably borrowed already",
    "core::panicking::panic_bounds_check": "an index was out of bounds",
    "core::panicking::panic_null_pointer_dereference": "a null pointer was dereferenced",
    "core::panicking::panic_misaligned_pointer_dereference": "a misaligned pointer was dereferenced",
    "core::panicking::panic_cannot_unwind": "a panic reached a function that must not unwind",
    "core::panicking::panic_in_cleanup": "a destructor panicked while a panic was being unwound",
    "core::panicking::assert_failed": "an assertion that two values compare did not hold",
}
_ARITHMETIC = "core::panicking::panic_const::panic_const_"


def panic(context: CrashContext) -> list[Finding]:
    """The panic's functions are on the stack; one of them says why."""
    if context.signal is None or context.signal.number not in (SIGABRT, SIGILL):
        return []
    names = [normal_name(frame.function) for frame in context.frames[:_DEEPEST] if frame.function]
    panicked = next((name for name in names if name in _PANIC), None)
    if panicked is None:
        return []
    reason = next((text for name in names if (text := _reason(name))), None)
    return [Finding("rust-panic", "certain", reason or f"{panicked}() is on the stack")]


def _reason(name: str) -> str | None:
    """`panic_const_div_by_zero` says itself why."""
    if name.startswith(_ARITHMETIC):
        return f"arithmetic failed: {name.removeprefix(_ARITHMETIC).replace('_', ' ')}"
    return _REASONS.get(name)
