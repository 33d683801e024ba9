"""From a crashed thread's frames to two keys: which crashes are the same bug (group), and which are the same crash (strict).

The chain is the program's own functions, innermost first, each once: recursion of any period and depth gives one chain.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from obit.analysis.fingerprint.names import module_name, normal_name
from obit.analysis.fingerprint.recursion import members
from obit.analysis.fingerprint.rules import VERSION, Role, Seen, is_system_module, role_of
from obit.snapshot.model import Frame

try:  # hashlib loads OpenSSL, which costs more than the rest of this layer's imports together
    from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore]  # Python 3.12
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found, unused-ignore]  # Python 3.11
    except ImportError:
        from hashlib import sha256

GROUP_FRAMES = 3
"""Own functions in the group key: fewer merge different bugs of one helper, more split one bug by its callers."""
STRICT_FRAMES = 40
_FEWEST_NAMES = 2
"""Of a stripped program whose only name is `main`, or `ChromeMain`, modules alone would make one group of all its faults."""
_EXIT_DEPTH = 48
"""How deep an exit function is looked for: deeper ones are recursion."""
_SOFT = ("emit", "soft-assert")
_PC_IS_LOST = ("wild-jump", "bad-return", "memory.execute", "stack-execution")


class Fingerprint(msgspec.Struct, frozen=True):
    """`frames` is the group's chain, innermost first, never empty; `fingerprint` and `strict` are SHA-256 in hex."""

    frames: tuple[str, ...]
    fingerprint: str
    strict: str
    version: int = VERSION


class _Named(NamedTuple):
    """`place` is module and offset, which only a fault without any name needs: it differs from build to build."""

    label: str
    role: Role
    place: str
    has_name: bool


def fingerprint(
    frames: Sequence[Frame], classifiers: Sequence[str] = (), message: str | None = None, executable: str | None = None
) -> Fingerprint:
    """Keys of one fault from the frames of its crashed thread (inlined ones count). `executable` is the program's path: it tells
    programs apart that died entirely inside libraries. Not in the keys: addresses, paths, versions, counts, the message of a crash."""
    named = _counted(frames, classifiers)
    chain = _chain(named, overflow="stack-overflow" in classifiers)
    if not chain:
        chain = _fallback(frames, executable)
    if message and (any(word in classifiers for word in _SOFT) or not frames):
        chain = [normal_message(message), *chain[:1]]
    chain = chain or [f"{module_name(executable or 'unknown')}: {classifiers[0] if classifiers else 'no stack'}"]
    group = tuple(chain[:GROUP_FRAMES])
    kind = classifiers[0] if classifiers else ""
    return Fingerprint(group, _digest("group", group), _digest("strict", (kind, *chain[:STRICT_FRAMES])))


def roles(frames: Sequence[Frame]) -> list[Role]:
    """What each frame is: the program's own, a library's, a first function, one that ends the process."""
    return [role_of(each) for each in _seen(frames)]


def own_frame(frames: Sequence[Frame]) -> int | None:
    """Index of the innermost frame in the program's own code below whatever ended the process; None when there is none."""
    found = roles(frames)
    return next((index for index in range(_below_exit(frames, found), len(found)) if found[index] == "own"), None)


def normal_message(message: str) -> str:
    """A message without what differs each time: numbers, addresses, quoted values, identifiers."""
    text = re.sub(r"0x[0-9a-fA-F]+|\b[0-9a-fA-F]{8,}(-[0-9a-fA-F]{4,})*\b", "#", message[:2000])
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", text)
    return re.sub(r"\d+([.,:]\d+)*", "#", " ".join(text.split()))[:200]


def _digest(kind: str, parts: Sequence[str]) -> str:
    text = "\0".join((f"obit {kind} {VERSION}", *parts))
    digest: str = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest


def _seen(frames: Sequence[Frame]) -> list[Seen]:
    modules = [module_name(frame.module) if frame.module else "" for frame in frames]
    static = not any(is_system_module(module) for module in modules)
    return [
        Seen(normal_name(frame.function) if frame.function else "", module, static or is_system_module(module))
        for frame, module in zip(frames, modules, strict=True)
    ]


def _counted(frames: Sequence[Frame], classifiers: Sequence[str]) -> list[_Named]:
    """The frames that count, from the innermost below whatever ended the process. Left out: frames found by scanning, which may be
    rubbish (right under a bad pc they are the best there is), and a pc that is no code."""
    seen = _seen(frames)
    parts = [role_of(each) for each in seen]
    start = _below_exit(frames, parts)
    lost = any(word in classifiers for word in _PC_IS_LOST)
    return [
        _Named(
            seen[index].name or seen[index].module or frame.pc, parts[index], f"{seen[index].module}+{frame.offset}", bool(seen[index].name)
        )
        for index, frame in enumerate(frames)
        if index >= start and (frame.trust != "scan" or index < 2) and not (lost and index == 0 and not seen[0].name)
    ]


def _below_exit(frames: Sequence[Frame], roles: Sequence[Role]) -> int:
    """Index of the frame under the deepest one that ends the process or throws. Beyond a signal frame nothing does: there the
    signal came in."""
    end = next((index for index, frame in enumerate(frames[:_EXIT_DEPTH]) if frame.signal_frame), _EXIT_DEPTH)
    return 1 + max((index for index, role in enumerate(roles[:end]) if role == "exit"), default=-1)


def _chain(named: list[_Named], *, overflow: bool) -> list[str]:
    """The program's own frames, each once. Those without a name by their module, which is the same in every build; by their place where
    the names are too few to tell faults apart."""
    frames = [frame for frame in named if frame.role == "own"]
    enough = len({frame.label for frame in frames if frame.has_name}) >= _FEWEST_NAMES
    own = [frame.label if frame.has_name or enough else frame.place for frame in frames]
    cycle = members(own) if overflow else []
    return [*cycle, *_once([label for label in own if label not in cycle and (not cycle or own.count(label) == 1)])]


def _once(labels: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(labels))


def _fallback(frames: Sequence[Frame], executable: str | None) -> list[str]:
    """No frame of the program's own: what there is of libraries, with the program's name, so that programs do not share it."""
    libraries = _once([each.name or each.module for each in _seen(frames) if role_of(each) in ("library", "exit")])
    program = f"[{module_name(executable)}]" if executable else ""
    return [program, *libraries] if program and libraries else libraries
