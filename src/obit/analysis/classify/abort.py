"""Programs that ended themselves: abort, assertions, the C library's and the C++ runtime's checks, with their words."""

import re

from obit.analysis.classify.abort_message import abort_message
from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.signals import SIGABRT
from obit.analysis.fingerprint.names import normal_name

_ASSERTION = r"(?s)Assertion [`'](?P<condition>.*)' failed\.?\s*$"
_ASSERT_FRAMES = ("__assert_fail", "__assert_fail_base", "__assert_perror_fail", "__assert", "__glibcxx_assert_fail", "__libc_assert_fail")

_ABORT_TEXTS = (
    # glibc's own messages: debug/fortify_fail.c, debug/stack_chk_fail.c, malloc/malloc.c
    (r"\*\*\* stack smashing detected \*\*\*", "stack-smash", "the stack protector found its canary overwritten"),
    (r"\*\*\* .* \*\*\*: terminated", "fortify", "a checked C library function was about to overrun its buffer"),
    (r"double free|free\(\): double free detected", "double-free", "the allocator was given a block that was free already"),
    (
        r"(free|munmap_chunk|realloc)\(\): invalid (pointer|size|old size)",
        "invalid-free",
        "the allocator was given what it never gave out",
    ),
    (
        r"(malloc|calloc|realloc|free|unlink\w*|munmap\w*|mremap\w*|sysmalloc)\S*(\(\))?:|corrupted|malloc\.c",
        "heap-corruption",
        "the allocator found its own data overwritten",
    ),
)
_FRAME_WORDS = (
    (("__stack_chk_fail", "__fortify_fail_abort"), "stack-smash", "the stack protector found its canary overwritten"),
    (("__chk_fail", "__fortify_fail"), "fortify", "a checked C library function was about to overrun its buffer"),
    (("malloc_printerr",), "heap-corruption", "the allocator found its own data overwritten"),
    (("__cxa_pure_virtual",), "pure-virtual", "a pure virtual function was called"),
    (
        ("__cxa_throw", "__cxa_rethrow", "std::terminate", "__terminate", "__verbose_terminate_handler"),
        "uncaught-exception",
        "an exception was thrown that nobody caught",
    ),
)


def abort(context: CrashContext) -> list[Finding]:
    """SIGABRT that the process raised itself."""
    signal = context.signal
    if signal is None or signal.number != SIGABRT or not _own(context):
        return []
    return [Finding("abort", "certain", "the program called abort() or raised SIGABRT itself")]


def assertion(context: CrashContext) -> list[Finding]:
    """A failed assertion, by its message in memory or its function on the stack."""
    if not _aborted(context):
        return []
    message = abort_message(context)
    if message is not None and (match := re.search(_ASSERTION, message)) and "malloc.c" not in message:
        return [Finding("assert", "certain", f"the condition `{match['condition']}` was false", message=message)]
    frame = _named_frame(context, _ASSERT_FRAMES)
    return [Finding("assert", "certain", f"{frame}() is on the stack")] if frame else []


def library_check(context: CrashContext) -> list[Finding]:
    """What the C library and the C++ runtime say they found, by message and by function."""
    if not _aborted(context):
        return []
    message = abort_message(context)
    for pattern, classifier, text in _ABORT_TEXTS:
        if message and re.search(pattern, message) and not (re.search(_ASSERTION, message) and "malloc.c" not in message):
            return [Finding(classifier, "certain", f"{text}: {message!r} is in memory", message=message)]
    for names, classifier, text in _FRAME_WORDS:
        frame = _named_frame(context, names)
        if frame:
            return [Finding(classifier, "likely", f"{text}: {frame}() is on the stack", message=message)]
    return [Finding("abort", "certain", f"the C library's last message is {message!r}", message=message)] if message else []


def _aborted(context: CrashContext) -> bool:
    return context.signal is not None and context.signal.number == SIGABRT


def _own(context: CrashContext) -> bool:
    """Whether the process itself sent the signal."""
    signal, own = context.signal, context.image.process.get("pid")
    if signal is None or signal.sender_pid is None or own is None or signal.sender_pid == own:
        return True
    return _named_frame(context, ("abort",)) is not None


def _named_frame(context: CrashContext, names: tuple[str, ...]) -> str | None:
    """The first of the innermost frames whose function has one of those names."""
    for frame in context.frames[:24]:
        name = normal_name(frame.function) if frame.function else ""
        if name in names or name.rpartition("::")[2] in names:
            return name
    return None
