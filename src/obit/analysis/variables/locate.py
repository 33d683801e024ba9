"""From a variable's location expression to the `Object` that holds its value."""

from obit.analysis.variables.context import FrameContext
from obit.analysis.variables.object import Object, Unavailable
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
from obit.debuginfo.types import ArrayType, Type, strip
from obit.image.process import ProcessImage

LONGEST = 1 << 31
"""Elements of a variable length array; more is a length that is not set yet."""
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
    """A variable length array with the lengths that it has in this frame; any other type as it is."""
    array = strip(type)
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
    data, holes = piece_bytes(location, size, context)
    return Object(image, type, None, data, holes)


def piece_bytes(location: Location, size: int, context: FrameContext) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """The bytes of a value that is not (all) in memory, and the ranges of them that are not to be had."""
    if isinstance(location, RegisterLocation):
        return context.register_bytes(location.number, size), ()
    if isinstance(location, ValueLocation):
        return constant_bytes(location.value, None, size), ()
    if isinstance(location, MemoryLocation):
        return context.read(location.address, size), ()
    if isinstance(location, Pieces):
        return _joined(location, size, context)
    if isinstance(location, ImplicitPointer):
        raise Unavailable("optimized out: a pointer to something that is not in memory")
    raise Unavailable("optimized out")


def _joined(pieces: Pieces, size: int, context: FrameContext) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """Pieces put together bit by bit; a piece that cannot be had becomes a hole."""
    value, position, holes = 0, 0, []
    for piece in pieces.parts:
        start = position
        position += piece.bit_size
        if start >= 8 * size:
            break
        try:
            if piece.place is None:
                raise NotAvailable("optimized out")
            width = (piece.bit_offset + piece.bit_size + 7) // 8
            data, inner = piece_bytes(piece.place, width, context)
            if inner:
                raise NotAvailable("optimized out")
        except NotAvailable:
            holes.append((start // 8, (position + 7) // 8))
            continue
        bits = int.from_bytes(data, "little") >> piece.bit_offset & ((1 << piece.bit_size) - 1)
        value |= bits << start
    if position < 8 * size:
        holes.append((position // 8, size))
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "little"), tuple(holes)


def constant_bytes(value: int | bytes, type: Type | None, size: int | None = None) -> bytes:
    """A constant as the bytes it would have in memory (little endian), cut or extended by its sign to the type's size."""
    if size is None:
        size = (type.size or strip(type).size if type else None) or 8
    if isinstance(value, bytes):
        return value.ljust(size, b"\0")[:size]
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
