"""The explanation: one to three plain sentences, made of what the evidence carries and no more.

Who did it, to what, where; then who called it. The most specific classifier that has a sentence decides.
"""

from collections.abc import Callable

from obit.analysis.classify import naming
from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.memory import address_text
from obit.analysis.classify.operands import canonical
from obit.analysis.classify.pointer import bad_function, bad_pointer
from obit.analysis.classify.rules import Classification
from obit.analysis.classify.signals import signal_name
from obit.analysis.classify.stack import recursion_text
from obit.analysis.fingerprint.fingerprint import own_frame
from obit.analysis.fingerprint.names import module_name, normal_name
from obit.snapshot.model import Frame

_LONGEST_MESSAGE = 300


def explain(context: CrashContext, classification: Classification) -> str:
    """What happened, for a person."""
    story = Story(context, classification)
    for classifier in classification.classifiers:
        sentence = SENTENCES.get(classifier)
        text = sentence(story) if sentence else None
        if text:
            return " ".join(capitalized(part) for part in (text, story.caller()) if part)
    return capitalized(story.plain())


def capitalized(sentence: str) -> str:
    """The sentence with a capital at its start."""
    return sentence[:1].upper() + sentence[1:]


def function_text(frame: Frame | None) -> str:
    """`total()`, or what stands for a function without a name."""
    if frame is None or (frame.function is None and frame.module is None):
        return "the program"
    if frame.function is None:
        return f"code in {(frame.module or '').rpartition('/')[2]}"
    return f"`{_called_name(frame)}()`"


def _called_name(frame: Frame) -> str:
    """A function as programs call it: the C library's `__libc_read` is `read`, its `__poll` `poll`."""
    name = normal_name(frame.function or "")
    if module_name(frame.module or "") != "libc.so":
        return name
    return name.removeprefix("__libc_").removeprefix("_IO_").removeprefix("__") or name


def where_text(frame: Frame | None) -> str:
    """` at crash.c:4`, or nothing."""
    if frame is None or frame.file is None or not frame.line:
        return ""
    return f" at {frame.file.rpartition('/')[2]}:{frame.line}"


