"""Printers of the standard libraries' containers, chosen by a record's qualified name.

Inline namespaces are left out of the name: `std::__cxx11::`, `std::__debug::` (and `std::__cxx1998::`, its base classes) are
libstdc++'s, `std::__1::` and its vendors' kin are libc++'s.
"""

import re

from obit.analysis.variables.containers.rendering import Child, Printer, Rendering
from obit.debuginfo.types import RecordType

_LIBCXX = re.compile(r"std::__(?:[0-9]+|ndk1|u)::(?:__fs::)?")
_INLINE = re.compile(r"(?:__cxx11|__debug|__cxx1998|_V2|experimental|fundamentals_v[0-9])::")

_chosen: dict[str, Printer | None] = {}


def printer_for(type: RecordType) -> Printer | None:
    """The printer of a standard class; None for any other. What it gives is a `Rendering`; it raises `Unavailable`."""
    name = type.name.partition("<")[0]
    if not name.startswith("std::"):
        return None
    if name not in _chosen:
        _chosen[name] = _choose(name)
    return _chosen[name]


def _choose(name: str) -> Printer | None:
    from obit.analysis.variables.containers import standard

    theirs = _LIBCXX.match(name)
    plain = name[theirs.end() :] if theirs else _INLINE.sub("", name[5:])
    if plain in standard.PRINTERS:
        return standard.PRINTERS[plain]
    if theirs:
        from obit.analysis.variables.containers import libcxx

        return libcxx.PRINTERS.get(plain)
    from obit.analysis.variables.containers import libstdcxx

    return libstdcxx.PRINTERS.get(plain)


__all__ = ["Child", "Printer", "Rendering", "printer_for"]
