"""What a container printer says of a value, and the texts that printers share."""

from collections.abc import Callable, Iterator

import msgspec

from obit.analysis.variables.object import Object, Unavailable
from obit.analysis.variables.scalars import quoted
from obit.debuginfo.types import BaseType, Type, strip
from obit.image.process import MemoryAbsent

MAX_BYTES = 1 << 47
"""No container is larger than a process's address space."""

CHARACTERS = 200
"""Most characters of a string that are read."""


class Child(msgspec.Struct, frozen=True):
    """One element. A sequence's are labelled `[0]`, `[1]` …; a mapping's have no label but a `key`: show them as `[KEY]`. Others
    (`first`, `get()`, `value`) carry the name that the programmer would use."""

    label: str
    value: Object
    key: Object | None = None


class Rendering(msgspec.Struct, frozen=True):
    """`summary` is one line (`size 3, capacity 4`), of a string its quoted text (`is_string`). `children` is lazy and may be long; it
    raises `Unavailable` where the next element cannot be had (`corrupt: …` where the structure is broken). With `inner` set, the value is
    shown as that object (`std::atomic<int>` as its int)."""

    summary: str | None = None
    is_string: bool = False
    children: Iterator[Child] = iter(())
    inner: Object | None = None


Printer = Callable[[Object], Rendering]
"""Reads the fixed part of a container. `Unavailable` when even that is absent."""


def corrupt(why: str) -> Rendering:
    """A container whose fixed part makes no sense."""
    return Rendering(f"corrupt: {why}")


def word(value: Object, address: int) -> int:
    """The pointer-sized word at an address of the process of `value`; `Unavailable`."""
    try:
        return value.image.memory.u64(address & 0xFFFFFFFFFFFFFFFF)
    except MemoryAbsent as absent:
        raise Unavailable(f"not captured: 0x{absent.address:x}") from None


def size_of(type: Type) -> int:
    """Bytes of a type; `Unavailable` where that is not known."""
    size = type.size if type.size is not None else strip(type).size
    if size is None:
        raise Unavailable(f"the size of {type.name} is not known")
    return size


def argument(value: Object, index: int) -> Type:
    """A template argument that is a type."""
    template = getattr(value.stripped, "template", ())
    if index >= len(template):
        raise Unavailable(f"the template arguments of {value.type.name} are not known")
    found: Type = template[index].type
    return found


def member(value: Object, *names: str) -> Object:
    """The first of several members that exists: libraries rename theirs between versions."""
    for name in names:
        if value.has(name):
            return value.member(name)
    raise Unavailable(f"{value.type.name} has no member {names[0]}: this version of the library is not known")


def elements(value: Object, type: Type, start: int, count: int) -> Iterator[Child]:
    """`count` adjacent elements in memory."""
    size = size_of(type)
    for index in range(count):
        yield Child(f"[{index}]", Object(value.image, type, start + index * size))


def text(value: Object, character: Type, address: int, length: int) -> Rendering:
    """A string of `length` characters at an address: as much of it as is shown and there."""
    width = size_of(character)
    if length * width > MAX_BYTES:
        return corrupt(f"length {length}")
    shown = min(length, CHARACTERS)
    data = value.image.memory.read_some(address, shown * width) if shown else b""
    if shown and not data:
        if value.image.mappings and value.image.mapping_at(address) is None:
            return corrupt(f"length {length}, text at 0x{address:x}, which is not mapped")
        raise Unavailable(f"not captured: 0x{address:x}")
    return Rendering(spell(character, data, len(data) < length * width), is_string=True)


def spell(character: Type, data: bytes, cut: bool) -> str:
    """Characters of any width as C++ spells a literal: `"x"`, `L"x"`, `u"x"`, `U"x"`."""
    width = size_of(character)
    if width == 1:
        return quoted(data, cut)
    kind = strip(character)
    codec = "utf-16-le" if width == 2 else "utf-32-le"
    prefix = {2: "u", 4: "U"}.get(width, "") if isinstance(kind, BaseType) and kind.encoding == "utf" else "L"
    whole = data[: len(data) - len(data) % width]
    return prefix + quoted(whole.decode(codec, "replace").encode(), cut)
