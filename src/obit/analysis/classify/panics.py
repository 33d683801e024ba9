"""Panics that end in an abort: Rust's with panic=abort or where nothing may unwind, Go's with GOTRACEBACK=crash.

The functions and their words: library/core/src/panicking.rs, option.rs and result.rs of Rust's sources; src/runtime/panic.go, map.go
and signal_unix.go of Go's.
"""

from typing import NamedTuple

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.signals import SIGABRT, SIGILL
from obit.analysis.fingerprint.names import normal_name

_DEEPEST = 40


class Language(NamedTuple):
    """`panics` are the functions of which one is on the stack of every panic; `reasons` those that say why, by the beginning of their
    names, the more telling first."""

    classifier: str
    panics: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...]


_RUST = Language(
    "rust-panic",
    (
        "core::panicking::panic_fmt",
        "core::panicking::panic_nounwind_fmt",
        "std::panicking::panic_with_hook",
        "std::panicking::begin_panic",
    ),
    (
        ("core::option::unwrap_failed", "`unwrap()` was called on `None`"),
        ("core::option::expect_failed", "`expect()` was called on `None`"),
        ("core::result::unwrap_failed", "`unwrap()` or `expect()` was called on an `Err`"),
        ("core::cell::panic_already_borrowed", "a `RefCell` was borrowed already"),
        ("core::cell::panic_already_mutably_borrowed", "a `RefCell` was mutably borrowed already"),
        ("core::panicking::panic_bounds_check", "an index was out of bounds"),
        ("core::panicking::panic_null_pointer_dereference", "a null pointer was dereferenced"),
        ("core::panicking::panic_misaligned_pointer_dereference", "a misaligned pointer was dereferenced"),
        ("core::panicking::panic_cannot_unwind", "a panic reached a function that must not unwind"),
        ("core::panicking::panic_in_cleanup", "a destructor panicked while a panic was being unwound"),
        ("core::panicking::panic_const::panic_const_div_by_zero", "a division by zero"),
        ("core::panicking::panic_const::panic_const_rem_by_zero", "a division by zero"),
        ("core::panicking::panic_const::", "arithmetic overflowed"),
        ("core::panicking::assert_failed", "an assertion that two values compare did not hold"),
    ),
)
_GO = Language(
    "go-panic",
    ("runtime.gopanic", "runtime.throw", "runtime.fatalthrow"),
    (
        ("runtime.mapassign", "a nil map was assigned to, or a map was used by two goroutines at once"),
        ("runtime.goPanicIndex", "an index was out of range"),
        ("runtime.goPanicSlice", "the bounds of a slice were out of range"),
        ("runtime.panicdivide", "a division by zero"),
        ("runtime.panicdottype", "a value was not of the type that an assertion gave it"),
        ("runtime.panicmem", "a nil or wild pointer was used"),
        ("runtime.sigpanic", "a nil or wild pointer was used, or another fault of an instruction"),
    ),
)


def panic(context: CrashContext) -> list[Finding]:
    """The panic's functions are on the stack; one of them may say why."""
    if context.signal is None or context.signal.number not in (SIGABRT, SIGILL):
        return []
    names = [normal_name(frame.function) for frame in context.frames[:_DEEPEST] if frame.function]
    for language in (_RUST, _GO):
        panicked = next((name for name in names if name in language.panics), None)
        if panicked is not None:
            reason = next((text for start, text in language.reasons if any(name.startswith(start) for name in names)), None)
            return [Finding(language.classifier, "certain", reason or f"{panicked}() is on the stack")]
    return []
