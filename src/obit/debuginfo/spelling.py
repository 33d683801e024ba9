"""Names of types as gdb prints them: `const char *`, `int (*)(int)`, `shop::Order<int> &`, `struct order *` in C."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from obit.debuginfo import tags
from obit.debuginfo.libdw import BOUND_EXPRESSION, NONE, PROTOTYPED, Die, Entry, File, children, text

if TYPE_CHECKING:
    import re

_MARKS = {tags.POINTER_TYPE: "*", tags.REFERENCE_TYPE: "&", tags.RVALUE_REFERENCE_TYPE: "&&"}
QUALIFIERS = {tags.CONST_TYPE: "const", tags.VOLATILE_TYPE: "volatile", tags.RESTRICT_TYPE: "restrict", tags.ATOMIC_TYPE: "_Atomic"}
_KEYWORDS = {
    tags.STRUCTURE_TYPE: "struct",
    tags.CLASS_TYPE: "class",
    tags.UNION_TYPE: "union",
    tags.ENUMERATION_TYPE: "enum",
    tags.INTERFACE_TYPE: "class",
}
_INTEGERS = {
    "long int": "long",
    "long unsigned int": "unsigned long",
    "unsigned long int": "unsigned long",
    "short int": "short",
    "short unsigned int": "unsigned short",
    "unsigned short int": "unsigned short",
    "long long int": "long long",
    "long long unsigned int": "unsigned long long",
    "unsigned long long int": "unsigned long long",
}
_DEEPEST = 40
_LONGEST = 1 << 16
_LOCAL = "_ZZ"
"""How linkage names of what is local to a function begin (Itanium C++ ABI 5.1.6)."""


class Speller:
    """Spells types and qualifies names. `entry` gives a DIE's attributes (kept by the caller), `language` a unit's."""

    def __init__(self, file: File, entry: Callable[[Die], Entry | None], language: Callable[[int], str]) -> None:
        self._file = file
        self._entry = entry
        self._language = language
        self._names: dict[int, str] = {}
        self._qualified: dict[int, str] = {}

    def name(self, die: Die) -> str:
        """The spelling of a type; (0, 0) is void."""
        known = self._names.get(die[0])
        if known is None:
            known = self._names[die[0]] = self._declare(die, "", 0)[:_LONGEST]
        return known

    def qualified(self, entry: Entry) -> str:
        """The name of a DIE behind those of its namespaces and records: `(anonymous namespace)::Cart::Item`; empty without a name."""
        known = self._qualified.get(entry.die)
        if known is None:
            known = self._qualified[entry.die] = self._qualify(entry)
        return known

    def _qualify(self, entry: Entry) -> str:
        name, language = text(entry.name), self._language(entry.source_unit)
        if not name or language == "c":
            return canonical(name)
        # GCC gives the functions of lambdas no linkage name.
        local = text(entry.linkage).startswith(_LOCAL) or (name == "operator()" and not entry.linkage and entry.tag == tags.SUBPROGRAM)
        full = "::".join((*self._around((entry.source, entry.source_unit), local=local), name))
        return canonical(full) if language == "c++" else full

    def _around(self, die: Die, *, local: bool) -> list[str]:
        """Names of what a DIE is in. A function in a function (a lambda's) has that one's qualified name before its own, and what is
        in a record that is defined outside of its namespace (in a type unit) that of the record."""
        parts: list[str] = []
        for tag, name, address in self._file.path_of(die, functions=local):
            holder = None if tag == tags.NAMESPACE else self._entry((address, die[1]))
            if holder is not None and self._stands_for_itself(holder):
                parts = [self.qualified(holder)]
            elif name or tag not in _KEYWORDS:
                parts.append(name or "(anonymous namespace)")
            elif local:
                parts.append("{lambda}")
        return parts

    @staticmethod
    def _stands_for_itself(holder: Entry) -> bool:
        if holder.tag == tags.SUBPROGRAM:
            return not text(holder.linkage).startswith(_LOCAL)
        return holder.source != holder.die and bool(holder.name)

    def _declare(self, die: Die, inner: str, depth: int) -> str:
        """The type with a declarator inside, as C has it: that of `int (*)[3]` is `*`, then `(*)[3]`."""
        entry = self._entry(die) if die[0] else None
        if entry is None:
            return _joined("void", inner)
        if depth > _DEEPEST:
            return _joined("...", inner)
        target, tag = (entry.type, entry.type_unit), entry.tag
        if tag in _MARKS:
            return self._declare(target, self._grouped(target, _MARKS[tag] + inner), depth + 1)
        if tag in QUALIFIERS:
            return self._qualifier(entry, inner, depth)
        if tag == tags.ARRAY_TYPE:
            counts = "".join(f"[{'' if count is None else count}]" for count in array_counts(entry))
            return self._declare(target, inner + counts, depth + 1)
        if tag in (tags.SUBROUTINE_TYPE, tags.SUBPROGRAM):
            return self._declare(target, inner + self._parameters(entry, depth), depth + 1)
        if tag == tags.PTR_TO_MEMBER_TYPE:
            owner = self.name((entry.class_type, entry.class_unit)) if entry.class_type != die[0] else "..."
            return self._declare(target, self._grouped(target, f"{owner}::*{inner}"), depth + 1)
        return _joined(self._named(entry), inner)

    def _grouped(self, target: Die, inner: str) -> str:
        entry = self._entry(target) if target[0] else None
        grouped = entry is not None and entry.tag in (tags.ARRAY_TYPE, tags.SUBROUTINE_TYPE, tags.SUBPROGRAM)
        return f"({inner})" if grouped else inner

    def _qualifier(self, entry: Entry, inner: str, depth: int) -> str:
        """Of a pointer a qualifier stands behind, of all else before; const goes before volatile."""
        target = (entry.type, entry.type_unit)
        word = QUALIFIERS[entry.tag]
        pointee = self._entry(target) if target[0] else None
        if pointee is not None and (pointee.tag in _MARKS or pointee.tag == tags.PTR_TO_MEMBER_TYPE):
            return self._declare(target, _joined(f" {word}", inner), depth + 1)
        rest = self._declare(target, inner, depth + 1)
        return f"const {word} {rest.removeprefix('const ')}" if rest.startswith("const ") and word == "volatile" else f"{word} {rest}"

    def _parameters(self, entry: Entry, depth: int) -> str:
        words = []
        for child in children((entry.die, entry.unit)):
            if child.tag == tags.FORMAL_PARAMETER:
                words.append(self._declare((child.type, child.type_unit), "", depth + 4))
            elif child.tag == tags.UNSPECIFIED_PARAMETERS and words:
                words.append("...")
        nothing = "void" if entry.flags & PROTOTYPED or self._language(entry.unit) != "c" else ""
        return f"({', '.join(words) or nothing})"

    def _named(self, entry: Entry) -> str:
        keyword = _KEYWORDS.get(entry.tag)
        name = self.qualified(entry)
        if keyword is None:
            return name or "void"
        if not name:
            return keyword + " {...}"
        return f"{keyword} {name}" if self._language(entry.unit) == "c" else name


def array_counts(entry: Entry) -> list[int | None]:
    """Elements of each dimension of an array, None where that is not a constant."""
    return [count_of(child) for child in children((entry.die, entry.unit)) if child.tag == tags.SUBRANGE_TYPE] or [None]


def count_of(bound: Entry) -> int | None:
    """Elements of one dimension, None where that is not a constant."""
    if bound.flags & BOUND_EXPRESSION:
        return None
    if bound.count != NONE:
        return bound.count if bound.count >= 0 else None
    if bound.upper == NONE:
        return None
    count = bound.upper - (bound.lower if bound.lower != NONE else 0) + 1
    # `int a[0]` of GCC has the upper bound -1 in all the ways that a form can hold it.
    return count if 0 <= count < 1 << 31 else 0 if bound.upper in (0xFF, 0xFFFF, 0xFFFFFFFF, -1) else None


def canonical(name: str) -> str:
    """A name of C or C++ with its integer types spelled as gdb and the demanglers do: GCC's `long unsigned int` is `unsigned long`."""
    if " int" not in name:
        return name
    known = _INTEGERS.get(name)
    if known is not None:
        return known
    import re

    return re.sub(r"\b(?:(?:long|short|unsigned) )+int\b", _canonical_integer, name)


def _canonical_integer(found: "re.Match[str]") -> str:
    return _INTEGERS.get(found[0], found[0])


def _joined(base: str, inner: str) -> str:
    if not inner:
        return base
    return base + inner if inner.startswith(" ") else f"{base} {inner}"


__all__ = ["QUALIFIERS", "Speller", "array_counts", "canonical", "count_of"]
