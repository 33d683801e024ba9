"""C++ names by the run-time library's own `__cxa_demangle` (Itanium C++ ABI section 3.4).

The library is opened at the first name: 3 ms with ctypes, where linking it to an extension would cost every start 1 ms and a demangler
in Python would be a second truth of 2,000 lines. Where there is no C++ library, C++ names stay mangled.
"""

from collections.abc import Callable
from typing import Any

_LIBRARIES = ("libstdc++.so.6", "libc++abi.so.1", "libc++.so.1")
MAX_CXX_LENGTH = 8_192

_demangle: Callable[[bytes], bytes | None] | None = None


def demangle_cxx(name: str) -> str | None:
    """The demangled form of a `_Z…` symbol; None when it is none."""
    global _demangle
    if len(name) > MAX_CXX_LENGTH:
        return None
    if _demangle is None:
        _demangle = _opened()
    found = _demangle(name.encode("utf-8", "surrogateescape"))
    return found.decode("utf-8", "backslashreplace") if found else None


def _opened() -> Callable[[bytes], bytes | None]:
    import ctypes

    for library in _LIBRARIES:
        try:
            entry: Any = ctypes.CDLL(library)["__cxa_demangle"]
            free: Any = ctypes.CDLL(None)["free"]
        except (OSError, AttributeError):
            continue
        return _bound(ctypes, entry, free)
    return lambda _name: None


def _bound(ctypes: Any, entry: Any, free: Any) -> Callable[[bytes], bytes | None]:
    """`__cxa_demangle` with its result copied and freed."""
    entry.restype = ctypes.c_void_p
    entry.argtypes = (ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    free.argtypes = (ctypes.c_void_p,)
    free.restype = None

    def call(name: bytes) -> bytes | None:
        result = entry(name, None, None, None)
        if not result:
            return None
        try:
            text: bytes = ctypes.string_at(result)
            return text
        finally:
            free(result)

    return call
