"""Printers that hold for every C++ library: exceptions, whose layout the ABI fixes, and classes that only wrap a member."""

from collections.abc import Iterator

from obit.analysis.variables.containers.rendering import Child, Printer, Rendering, argument, corrupt, member
from obit.analysis.variables.containers.targets import thrown_type, type_named
from obit.analysis.variables.containers.walks import counted
from obit.analysis.variables.object import Object, Unavailable
from obit.analysis.variables.scalars import base_text, quoted
from obit.debuginfo.types import BaseType, RecordType, strip

MAX_MESSAGE = 1000

WITH_MESSAGE = (
    "logic_error invalid_argument domain_error length_error out_of_range runtime_error range_error overflow_error underflow_error "
    "system_error ios_base::failure filesystem::filesystem_error regex_error format_error future_error"
).split()
"""Exceptions that begin with a vtable pointer and a pointer to the message."""


def exception_message(value: Object) -> Rendering:
    """What `what()` returns. Both libraries keep a pointer to NUL-terminated text right behind the vtable pointer (their own
    reference-counted string)."""
    pointer = int.from_bytes(value.bytes(8, 8), "little")
    if pointer == 0:
        return corrupt("no message")
    data = value.image.memory.read_some(pointer, MAX_MESSAGE)
    if not data:
        raise Unavailable(f"not captured: 0x{pointer:x}")
    message, end, _ = data.partition(b"\0")
    return Rendering(f"what(): {quoted(message, not end)}")


def exception_pointer(value: Object) -> Rendering:
    """A std::exception_ptr: the thrown object, by the type that the run-time recorded before it."""
    address = member(value, "_M_exception_object", "__ptr_").integer()
    if address == 0:
        return Rendering("empty")
    name = thrown_type(value, address)
    if name is None:
        return Rendering(f"an exception at 0x{address:x}")
    if name.removeprefix("std::") in WITH_MESSAGE:
        # Programs seldom have the definition of these: the library that has their vtables does.
        message = exception_message(Object(value.image, BaseType(name, 16, "unsigned"), address))
        return Rendering(f"{name}, {message.summary}")
    kind = type_named(value, name, address)
    children = iter([Child("value", Object(value.image, kind, address))]) if kind is not None else iter(())
    return Rendering(name, children=children)


def pair(value: Object) -> Rendering:
    """std::pair, without its empty base class."""
    return Rendering(children=iter([Child("first", value.member("first")), Child("second", value.member("second"))]))


def wrapper(*paths: str) -> Printer:
    """A printer for classes that are shown as a member of theirs: the first of `paths` (members with dots between) that exists."""

    def show(value: Object) -> Rendering:
        for path in paths[:-1]:
            if value.has(path.partition(".")[0]):
                return Rendering(inner=value.path(*path.split(".")))
        return Rendering(inner=value.path(*paths[-1].split(".")))

    return show


def referred(value: Object) -> Rendering:
    """std::reference_wrapper."""
    return Rendering(inner=member(value, "_M_data", "__f_").dereference())


UNITS = {
    (1, 10**9): "ns",
    (1, 10**6): "us",
    (1, 1000): "ms",
    (1, 1): "s",
    (60, 1): "min",
    (3600, 1): "h",
    (86400, 1): "d",
}


def duration(value: Object) -> Rendering:
    """std::chrono::duration, in its unit."""
    count = member(value, "__r", "__rep_")
    kind = count.stripped
    if not isinstance(kind, BaseType):
        return Rendering(inner=count)
    ratio = strip(argument(value, 1))
    found = [each.value or 0 for each in ratio.template] if isinstance(ratio, RecordType) else []
    period = (found[0], found[1]) if len(found) == 2 else (0, 0)
    return Rendering(f"{base_text(kind, count.bytes(0, count.size_or_fail()))} {UNITS.get(period, f'[{period[0]}/{period[1]}] s')}")


def initializer_list(value: Object) -> Rendering:
    """std::initializer_list, which is in std itself everywhere."""
    start, count = member(value, "_M_array", "__begin_").integer(), member(value, "_M_len", "__size_").integer()
    return counted(value, argument(value, 0), start, count)


def indexed(found: Iterator[Object]) -> Rendering:
    """Elements labelled by index: tuples."""
    listed = list(found)
    return Rendering(None if listed else "empty", children=(Child(f"[{index}]", each) for index, each in enumerate(listed)))


def constant(value: Object, index: int) -> int:
    """A template argument that is a number; `Unavailable`."""
    kind = value.stripped
    template = kind.template if isinstance(kind, RecordType) else ()
    found = template[index].value if index < len(template) else None
    if found is None:
        raise Unavailable(f"the template arguments of {value.type.name} are not known")
    return found


PRINTERS: dict[str, Printer] = {
    **dict.fromkeys(WITH_MESSAGE, exception_message),
    "exception_ptr": exception_pointer,
    "__exception_ptr::exception_ptr": exception_pointer,
    "pair": pair,
    "initializer_list": initializer_list,
    "reference_wrapper": referred,
    "chrono::duration": duration,
    "chrono::time_point": wrapper("__d", "__d_"),
    "stack": wrapper("c"),
    "queue": wrapper("c"),
    "priority_queue": wrapper("c"),
}
