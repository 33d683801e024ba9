"""Where the members of a struct, class or union are; virtual bases are found through the object's vtable."""

from collections.abc import Iterator

from obit.analysis.contexts import MemoryContext
from obit.analysis.variables.object import Object, Unavailable
from obit.debuginfo.location import NotAvailable, evaluate_cfi
from obit.debuginfo.scopes import Expression
from obit.debuginfo.types import Member, RecordType


def member_objects(value: Object, type: RecordType) -> Iterator[tuple[Member, Object | Unavailable]]:
    """Each member with its place, or with the reason why it has none."""
    for member in type.members:
        try:
            yield member, value.at(member_offset(value, member), member.type)
        except Unavailable as why:
            yield member, why


def member_offset(value: Object, member: Member) -> int:
    """Bytes from the start of the object; `Unavailable` for a virtual base whose vtable cannot be read."""
    if member.offset is not None:
        return member.offset
    if member.virtual_offset is None or value.address is None:
        raise Unavailable("the offset of a virtual base is not known")
    ops = tuple((atom, number, number2, index) for index, (atom, number, number2) in enumerate(member.virtual_offset))
    try:
        return evaluate_cfi(Expression(ops), (value.address,), MemoryContext(value.image)) - value.address
    except NotAvailable as why:
        raise Unavailable(f"virtual base: {why}") from None
