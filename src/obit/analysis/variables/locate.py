"""From a variable's location expression to the `Object` that holds its value."""

from collections.abc import Mapping

from obit.analysis.variables.context import FrameContext
from obit.analysis.variables.object import Object, Pointee, Unavailable
from obit.debuginfo.location import (
    ImplicitPointer,
    Location,
    MemoryLocation,
    NotAvailable,
    Pieces,
    RegisterLocation,
    ValueLocation,
    evaluate,
)
from obit.debuginfo.scopes import DynamicCount, VariableInfo
from obit.debuginfo.types import ArrayType, BaseType, EnumType, PointerType, RecordType, Type, strip
from obit.image.process import ProcessImage

LONGEST = 1 << 31
"""Elements of a variable length array; more is a length that is not set yet."""
Bytes = tuple[bytes, tuple[tuple[int, int], ...], Mapping[int, Pointee] | None]
"""The last three arguments of an `Object` that is not in memory."""
LARGEST = 1 << 20
"""Bytes of a value that lives in registers or constants; more is nonsense."""


def object_of(image: ProcessImage, info: VariableInfo, context: FrameContext) -> Object:
    """Where the variable is at this frame; `Unavailable` ("optimized out") when it is nowhere."""
    type = with_counts(image, info.type(), context)
    if info.constant is not None:
        return Object(image, type, None, constant_bytes(info.constant, type))
    try:
        expression = info.locate(context.address)
        if expression is None or not expression.ops:
            raise Unavailable("optimized out")
        return place(image, type, evaluate(expression, context), context)
    except NotAvailable as why:
        raise Unavailable(str(why)) from None


def with_counts(image: ProcessImage, type: Type, context: FrameContext) -> Type:
    """A variable length array, or a pointer to one, with the lengths that it has in this frame; any other type as it is."""
    if isinstance(type, BaseType | EnumType | RecordType):
        return type
    array = strip(type)
    if (
        isinstance(array, PointerType)
        and array.kind != "member-pointer"
        and isinstance(row := strip(array.target), ArrayType)
        and any(row.dynamic)
    ):
        target = with_counts(image, row, context)
        return PointerType(array.name, array.size or context.machine.pointer_size, array.kind, lambda: target, array.key, array.language)
    if not isinstance(array, ArrayType) or not any(array.dynamic):
        return type
    counts = tuple(
        _count(image, dynamic, context) if count is None else count for count, dynamic in zip(array.counts, array.dynamic, strict=True)
    )
    size = array.target.size if array.target.size is not None else strip(array.target).size
    for count in counts:
        size = None if size is None or count is None else size * count
    name = f"{array.target.name} " + "".join(f"[{'' if count is None else count}]" for count in counts)
    return ArrayType(name, size, counts, lambda: array.target, array.key, array.language)


def _count(image: ProcessImage, dynamic: DynamicCount | None, context: FrameContext) -> int | None:
    try:
        count = object_of(image, dynamic.variable, context).integer() + dynamic.add if dynamic else -1
    except Unavailable:
        return None
    return count if 0 <= count <= LONGEST else None


def place(image: ProcessImage, type: Type, location: Location, context: FrameContext) -> Object:
    """An object at an evaluated location."""
    if isinstance(location, MemoryLocation):
        return Object(image, type, location.address)
    size = type.size if type.size is not None else strip(type).size
    if size is None or size > LARGEST:
        raise Unavailable(f"the size of {type.name} is not known")
    data, holes, synthetic = piece_bytes(location, size, context)
    return Object(image, type, None, data, holes, synthetic)


def piece_bytes(location: Location, size: int, context: FrameContext) -> Bytes:
    """The bytes of a value that is not (all) in memory, the ranges of them that are not to be had, and the synthetic pointers."""
    if isinstance(location, RegisterLocation):
        return context.register_bytes(location.number, size), (), None
    if isinstance(location, ValueLocation):
        return constant_bytes(location.value, None, size), (), None
    if isinstance(location, MemoryLocation):
        return context.read(location.address, size), (), None
    if isinstance(location, Pieces):
        return _joined(location, size, context)
    return bytes(size), ((0, size),), {0: _pointee(location, context)}


def _pointee(location: ImplicitPointer, context: FrameContext) -> Pointee:
    """What a pointer led to before it was optimized out: the variable that its DIE describes, in the same frame."""
    found: list[Object] = []

    def pointee() -> tuple[Object, int]:
        if location.variable is None:
            raise Unavailable("optimized out: a pointer to something that is not there any more")
        if not found:
            found.append(literal(location.variable, context) or object_of(context.image, location.variable, context))
        return found[0], location.offset

    return pointee


def literal(info: VariableInfo, context: FrameContext) -> Object | None:
    """What GCC describes by a DIE without type: the bytes of a string literal."""
    type = info.type()
    if not (isinstance(type, BaseType) and type.encoding == "void"):
        return None
    expression = info.locate(context.address)
    location = evaluate(expression, context) if expression is not None else None
    whole = location.value if isinstance(location, ValueLocation) and isinstance(location.value, bytes) else None
    return None if whole is None else Object(context.image, type, None, whole)


def _joined(pieces: Pieces, size: int, context: FrameContext) -> Bytes:
    """Pieces put together bit by bit; a piece that cannot be had becomes a hole."""
    value, position, holes = 0, 0, []
    synthetic: dict[int, Pointee] = {}
    for piece in pieces.parts:
        start = position
        position += piece.bit_size
        if start >= 8 * size:
            break
        try:
            if piece.place is None:
                raise NotAvailable("optimized out")
            width = (piece.bit_offset + piece.bit_size + 7) // 8
            data, inner, pointers = piece_bytes(piece.place, width, context)
            if pointers:
                synthetic[start // 8] = pointers[0]
            if inner:
                raise NotAvailable("optimized out")
        except NotAvailable:
            holes.append((start // 8, (position + 7) // 8))
            continue
        bits = int.from_bytes(data, "little") >> piece.bit_offset & ((1 << piece.bit_size) - 1)
        value |= bits << start
    if position < 8 * size:
        holes.append((position // 8, size))
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "little"), tuple(holes), synthetic or None


def constant_bytes(value: int | bytes, type: Type | None, size: int | None = None) -> bytes:
    """A constant as the bytes it would have in memory (little endian), cut or extended by its sign to the type's size."""
    if size is None:
        size = (type.size or strip(type).size if type else None) or 8
    if isinstance(value, bytes):
        return value.ljust(size, b"\0")[:size]
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
