"""Symbol names as the programmer wrote them: C++ (Itanium ABI), Rust (legacy and v0). Anything else is returned as it is.

Most names come from DWARF; this serves frames that have symbols alone. Names come from hostile files: length, depth and output are
bounded, and what does not parse is returned unchanged.
"""

MAX_LENGTH = 16_384
"""Longest name that is looked at; the longest that compilers were seen to make have some 10,000 characters."""

_known: dict[str, str] = {}


def demangle(name: str) -> str:
    """The demangled form, or `name` itself when it is not mangled. A symbol version (`@@GLIBCXX_3.4`) is left out of C++ and Rust names,
    a compiler's clone suffix is written `[clone .cold]`, Rust's hash is dropped."""
    if not name.startswith(("_Z", "_R", "__Z", "__R")) or len(name) > MAX_LENGTH:
        return name
    found = _known.get(name)
    if found is None:
        if len(_known) > 4_000:
            _known.clear()
        found = _known[name] = _demangled(name.partition("@")[0]) or name
    return found


def _demangled(name: str) -> str | None:
    if name.startswith(("_R", "__R")):
        from obit.debuginfo.demangle.rustv0 import demangle_v0

        return demangle_v0(name)
    from obit.debuginfo.demangle.itanium import demangle_cxx
    from obit.debuginfo.demangle.rustlegacy import demangle_legacy

    return demangle_legacy(name) or demangle_cxx(name)
