"""How far a report can be trusted, 0 to 100, and what would make it better.

A quarter is the quality of all threads' frames, 35 % that of the crashed thread's, 40 % that of its five innermost (the weights of
satyr). A frame is worth the sum of what is known of it: how it was found, its name, its position, its variables.
"""

from collections.abc import Mapping, Sequence

import msgspec

from obit.analysis.fingerprint.fingerprint import roles
from obit.analysis.fingerprint.rules import Role
from obit.snapshot.model import Frame, Missing, Module, Thread, Trust, Variable

_ALL, _CRASHED, _TOP = 0.25, 0.35, 0.40
_TOP_FRAMES = 5
_TRUST: dict[Trust, float] = {"context": 1.0, "cfi": 1.0, "frame-pointer": 0.8, "scan": 0.3}
_UNNAMED, _NAME, _LINE, _VARIABLES = 0.2, 0.5, 0.35, 0.15
_MOST_REASONS = 8
_CUT_OFF = "the crashed thread's stack goes on in memory that is absent"


class Quality(msgspec.Struct, frozen=True):
    """`reasons` say what lowers the score, and the command that would mend it where one is known; empty for 100."""

    score: int
    reasons: tuple[str, ...] = ()


def quality(threads: Sequence[Thread], modules: Sequence[Module], missing: Sequence[Missing], *, cut_off: bool = False) -> Quality:
    """Quality of a fault's threads. `cut_off`: the crashed thread's stack goes on in memory that is absent."""
    crashed = next((thread for thread in threads if thread.crashed), None)
    frames = crashed.frames if crashed else ()
    if not frames:
        return Quality(0, ("the crashed thread has no frames",))
    levels = {module.path: module.debug for module in modules}
    parts = [roles(thread.frames) for thread in threads]
    everything = [_thread(thread.frames, own) for thread, own in zip(threads, parts, strict=True)]
    crashed_share, top_share = _shares(len(frames)) if cut_off else (1.0, 1.0)
    score = _ALL * sum(everything) / len(everything)
    top = frames[:_TOP_FRAMES]
    score += _CRASHED * crashed_share * _thread(frames, roles(frames)) + _TOP * top_share * _thread(top, roles(top))
    reasons = (
        *([_CUT_OFF] if cut_off else []),
        *_missing_debug(frames, levels, missing),
        *_untrusted(frames),
        *_unavailable(frames),
        *_elsewhere(threads, parts),
    )
    return Quality(round(100 * score), reasons[:_MOST_REASONS])


def _shares(count: int) -> tuple[float, float]:
    """What so many frames are of a stack that would have had five more, and of its five innermost."""
    return count / (count + _TOP_FRAMES), min(count, _TOP_FRAMES) / _TOP_FRAMES


def _thread(frames: Sequence[Frame], parts: Sequence[Role]) -> float:
    return sum(_frame(frame, role) for frame, role in zip(frames, parts, strict=True)) / len(frames) if frames else 0.0


def _frame(frame: Frame, role: Role) -> float:
    """0 to 1. Of the C library and what is below main nobody asks more than a name."""
    found = _TRUST[frame.trust]
    if frame.function is None:
        return found * _UNNAMED
    if role != "own":
        return found
    return found * (_NAME + (_LINE + _VARIABLES * _shown(frame.variables) if frame.line is not None else 0))


def _shown(variables: Sequence[Variable]) -> float:
    """The share of variables that were captured. What a compiler removed is no fault of the report; the variable itself says it."""
    return sum(variable.status != "unavailable" for variable in variables) / len(variables) if variables else 1.0


def _missing_debug(frames: Sequence[Frame], levels: Mapping[str, str], missing: Sequence[Missing]) -> list[str]:
    """The modules without debug information, innermost first."""
    found: dict[str, str] = {}
    for frame, role in zip(frames, roles(frames), strict=True):
        path = frame.module
        if path is None or path in found or frame.line is not None or (role != "own" and frame.function):
            continue
        if levels.get(path) == "full" and frame.function:
            continue
        has = "only symbols" if frame.function else "no debug information and no symbols"
        found[path] = f"{path.rpartition('/')[2]} has {has}{_fix(path, missing)}"
    return list(found.values())


def _fix(path: str, missing: Sequence[Missing]) -> str:
    fixes = (entry.fix for entry in missing if entry.fix and (path in entry.what or path.rpartition("/")[2] in entry.what))
    fix = next(fixes, None)
    return f": {fix}" if fix else ""


def _untrusted(frames: Sequence[Frame]) -> list[str]:
    scanned = sum(frame.trust == "scan" for frame in frames)
    nowhere = sum(frame.module is None for frame in frames)
    return [
        *([f"{_count(scanned, 'frame')} of the crashed thread found by scanning the stack only"] if scanned else []),
        *([f"{_count(nowhere, 'frame')} of the crashed thread in no module"] if nowhere else []),
    ]


def _unavailable(frames: Sequence[Frame]) -> list[str]:
    """Memory that was not captured; what a compiler removed is nobody's fault, and is said on the variable itself."""
    absent = sum(variable.status == "unavailable" for frame in frames for variable in _flat(frame.variables))
    return [f"{_count(absent, 'value')} of the crashed thread's variables not captured"] if absent else []


def _flat(variables: Sequence[Variable]) -> list[Variable]:
    found: list[Variable] = []
    pending = list(variables)
    while pending:
        variable = pending.pop()
        found.append(variable)
        pending.extend(variable.children)
    return found


def _elsewhere(threads: Sequence[Thread], parts: Sequence[Sequence[Role]]) -> list[str]:
    """What lowers the score in whatever thread."""
    empty = sum(not thread.frames for thread in threads)
    lineless = sum(
        role == "own" and frame.function is not None and frame.line is None
        for thread, own in zip(threads, parts, strict=True)
        for frame, role in zip(thread.frames, own, strict=True)
    )
    return [
        *([f"{_count(empty, 'thread')} without frames"] if empty else []),
        *([f"{_count(lineless, 'frame')} without a source position"] if lineless else []),
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
