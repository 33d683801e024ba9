"""Compares the frames of one thread: gdb's against Obit's. Pure."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import PurePath

import msgspec

from obit.snapshot.model import Frame, Thread

from .names import same_function
from .records import GdbFrame, GdbThread

LAST = 64
"""Frames at the outer end that both keep of a stack too deep to show."""


class Pair(msgspec.Struct, frozen=True):
    """A frame of either side with its partner; `category` is empty when they agree."""

    index: int
    gdb: GdbFrame | None
    obit: Frame | None
    category: str = ""

    def __str__(self) -> str:
        """Both sides on one line."""
        theirs = f"{self.gdb.pc:#x} {self.gdb.function} {self.gdb.file}:{self.gdb.line} {self.gdb.kind}" if self.gdb else "nothing"
        ours = f"{self.obit.pc} {self.obit.function} {self.obit.file}:{self.obit.line} {self.obit.trust}" if self.obit else "nothing"
        return f"#{self.index} gdb {theirs} | obit {ours}"


def _key(pc: int, *, inlined: bool) -> str:
    return f"{pc:x}{'i' if inlined else ''}"


def compare(theirs: GdbThread, ours: Thread) -> Iterator[Pair]:
    """Each of gdb's frames with Obit's; frames that gdb makes up (tail calls) are no frames. Frames of Obit's beyond gdb's last are
    judged only where gdb reached the end of the stack: elsewhere they are Obit's merit or its guess, and say which by their trust."""
    left = [frame for frame in theirs.frames if frame.kind != "tailcall"]
    right = list(ours.frames)
    if theirs.count > len(theirs.frames) and ours.frames_omitted:
        # Both left out the middle: all frames of a recursion look alike, so the two ends are aligned each for itself.
        yield from _align(left[:-LAST], right[:-LAST], 0, judge_rest=False)
        yield from _align(left[-LAST:][::-1], right[-LAST:][::-1], len(left) - LAST, judge_rest=False)
    else:
        yield from _align(left, right, 0, judge_rest=theirs.stopped == "no reason")


def _align(left: Sequence[GdbFrame], right: Sequence[Frame], first: int, *, judge_rest: bool) -> Iterator[Pair]:
    matcher = SequenceMatcher(
        None,
        [_key(frame.pc, inlined=frame.kind == "inline") for frame in left],
        [_key(int(frame.pc, 16), inlined=frame.inlined) for frame in right],
        autojunk=False,
    )
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag == "equal":
            for offset in range(end - start):
                yield _pair(first + start + offset, left[start + offset], right[other_start + offset])
            continue
        for index in range(start, end):
            yield Pair(first + index, left[index], None, "frame that gdb has")
        for index in range(other_start, other_end):
            if start < len(left) or (judge_rest and right[index].trust in ("context", "cfi")):
                yield Pair(first + start, None, right[index], "frame that gdb has not")


def _pair(index: int, theirs: GdbFrame, ours: Frame) -> Pair:
    if not same_function(theirs.function, ours.function):
        return Pair(index, theirs, ours, "function")
    if theirs.line and theirs.line != ours.line:
        return Pair(index, theirs, ours, "line")
    if theirs.file and PurePath(theirs.file).name != PurePath(ours.file or "").name:
        return Pair(index, theirs, ours, "file")
    return Pair(index, theirs, ours)
