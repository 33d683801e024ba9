"""abort, assert and the C library's words: with libc's symbols, without them, by frames alone."""

import pytest

from obit.analysis.classify.abort_message import abort_message
from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.rules import Classification, classify
from obit.debuginfo.scopes import Symbol
from obit.image.process import LoadedModule, MappedRange, SignalInfo
from obit.snapshot.model import Frame
from tests.builders.crash import MAPPINGS, PID, crash, frame, stack_of
from tests.builders.process import FakeModule, loaded, words

LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
LIBC_DATA = MappedRange(0x7E0000100000, 0x7E0000102000, "rw-", 0x100000, LIBC)
MESSAGE_PAGE = 0x7E0000200000
ABORT = SignalInfo(number=6, code=-6, sender_pid=PID)
ASSERTION = "shop: cart.c:12: take: Assertion `wanted <= stock && \"x `y' z\"' failed.\n"


def said(message: str, *, symbols: bool = True, size: int = 4096, frames: tuple[Frame, ...] = ()) -> Classification:
    return classify(context(message, symbols=symbols, size=size, frames=frames))


def context(message: str | None, *, symbols: bool = True, size: int = 4096, frames: tuple[Frame, ...] = ()) -> CrashContext:
    pointer = LIBC_DATA.start + 0x88
    known = (Symbol("__abort_msg", 0x100088, 8),) if symbols else ()
    libc: LoadedModule = loaded(
        FakeModule(symbols=known) if symbols else None, 0x7E0000000000, LIBC_DATA.end, bias=0x7E0000000000, path=LIBC
    )
    data = words(*[0x1234] * 17, MESSAGE_PAGE if message is not None else 0, 0x99)
    block = size.to_bytes(4, "little") + (message or "").encode() + b"\0"
    memory = {LIBC_DATA.start: data, MESSAGE_PAGE: block.ljust(4096, b"\0")}
    assert pointer == LIBC_DATA.start + 17 * 8
    return crash("90", {}, ABORT, mappings=(*MAPPINGS, LIBC_DATA), memory=memory, modules=(libc,), frames=frames)


@pytest.mark.parametrize("symbols", [True, False])
def test_an_assertion_with_its_text(symbols: bool) -> None:
    result = said(ASSERTION, symbols=symbols)
    assert result.classifiers == ("assert", "abort")
    assert result.message == ASSERTION.rstrip("\n")
    assert result.evidence[0].text == 'the condition `wanted <= stock && "x `y\' z"` was false'


@pytest.mark.parametrize(
    ("message", "classifier"),
    [
        ("*** stack smashing detected ***: terminated\n", "stack-smash"),
        ("*** buffer overflow detected ***: terminated\n", "fortify"),
        ("double free or corruption (out)\n", "double-free"),
        ("free(): double free detected in tcache 2\n", "double-free"),
        ("free(): invalid pointer\n", "invalid-free"),
        ("munmap_chunk(): invalid pointer\n", "invalid-free"),
        ("corrupted size vs. prev_size\n", "heap-corruption"),
        ("malloc(): corrupted top size\n", "heap-corruption"),
        ("Fatal glibc error: malloc.c:2593 (sysmalloc): assertion failed: (old_top == initial_top (av)\n", "heap-corruption"),
        ("shop: malloc.c:2617: sysmalloc: Assertion `(old_top == initial_top (av)' failed.\n", "heap-corruption"),
    ],
)
def test_the_c_librarys_words(message: str, classifier: str) -> None:
    result = said(message)
    assert result.classifiers == (classifier, "abort")
    assert result.message == message.strip()


@pytest.mark.parametrize(
    ("message", "size"),
    [("short of its size\n", 4097), ("\x01\x02\x03\x04 not text\n", 4096), ("zero size\n", 0), ("huge\n", 1 << 30)],
)
def test_what_does_not_look_like_a_message_is_none(message: str, size: int) -> None:
    assert said(message, symbols=False, size=size).message is None


def test_only_whole_pages_are_believed_without_symbols() -> None:
    block = (4096).to_bytes(4, "little") + b"looks right\n\0"
    memory = {LIBC_DATA.start: words(MESSAGE_PAGE + 8), MESSAGE_PAGE + 8: block}
    libc = loaded(None, 0x7E0000000000, LIBC_DATA.end, path=LIBC)
    assert abort_message(crash("90", {}, ABORT, mappings=(LIBC_DATA,), memory=memory, modules=(libc,))) is None


def test_nothing_was_said() -> None:
    assert abort_message(context(None)) is None
    assert classify(context(None)).classifiers == ("abort",)


@pytest.mark.parametrize(
    ("functions", "classifiers"),
    [
        (("raise", "abort", "__assert_fail_base", "__assert_fail", "take"), ("assert", "abort")),
        (("raise", "abort", "__stack_chk_fail", "parse"), ("stack-smash", "abort")),
        (("abort", "__cxxabiv1::__terminate(void (*)())", "__cxa_throw", "load"), ("uncaught-exception", "abort")),
        (("abort", "std::terminate()", "__cxa_pure_virtual", "configure"), ("pure-virtual", "abort")),
        (("raise", "abort", "my_assert", "terminate_order"), ("abort",)),
    ],
)
def test_frames_speak_where_no_message_is(functions: tuple[str, ...], classifiers: tuple[str, ...]) -> None:
    assert classify(crash("90", {}, ABORT, frames=stack_of(*functions))).classifiers == classifiers


def test_an_abort_sent_by_another_process_is_a_kill() -> None:
    signal = SignalInfo(number=6, code=0, sender_pid=1)
    assert classify(crash("90", {}, signal, frames=(frame("poll"),))).classifiers == ("killed",)
