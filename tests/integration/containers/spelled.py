"""An object as one line of text, with everything in it: how the tests compare containers with what they know."""

from obit.analysis.variables import scalars
from obit.analysis.variables.containers import Rendering, printer_for
from obit.analysis.variables.object import Object, Unavailable
from obit.debuginfo.types import ArrayType, BaseType, EnumType, PointerType, RecordType

MOST = 60


def spell(value: Object, depth: int = 6) -> str:
    """`size 2, capacity 2 {[0]=1, [1]=2}`; a pointer as `->` and its target."""
    kind = value.stripped
    try:
        if isinstance(kind, BaseType):
            return scalars.base_text(kind, value.bytes(0, value.size_or_fail()))
        if isinstance(kind, EnumType):
            return scalars.enum_text(kind, value.integer())
        if isinstance(kind, PointerType):
            return "->" + spell(value.dereference(), depth - 1) if value.integer() and depth else "null"
        if isinstance(kind, ArrayType):
            return "array"
        if isinstance(kind, RecordType):
            printer = printer_for(kind)
            return rendered(printer(value), depth) if printer else record(value, kind, depth)
    except Unavailable as why:
        return f"<{why}>"
    return type(kind).__name__


def record(value: Object, kind: RecordType, depth: int) -> str:
    """Members of a struct."""
    inside = [
        f"{each.name}={spell(value.at(each.offset, each.type), depth - 1)}"
        for each in kind.members
        if each.name and each.offset is not None
    ]
    return "{" + ", ".join(inside) + "}"


def rendered(rendering: Rendering, depth: int) -> str:
    """A container's summary and children."""
    if rendering.inner is not None:
        return spell(rendering.inner, depth - 1)
    found: list[str] = []
    try:
        for child in rendering.children:
            label = child.label if child.key is None else f"[{spell(child.key, depth - 1)}]"
            found.append(f"{label}={spell(child.value, depth - 1)}")
            if len(found) == MOST:
                found.append("...")
                break
    except Unavailable as why:
        found.append(f"<{why}>")
    return " ".join([*([rendering.summary] if rendering.summary is not None else []), *(["{" + ", ".join(found) + "}"] if found else [])])
