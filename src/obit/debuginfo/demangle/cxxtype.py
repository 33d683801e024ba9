"""A C++ type or name in two halves, because C++ declarators wrap around names: `void (*` … `)(int)`."""

import re

MAX_TEXT = 16_384
"""Longest text of a part: substitutions let a short name stand for one of exponential length."""


class Invalid(Exception):
    """Not a C++ name of the Itanium ABI, or one beyond the limits."""


class Part:
    """`wrap` is "function" or "array" where a pointer to it needs parentheses, "" else. `base` is the last plain name of a class (its
    constructor's). `pack` holds the parts of an expanded parameter pack. `reference` is "&" or "&&" for a reference."""

    __slots__ = ("base", "left", "pack", "reference", "right", "wrap")

    def __init__(
        self, left: str, right: str = "", wrap: str = "", *, base: str = "", pack: "list[Part] | None" = None, reference: str = ""
    ) -> None:
        if len(left) + len(right) > MAX_TEXT:
            raise Invalid
        self.left = left
        self.right = right
        self.wrap = wrap
        self.base = base
        self.pack = pack
        self.reference = reference

    def __str__(self) -> str:
        return self.left + self.right


def pointer(to: Part, sign: str) -> Part:
    """A pointer, reference or (with `sign` "Class::*") pointer to member of a type."""
    reference = sign if sign in ("&", "&&") else ""
    if to.reference and reference:
        # Reference collapsing: only && to && stays &&.
        kept = "&&" if to.reference == reference == "&&" else "&"
        return Part(to.left.removesuffix(to.reference) + kept, to.right, reference=kept)
    space = " " if sign[0] not in "*&" else ""
    if to.wrap == "function":
        return Part(f"{to.left}({sign}", ")" + to.right, reference=reference)
    if to.wrap == "array":
        return Part(f"{to.left} ({sign}", ")" + to.right, reference=reference)
    return Part(to.left + space + sign, to.right, reference=reference)


def qualified(part: Part, words: str) -> Part:
    """A type with " const", " volatile" and the like; a function's go behind its parameters."""
    if part.wrap == "function":
        return Part(part.left, part.right + words, part.wrap)
    if words.strip() and part.left.endswith(words) and not part.right:
        return part
    return Part(part.left + words, part.right, part.wrap, base=part.base)


def listed(parts: list[Part]) -> str:
    """Parts with commas between; packs are spread out."""
    spread = flat(parts)
    if sum(len(part.left) + len(part.right) + 2 for part in spread) > MAX_TEXT:
        raise Invalid
    return ", ".join(str(part) for part in spread)


def flat(parts: list[Part]) -> list[Part]:
    """Parts with packs in place of themselves."""
    found: list[Part] = []
    for part in parts:
        found.extend(flat(part.pack) if part.pack is not None else [part])
    return found


def arguments(parts: list[Part], name: str) -> str:
    """Template arguments in angle brackets, with the blanks that keep `<<` and `>>` apart."""
    inside = listed(parts)
    return (" <" if name.endswith("<") else "<") + inside + (" >" if inside.endswith(">") else ">")


BUILTIN = {
    "v": "void", "w": "wchar_t", "b": "bool", "c": "char", "a": "signed char", "h": "unsigned char", "s": "short", "t": "unsigned short",
    "i": "int", "j": "unsigned int", "l": "long", "m": "unsigned long", "x": "long long", "y": "unsigned long long", "n": "__int128",
    "o": "unsigned __int128", "f": "float", "d": "double", "e": "long double", "g": "__float128", "z": "...",
}  # fmt: skip
BUILTIN_D = {
    "d": "decimal64", "e": "decimal128", "f": "decimal32", "h": "half", "s": "char16_t", "i": "char32_t", "u": "char8_t",
    "n": "decltype(nullptr)", "a": "auto", "c": "decltype(auto)",
}  # fmt: skip
OPERATORS = {
    "nw": "new", "na": "new[]", "dl": "delete", "da": "delete[]", "aw": "co_await", "ps": "+", "ng": "-", "ad": "&", "de": "*", "co": "~",
    "pl": "+", "mi": "-", "ml": "*", "dv": "/", "rm": "%", "an": "&", "or": "|", "eo": "^", "aS": "=", "pL": "+=", "mI": "-=", "mL": "*=",
    "dV": "/=", "rM": "%=", "aN": "&=", "oR": "|=", "eO": "^=", "ls": "<<", "rs": ">>", "lS": "<<=", "rS": ">>=", "eq": "==", "ne": "!=",
    "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "ss": "<=>", "nt": "!", "aa": "&&", "oo": "||", "pp": "++", "mm": "--", "cm": ",",
    "pm": "->*", "pt": "->", "cl": "()", "ix": "[]", "qu": "?",
}  # fmt: skip
_TRAITS = "char, std::char_traits<char>"
STANDARD = {
    "a": ("std::allocator", "allocator"),
    "b": ("std::basic_string", "basic_string"),
    "s": (f"std::basic_string<{_TRAITS}, std::allocator<char> >", "basic_string"),
    "i": (f"std::basic_istream<{_TRAITS} >", "basic_istream"),
    "o": (f"std::basic_ostream<{_TRAITS} >", "basic_ostream"),
    "d": (f"std::basic_iostream<{_TRAITS} >", "basic_iostream"),
}
"""The abbreviations that follow `S`, in full as DWARF has them, and the constructor's name for each."""

NUMBER = re.compile(r"n?\d+")
DIGITS = re.compile(r"\d{1,6}")
SEQUENCE = re.compile(r"[0-9A-Z]{0,6}_")
LITERAL = re.compile(r"n?[0-9a-f]*(?:_[0-9a-f]*)?(?=E)")