class Story:
    """A crash and the words for it. `frame` is the program's own innermost function, `who` its name, `where` its position."""

    def __init__(self, context: CrashContext, classification: Classification) -> None:
        self.context = context
        self.found = classification
        self.index = own_frame(context.frames)
        self.frame = None if self.index is None else context.frames[self.index]
        inner = context.frames[0] if context.frames and context.frames[0].function else None
        self.who = function_text(self.frame or inner)
        self.where = where_text(self.frame)

    def caller(self) -> str | None:
        """A sentence about who called the program's own innermost function, unless that is its first."""
        if self.frame is None or self.index is None or self.frame.function in (None, "main"):
            return None
        outer = self.context.frames[self.index + 1 : self.index + 8]
        skipped, caller = next(((at, frame) for at, frame in enumerate(outer) if frame.function and not frame.inlined), (0, None))
        if caller is None or caller.function == self.frame.function or own_frame([caller]) is None:
            return None
        called = "reached from" if any(not frame.function for frame in outer[:skipped]) else "called by"
        return f"It was {called} {function_text(caller)}{where_text(caller)}."

    def evidence(self) -> str:
        """The text of the first classifier's evidence."""
        return next((each.text for each in self.found.evidence if each.classifier == self.found.classifiers[0]), "")

    def access(self) -> str | None:
        """`total()` read through `o` (null) at crash.c:4."""
        access = self.context.access
        if access.address is None or access.executes:
            return None
        verb = "wrote" if access.writes else "read" if access.use else "used memory"
        inner = self.context.frames[0] if self.context.frames else None
        if inner is not None and inner is not self.frame and inner.function and not inner.inlined and (entry := self._entry()):
            within = "" if entry is inner else f", in {function_text(entry)}"
            return f"{function_text(inner)}{within}, called by {self.who}{self.where}, {verb} {self._target(access.address)}."
        return f"{self.who} {verb} {self._target(access.address)}{self.where}."

    def _entry(self) -> Frame | None:
        """The library's function that the program's own called; None when none is between it and the crash."""
        entry = self.context.frames[self.index - 1] if self.index else None
        return entry if entry is not None and entry.function and not entry.inlined else None

    def _target(self, address: int) -> str:
        preposition = "to" if self.context.access.writes else "from" if self.context.access.use else "at"
        name, value = bad_pointer(self.context, self.frame)
        if name is None:
            return f"{preposition} {address_text(address)}{self._about(address)}"
        return f"through `{name}` (null)" if value == 0 else f"through `{name}` (0x{value:x}{self._about(address)})"

    def _about(self, address: int) -> str:
        if self.context.access.near_null:
            return ""
        if not canonical(self.context.image.machine, address):
            return ", which is no address that can exist"
        return f", which is {self.context.place(address)}"

    def stack_overflow(self) -> str:
        """`walk()` ran out of stack at tree.c:9: walk() calls itself, 104,832 times."""
        recursion = recursion_text(self.context)
        return f"{self.who} ran out of stack{self.where}{f': {recursion}' if recursion else ''}."

    def jump(self) -> str | None:
        """`dispatch()` called `handler` (null) at server.c:7."""
        access = self.context.access
        if not access.executes or access.address is None:
            return None
        target = address_text(access.address)
        if access.kind == "return":
            inside = access.transfer is not None and access.transfer.site is not None  # it stands at the `ret` still
            who = f"{self.who}{self.where}" if inside else "a function"
            return f"{who} returned to {target}, where no code is: its return address on the stack was overwritten."
        frame = next((frame for frame in self.context.frames[1:] if frame.module), None)  # the first is where it went
        verb = {"call": "called", "branch": "jumped to"}.get(access.kind)
        if verb is None or frame is None:
            after = f"; {function_text(frame)}{where_text(frame)} was the last function before" if frame else ""
            return f"The program went on at {target}, where no code is{after}."
        name = bad_function(self.context, frame)
        what = f"`{name}` ({target})" if name else f"{target} as a function"
        return f"{function_text(frame)} {verb} {what}{where_text(frame)}."

    def assertion(self) -> str:
        """In `main()` at t.c:12 the assertion `x > 0` failed."""
        condition = self.evidence().partition("`")[2].rpartition("`")[0] if self.found.message else ""
        what = f"the assertion `{condition}` failed" if condition else "an assertion failed"
        return f"In {self.who}{self.where} {what}."

    def panic(self) -> str:
        """`total()` panicked at cart.rs:12: `unwrap()` was called on `None`."""
        reason = self.evidence()
        return f"{self.who} panicked{self.where}{'' if reason.endswith('is on the stack') else f': {reason}'}."

    def abort(self) -> str:
        """`main()` ended the program with abort() at t.c:12."""
        message = (self.found.message or "")[:_LONGEST_MESSAGE].rstrip(".")
        return f"{self.who} ended the program with abort(){self.where}.{f' The C library said: {message}.' if message else ''}"

    def library_check(self) -> str:
        """What the C library or the C++ runtime found."""
        what = self.evidence().partition(": ")[0]
        message = f" ({self.found.message[:_LONGEST_MESSAGE]})" if self.found.message else ""
        return f"{what}{message}; {self.who} was running{self.where}."

    def divide(self) -> str:
        """`average()` divided by `count` (0) at t.c:12."""
        name = naming.divisor(self.frame) if self.frame else None
        return f"{self.who} divided {f'by `{name}` (0)' if name else 'by zero'}{self.where}."

    def refused(self) -> str:
        """What the evidence of one instruction says."""
        return f"{self.who} failed{self.where}: {self.evidence()}."

    def killed(self) -> str:
        """Process 12 sent SIGTERM; the program was in `serve()` at t.c:12."""
        if self.frame is None:
            return f"{self.evidence()}."
        entry, signal = self._entry(), self.context.signal
        itself = signal is not None and signal.sender_pid == self.context.image.process.get("pid")  # then it is in kill()
        called = "" if itself or entry is None else f"{function_text(entry)}, called by "
        return f"{self.evidence()}; the program was in {called}{self.who}{self.where}."

    def snapshot(self) -> str:
        """Of a sound process."""
        if not self.context.image.threads:
            return "Neither threads nor a signal were captured: what happened to the process is not known."
        was = f" It was in {self.who}{self.where}." if self.frame else ""
        return f"This is a snapshot of a process that had not crashed.{was}"

    def plain(self) -> str:
        """Nothing is known but the signal."""
        name = signal_name(self.context.signal.number) if self.context.signal else "No signal"
        return f"{name} ended the program; {self.who} was running{self.where}."


Sentence = Callable[[Story], str | None]

SENTENCES: dict[str, Sentence] = {
    "null": lambda story: story.jump() or story.access(),
    "non-canonical": lambda story: story.jump() or story.access(),
    "stack-overflow": Story.stack_overflow,
    "bad-return": Story.jump,
    "wild-jump": Story.jump,
    "memory.execute": Story.jump,
    "memory.write": Story.access,
    "memory.read": Story.access,
    "invalid-pointer": Story.access,
    "assert": Story.assertion,
    "rust-panic": Story.panic,
    "go-panic": Story.panic,
    "abort": Story.abort,
    "divide-by-zero": Story.divide,
    "killed": Story.killed,
    "snapshot": Story.snapshot,
    "stack-smash": Story.library_check,
    "fortify": Story.library_check,
    "double-free": Story.library_check,
    "invalid-free": Story.library_check,
    "heap-corruption": Story.library_check,
    "pure-virtual": Story.library_check,
    "uncaught-exception": Story.library_check,
    "truncated-mapping": Story.refused,
    "machine-check": Story.refused,
    "bus-error": Story.refused,
    "seccomp": Story.refused,
    "misaligned": Story.refused,
    "privileged-instruction": Story.refused,
    "illegal-instruction": Story.refused,
    "floating-point": Story.refused,
    "breakpoint": Story.refused,
}
