"""What type-erasing wrappers hold (`std::function`, `std::any`, `std::exception_ptr`): the compiler's symbols tell."""

from obit.analysis.variables.containers.rendering import word
from obit.analysis.variables.object import Object, Unavailable
from obit.debuginfo.demangle import demangle
from obit.debuginfo.types import Type


def symbol_name(value: Object, address: int, *, data: bool = False) -> str | None:
    """The demangled name of the function (or with `data`, of the object, such as a vtable) at an address."""
    module = value.image.module_at(address) if address else None
    if module is None or module.file is None:
        return None
    find = module.file.object_at if data else module.file.symbol
    symbol = find(address - module.bias)
    return None if symbol is None else demangle(symbol.name)


def type_named(value: Object, name: str, address: int) -> Type | None:
    """A type by its demangled name: in the module that contains `address` first."""
    home = value.image.module_at(address)
    modules = [home, *value.image.modules] if home is not None else list(value.image.modules)
    for module in modules:
        found = module.file.find_type(name) if module.file is not None else None
        if found is not None:
            return found
    return None


def template_arguments(name: str, prefix: str) -> list[str]:
    """The arguments of the first template in a name that begins with `prefix` and `<`; empty when there is none."""
    start = name.find(prefix + "<")
    if start < 0:
        return []
    arguments, depth, begin = [], 0, start + len(prefix) + 1
    for at in range(begin, len(name)):
        character = name[at]
        if character in "<({[":
            depth += 1
        elif depth and character in ">)}]" and name[at - 1] != "-":
            depth -= 1
        elif not depth and character in ",>":
            arguments.append(name[begin:at].strip())
            begin = at + 1
            if character == ">":
                return arguments
    return []


EXCEPTION_TYPE = 112
"""Bytes from `exceptionType` of `__cxa_exception` to the thrown object behind it, in libsupc++ and in libc++abi on 64-bit machines
(unwind-cxx.h, cxa_exception.h)."""


def thrown_type(value: Object, exception: int) -> str | None:
    """Name of the type of a thrown object; None when no std::type_info stands before it."""
    try:
        return _type_info_name(value, word(value, exception - EXCEPTION_TYPE))
    except Unavailable:
        return None


def _type_info_name(value: Object, type_info: int) -> str | None:
    """The name that a std::type_info gives, when that is one: its vtable belongs to a class of the C++ run-time."""
    vtable = symbol_name(value, word(value, type_info), data=True) if type_info else None
    if vtable is None or "_type_info" not in vtable:
        return None
    raw = value.image.memory.read_some(word(value, type_info + 8), 1024).partition(b"\0")[0]
    mangled = "_ZTS" + raw.decode("latin-1").removeprefix("*")
    plain = demangle(mangled)
    return None if plain == mangled else plain.removeprefix("typeinfo name for ")
