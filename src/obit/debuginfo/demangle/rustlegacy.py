"""Rust's legacy names: an Itanium-like path that ends in a hash, `_ZN4core9panicking5panic17h0123456789abcdefE`.

Source: rustc's `symbol_mangling/legacy.rs` describes the escapes; the hash is always `h` and 16 hex digits.
"""

import re

_SHAPE = re.compile(r"_?_ZN((?:.*))17h[0-9a-f]{16}E((?:\.[\w.$]+)?)$", re.DOTALL)
_LENGTH = re.compile(r"\d{1,5}")
_ESCAPE = re.compile(r"\$(SP|BP|RF|LT|GT|LP|RP|C|u[0-9a-f]{1,6})\$|\.\.|\.")
_MEANING = {"SP": "@", "BP": "*", "RF": "&", "LT": "<", "GT": ">", "LP": "(", "RP": ")", "C": ","}


def demangle_legacy(name: str) -> str | None:
    """The path without its hash; None when the name is not Rust's."""
    shape = _SHAPE.match(name)
    if shape is None:
        return None
    parts = _parts(shape[1])
    if not parts:
        return None
    return "::".join(_unescaped(part) for part in parts) + clone_suffix(shape[2])


def clone_suffix(suffix: str) -> str:
    """How a compiler's suffix is shown: LLVM's own (`.llvm.123`) not at all, `.cold` as ` [clone .cold]`."""
    kept = re.sub(r"\.llvm\.[\w$]+", "", suffix)
    return f" [clone {kept}]" if kept else ""


def _parts(path: str) -> list[str] | None:
    """The length-prefixed parts; None when the lengths do not fit."""
    parts, at = [], 0
    while at < len(path):
        length = _LENGTH.match(path, at)
        if length is None:
            return None
        start, at = length.end(), length.end() + int(length[0])
        if at > len(path) or start == at:
            return None
        parts.append(path[start:at])
    return parts


def _unescaped(part: str) -> str:
    # An identifier may not begin with an escape, so rustc puts an underscore before it.
    return _ESCAPE.sub(_meaning, part[1:] if part.startswith("_$") else part)


def _meaning(found: re.Match[str]) -> str:
    code = found[1]
    if code is None:
        return "::" if found[0] == ".." else "."
    if code[0] != "u":
        return _MEANING[code]
    value = int(code[1:], 16)
    character = chr(value) if value < 0x110000 else ""
    return character if character.isprintable() and character else found[0]
