"""From a value to the expression that a programmer would write for it: `order->items`, by the frame's variables."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from obit.snapshot.model import Frame, Variable

_MOST = 4000
_DEEPEST = 6


class Named(msgspec.Struct, frozen=True):
    """A variable, or a part of one, with its path in the source language."""

    path: str
    variable: Variable
    depth: int


def expressions(frames: Sequence[Frame]) -> Iterator[Named]:
    """Every value of those frames' variables, outer before inner, a bounded number."""
    pending = [Named(variable.name, variable, 0) for frame in frames for variable in frame.variables]
    for count, named in enumerate(pending):
        if count >= _MOST:
            return
        yield named
        if named.depth < _DEEPEST:
            pending.extend(Named(_path(named, child), child, named.depth + 1) for child in named.variable.children)


def _path(parent: Named, child: Variable) -> str:
    if child.kind == "element":
        return parent.path + (child.name if child.name.startswith("[") else f"[{child.name}]")
    if child.name == "*":
        return f"*{parent.path}"
    if child.name == child.type:  # a base class: its members are the object's own
        return parent.path
    if parent.path.startswith("*"):
        return f"{parent.path[1:]}->{child.name}"
    return f"{parent.path}{'.' if pointer_value(parent.variable) is None else '->'}{child.name}"


def pointer_value(variable: Variable) -> int | None:
    """The address that a pointer holds; None for what is no pointer."""
    match = re.match(r"0x([0-9a-f]+)", variable.value or "") if variable.status == "ok" else None
    return int(match[1], 16) if match else None


def at_address(frames: Sequence[Frame], address: int, value: int) -> str | None:
    """The pointer that is stored at an address."""
    wanted = f"0x{address:x}"
    found = (named for named in expressions(frames) if named.variable.address == wanted and pointer_value(named.variable) == value)
    named = next(found, None)
    return named.path if named else None


def by_value(frames: Sequence[Frame], value: int) -> str | None:
    """The pointer that has a value: the one that the source line dereferences, else the only one there is."""
    found = [named for named in expressions(frames) if pointer_value(named.variable) == value]
    used = _dereferenced(frames, found)
    if used is not None:
        return used
    outer = [named for named in found if named.depth == 0]
    return outer[0].path if len({named.path for named in found}) == 1 and outer else None


def dereferenced_null(frames: Sequence[Frame]) -> str | None:
    """The null pointer, or the empty smart pointer, that the source line dereferences."""
    return _dereferenced(frames, [named for named in expressions(frames) if _is_null(named.variable)])


def _is_null(variable: Variable) -> bool:
    smart = variable.value == "empty" and any(name in (variable.type or "") for name in ("shared_ptr<", "unique_ptr<"))
    return smart or pointer_value(variable) == 0


def _dereferenced(frames: Sequence[Frame], found: Sequence[Named]) -> str | None:
    line = source_line(frames[0]) if frames else None
    used = [named for named in found if line is not None and _dereferences(line, named.path)]
    return max(used, key=lambda named: len(named.path)).path if used else None


def null_reference(frames: Sequence[Frame], value: int) -> str | None:
    """A C++ reference that is bound to a bad address: shown by its type and the address of what it refers to."""
    wanted = f"0x{value:x}"
    for named in expressions(frames):
        if named.depth == 0 and (named.variable.type or "").endswith("&") and named.variable.address == wanted:
            return named.path
    return None


def divisor(frame: Frame) -> str | None:
    """What the source line divides by, when it is a variable that is 0."""
    line = source_line(frame)
    zero = {named.path for named in expressions([frame]) if named.variable.value == "0"}
    names = re.findall(r"[/%]=?\s*\(?\s*([A-Za-z_][\w.>\[\]-]*)", line or "")
    return next((name for name in names if name in zero), None)


def source_line(frame: Frame) -> str | None:
    """The text of the frame's source line, when it is known."""
    return next((line.text for line in frame.source or () if line.line == frame.line), None)


def _dereferences(line: str, path: str) -> bool:
    name = re.escape(path)
    return bool(re.search(rf"(?<![\w.>]){name}\s*(->|\[|\()|\*+\s*\(?\s*{name}(?!\w)", line))
