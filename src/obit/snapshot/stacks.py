"""What of many frames and threads is worth showing: the frame to look at, recursion folded, threads with one stack taken together."""

from collections.abc import Iterator, Sequence

import msgspec

from obit.snapshot.model import Fault, Frame, Thread
from obit.snapshot.names import frame_name, is_system

KEPT_AT_THE_END = 64
"""Where frames were left out of the middle of a stack, so many of the outermost are there (the interface's `frames_omitted`)."""
LONGEST_CYCLE = 10
FEWEST_REPEATS = 4


class Shown(msgspec.Struct, frozen=True, gc=False):
    """A frame with its number in the whole stack."""

    number: int
    frame: Frame


class Repeated(msgspec.Struct, frozen=True, gc=False):
    """`frames` more frames, in which the `period` shown before them repeat."""

    period: int
    frames: int


class LeftOut(msgspec.Struct, frozen=True, gc=False):
    """So many frames that the document does not hold."""

    frames: int


Entry = Shown | Repeated | LeftOut


class Alike(msgspec.Struct, frozen=True, gc=False):
    """Threads with the same functions on their stacks."""

    names: tuple[str, ...]
    threads: tuple[Thread, ...]


def blamed(fault: Fault, frames: Sequence[Frame]) -> int:
    """Index of the frame to look at first: the first of the fingerprint (it skips what the runtime put on top), else the first of the
    program's own, else the innermost."""
    first = fault.fingerprint_frames[0] if fault.fingerprint_frames else ""
    for index, frame in enumerate(frames):
        if frame.function and first in (frame.function, frame_name(frame)):
            return index
    own = (index for index, frame in enumerate(frames) if frame.file and not is_system(frame))
    return next(own, next((index for index, frame in enumerate(frames) if not is_system(frame)), 0))


def entries(thread: Thread) -> Iterator[Entry]:
    """The thread's frames from the innermost on, with recursion folded, also across the frames that were left out."""
    frames, omitted = thread.frames, thread.frames_omitted
    keys = [frame_name(frame) for frame in frames]
    gap = max(len(frames) - KEPT_AT_THE_END, 1) if omitted else len(frames)
    index = 0
    while index < len(frames):
        period, end, repeated = _recursion(keys, index, gap, omitted)
        shown_to = index + (period or 1)
        for position in range(index, shown_to):
            yield Shown(position if position < gap else position + omitted, frames[position])
        if period:
            yield Repeated(period, repeated)
        index = end if period else shown_to
        if omitted and index == gap:
            yield LeftOut(omitted)


def _recursion(keys: list[str], start: int, gap: int, omitted: int) -> tuple[int, int, int]:
    """The period of a cycle that begins at `start` (0: none), the index after its last frame, and the frames after its first turn."""
    limit = gap if start < gap else len(keys)
    for period in range(1, LONGEST_CYCLE + 1):
        end = _repeats_to(keys, start, period, limit)
        if end - start < FEWEST_REPEATS * period:
            continue
        repeated = end - start - period
        if end == gap and omitted:
            beyond = _continues(keys, gap, keys[start : start + period])
            if beyond > gap:
                return period, beyond, repeated + omitted + beyond - gap
        return period, end, repeated
    return 0, start, 0


def _repeats_to(keys: list[str], start: int, period: int, limit: int) -> int:
    end = min(start + period, limit)
    while end < limit and keys[end] == keys[end - period]:
        end += 1
    return end


def _continues(keys: list[str], gap: int, cycle: list[str]) -> int:
    """How far the cycle goes on after the gap, in whatever phase the frames left out end."""
    period = len(cycle)
    for shift in range(period):
        if keys[gap : gap + period] == cycle[shift:] + cycle[:shift]:
            return _repeats_to(keys, gap, period, len(keys))
    return gap


def alike(threads: Sequence[Thread]) -> list[Alike]:
    """Threads by the functions on their stacks, the largest group first; within it, and between equals, the document's order."""
    groups: dict[tuple[str, ...], list[Thread]] = {}
    for thread in threads:
        groups.setdefault(tuple(map(frame_name, thread.frames)), []).append(thread)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    return [Alike(names, tuple(members)) for names, members in ordered]


def without_internals(names: Sequence[str], frames: Sequence[Frame]) -> list[str]:
    """The names without the C library's inner functions on top, down to the one that was called: `pthread_cond_wait`, not what it is
    made of."""
    first = 0
    while first + 1 < len(frames) and names[first].startswith("__") and is_system(frames[first]) and is_system(frames[first + 1]):
        first += 1
    return [names[first].lstrip("_"), *names[first + 1 :]] if first else list(names)


def without_starters(names: Sequence[str], frames: Sequence[Frame]) -> list[str]:
    """The names of a stack without what the runtime put below the program's outermost function (all of it, when there is no such)."""
    end = len(frames)
    while end > 0 and is_system(frames[end - 1]):
        end -= 1
    return list(names[: end or len(names)])
