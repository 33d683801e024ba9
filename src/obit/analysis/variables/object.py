"""A value in the crashed process, not yet read: a type and the place where its bytes are.

Everything that shows variables works on `Object`: C structs, library containers, dynamic types. Nothing is read before it is
asked for, and what is not there raises `Unavailable` with the reason.
"""

from collections.abc import Callable, Mapping

from obit.debuginfo.types import AliasType, ArrayType, BaseType, EnumType, Member, PointerType, RecordType, Type, strip
from obit.image.process import MemoryAbsent, ProcessImage


class Unavailable(Exception):
    """A value that cannot be had; `str()` is the reason (`not captured`, `optimized out`)."""


Pointee = Callable[[], tuple["Object", int]]
"""What a synthetic pointer leads to, evaluated when asked for: the whole variable, and where in it (bytes); `Unavailable`."""


class Object:
    """`address` is where it is in memory, or None for a value that lives in registers or is a constant: then `data` holds its bytes.
    `holes` are (start, end) byte ranges of `data` that are optimized out or absent. `synthetic` are the pointers among them that lead to
    something that is in no memory, by their offset."""

    __slots__ = ("address", "data", "holes", "image", "synthetic", "type")

    def __init__(
        self,
        image: ProcessImage,
        type: Type,
        address: int | None,
        data: bytes | None = None,
        holes: tuple[tuple[int, int], ...] = (),
        synthetic: "Mapping[int, Pointee] | None" = None,
    ) -> None:
        self.image = image
        self.type = type
        self.address = address
        self.data = data
        self.holes = holes
        self.synthetic = synthetic

    @property
    def stripped(self) -> Type:
        """The type without typedefs and qualifiers."""
        return strip(self.type)

    def bytes(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` within the object; `Unavailable`."""
        if self.address is not None:
            try:
                return self.image.memory.read((self.address + offset) & 0xFFFFFFFFFFFFFFFF, size)
            except MemoryAbsent as absent:
                raise Unavailable(f"not captured: 0x{absent.address:x}") from None
        if any(start < offset + size and offset < end for start, end in self.holes):
            raise Unavailable("optimized out")
        data = self.data or b""
        if offset < 0 or offset + size > len(data):
            raise Unavailable("optimized out")
        return data[offset : offset + size]

    def integer(self) -> int:
        """The value of a number, character, boolean, enumeration or pointer, with its sign; `Unavailable`."""
        kind = self.stripped
        signed = (isinstance(kind, BaseType) and kind.encoding in ("signed", "char")) or (isinstance(kind, EnumType) and kind.signed)
        return int.from_bytes(self.bytes(0, self.size_or_fail()), "little", signed=signed)

    def size_or_fail(self) -> int:
        """Size in bytes; `Unavailable` for an incomplete type."""
        size = self.type.size if self.type.size is not None else self.stripped.size
        if size is None:
            raise Unavailable(f"the size of {self.type.name} is not known")
        return size

    def at(self, offset: int, type: Type) -> "Object":
        """An object of another type inside this one."""
        if self.address is not None:
            return Object(self.image, type, (self.address + offset) & 0xFFFFFFFFFFFFFFFF)
        size = type.size or strip(type).size or 0
        holes = tuple((start - offset, end - offset) for start, end in self.holes)
        synthetic = {place - offset: pointee for place, pointee in self.synthetic.items()} if self.synthetic else None
        return Object(self.image, type, None, (self.data or b"")[offset : offset + size], holes, synthetic)

    def cast(self, type: Type) -> "Object":
        """The same place seen as another type."""
        return Object(self.image, type, self.address, self.data, self.holes, self.synthetic)

    def member(self, name: str) -> "Object":
        """A data member by name, searched in base classes and anonymous members too; `Unavailable` when there is none.
        Bit-fields: use `analysis.variables.scalars.bit_field`."""
        found = find_member(self.stripped, name)
        if found is None:
            raise Unavailable(f"{self.type.name} has no member {name}")
        offset, member = found
        return self.at(offset, member.type)

    def has(self, name: str) -> bool:
        """Whether `member(name)` exists."""
        return find_member(self.stripped, name) is not None

    def path(self, *names: str) -> "Object":
        """`member` repeatedly."""
        here = self
        for name in names:
            here = here.member(name)
        return here

    def dereference(self) -> "Object":
        """What a pointer or reference points to (not read yet)."""
        kind = self.stripped
        if not isinstance(kind, PointerType):
            raise Unavailable(f"{self.type.name} is not a pointer")
        return self._synthetic_target(kind.target, 0) if self.is_synthetic else Object(self.image, kind.target, self.integer())

    @property
    def is_synthetic(self) -> bool:
        """Whether this is a pointer without a value: what it points to is in no memory."""
        return self.synthetic is not None and 0 in self.synthetic

    def _synthetic_target(self, type: Type, index: int) -> "Object":
        whole, offset = (self.synthetic or {})[0]()
        if type.size is None and strip(type).size is None:
            return whole
        size = type.size or strip(type).size or 0
        if whole.address is None and not 0 <= offset + index * size <= offset + (index + 1) * size <= len(whole.data or b""):
            raise Unavailable("optimized out: the pointer leads out of what it points to")
        return whole.at(offset + index * size, type)

    def element(self, index: int) -> "Object":
        """Element of an array's first dimension, or `pointer[index]`."""
        kind = self.stripped
        if isinstance(kind, ArrayType):
            return self.at(index * element_size(kind), element_type(kind))
        if isinstance(kind, PointerType) and self.is_synthetic:
            return self._synthetic_target(kind.target, index)
        target = self.dereference()
        return target.at(index * target.size_or_fail(), target.type)


def synthetic_bytes(pointer: Object) -> bytes:
    """All bytes from where a synthetic pointer leads to the end of what it points into; `Unavailable`."""
    whole, offset = (pointer.synthetic or {})[0]()
    size = whole.size_or_fail() if whole.address is not None else len(whole.data or b"")
    return whole.bytes(offset, max(0, size - offset))


def element_type(array: ArrayType) -> Type:
    """Type of `array[0]`: an array of the remaining dimensions, or the element type."""
    if len(array.counts) <= 1:
        return array.target
    rest = array.counts[1:]
    size = array.target.size or strip(array.target).size
    for count in rest:
        size = None if size is None or count is None else size * count
    name = array.target.name + " " + "".join(f"[{'' if count is None else count}]" for count in rest)
    return ArrayType(name, size, rest, lambda: array.target, array.key, array.language)


def element_size(array: ArrayType) -> int:
    """Bytes of `array[0]`; `Unavailable` when not known."""
    kind = element_type(array)
    size = kind.size if kind.size is not None else strip(kind).size
    if size is None:
        raise Unavailable(f"the size of {kind.name} is not known")
    return size


def find_member(type: Type, name: str, depth: int = 0) -> tuple[int, Member] | None:
    """Offset and member of that name in a record, its bases and its anonymous members."""
    if not isinstance(type, RecordType) or depth > 16:
        return None
    for member in type.members:
        if member.name == name and not member.base and member.offset is not None:
            return member.offset, member
    for member in type.members:
        if (member.base or not member.name) and member.offset is not None:
            inner = find_member(strip(member.type), name, depth + 1)
            if inner is not None:
                return member.offset + inner[0], inner[1]
    return None


__all__ = ["AliasType", "Object", "Unavailable", "element_size", "element_type", "find_member", "synthetic_bytes"]
