"""The DWARF of one file: what is at an address, and types by name."""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from obit.debuginfo import tags
from obit.debuginfo._libdw import lib
from obit.debuginfo.dies import TypeReader
from obit.debuginfo.functions import ScopeReader
from obit.debuginfo.libdw import Die, Entry, File, children, entry, low_of, text
from obit.debuginfo.scopes import Expression, Line, Scope, Symbol, VariableInfo
from obit.debuginfo.spelling import canonical
from obit.debuginfo.types import Type
from obit.errors import BadInput

if TYPE_CHECKING:
    from obit.debuginfo.search import FileFinder

_BUDGET = 4_000_000
_BUDGET_NEAR = 400_000
"""DIEs that all searches for names together may look at in the whole file, and one in the unit where the name was met: 60 ns each."""
_MOST_KEPT = 1 << 14
_REG0, _REGX = 0x50, 0x90
_KEYWORDS = ("struct ", "class ", "union ", "enum ")


class DwarfReader:
    """Answers of one file with DWARF, remembered."""

    def __init__(self, file: File, notes: list[tuple[str, str, str | None]], finder: "FileFinder | None") -> None:
        self._file = file
        self._notes = notes
        self._alt = self._open_alt(finder)
        machine = file.machine
        self._types = TypeReader(file, machine.pointer_size if machine else 8, self._define)
        self._expressions = self._types.expressions
        self._scopes = ScopeReader(self._types)
        self._by_address: dict[int, tuple[Scope, ...]] = {}
        self._by_name: dict[str, Die | None] = {}
        self._budget = _BUDGET
        self._dwo_noted: set[str] = set()

    def _open_alt(self, finder: "FileFinder | None") -> File | None:
        """The file that dwz made common to several. libdw would say nothing of its absence, and of names and types that are in it."""
        link = self._file.altlink
        if link is None:
            return None
        name, build_id = link
        found = finder.alternate(self._file.path, name, build_id) if finder else None
        alt: File | None = None
        if found is not None and found.path is not None:
            try:
                alt = File.found(found.path, finder)
            except BadInput as error:
                self._notes.append((f"part of the debug information of {self._file.path}", str(error), None))
        # Without one libdw would open whatever the name leads to, a FIFO too, at the first reference: it gets one that is empty.
        used = alt or File.from_bytes(_empty_debug_file(), "(nothing)")
        if used is not None:
            lib.obit_set_alt(self._file.handle, used.handle)
        if alt is None:
            why = (found.why if found else None) or f"the supplementary debug file {name} was not found"
            self._notes.append((f"part of the debug information of {self._file.path}", why, found.fix if found else None))
        return used

    def line(self, address: int) -> Line | None:
        """Source position of an address."""
        found = self._file.line(address)
        return None if found is None else Line(found[0], found[1], found[2] or None)

    def directory(self, address: int) -> str | None:
        """Where the unit of an address was compiled."""
        return self._file.directory(address)

    def scopes(self, address: int) -> tuple[Scope, ...]:
        """The functions active at an address, innermost first."""
        known = self._by_address.get(address)
        if known is None:
            unit, entries = self._file.scopes(address)
            if unit is not None:
                self._types.likely_language(unit.unit)
            known = self._scopes.scopes(entries)
            if unit is not None and not entries:
                self._note_dwo(address)
            if len(self._by_address) < _MOST_KEPT:
                self._by_address[address] = known
        return known

    def _note_dwo(self, address: int) -> None:
        name = self._file.missing_dwo(address)
        if name is not None and name not in self._dwo_noted:
            self._dwo_noted.add(name)
            self._notes.append((f"debug information of {self._file.path}", f"its part in {name} (split DWARF) was not found", None))

    def globals(self, address: int) -> tuple[VariableInfo, ...]:
        """File-level variables of the unit of an address."""
        return self._scopes.globals(self._file.globals(address))

    def entry_values(self, return_address: int, callee: int | None, symbol: Callable[[str], Symbol | None]) -> dict[int, object]:
        """Register → Expression of what it held when the call that returns to an address was made: of the function that has the
        address `callee`, else of whatever function. `symbol` finds a symbol by name."""
        site = self._file.call_site(return_address)
        found: dict[int, object] = {}
        if site is None or (callee is not None and not self._calls(site, callee, symbol)):
            return found
        for child in children((site.die, site.unit)):
            register = self._register(child, return_address)
            value = self._expressions.read((child.die, child.unit), tags.AT_CALL_VALUE, return_address) or self._expressions.read(
                (child.die, child.unit), tags.AT_GNU_CALL_SITE_VALUE, return_address
            )
            key = register if register is not None else self._parameter(child)
            if key is not None and value is not None:
                found[key] = value
        return found

    @staticmethod
    def _parameter(child: Entry) -> int | None:
        """`VariableInfo.source` of a parameter that was passed in no place of its own."""
        named = entry((child.origin, child.origin_unit)) if child.origin else None
        return named.source if named else None

    def call_target(self, return_address: int) -> str | Expression | None:
        """See `DebugModule`."""
        site = self._file.call_site(return_address)
        named = entry((site.origin, site.origin_unit)) if site and site.origin else None
        if named is not None:
            return text(named.linkage or named.name) or None
        attributes = (tags.AT_CALL_TARGET, tags.AT_GNU_CALL_SITE_TARGET) if site else ()
        die = (site.die, site.unit) if site else (0, 0)
        return next((found for each in attributes if (found := self._expressions.read(die, each, return_address))), None)

    def _calls(self, site: Entry, address: int, symbol: Callable[[str], Symbol | None]) -> bool:
        """Whether a call site can have called the function at an address. Of an indirect call anything is believed."""
        named = entry((site.origin, site.origin_unit)) if site.origin else None
        function = next(iter(self._file.scopes(address)[1]), None)
        if named is None or function is None or named.source == function.source:
            return True
        if named.linkage and function.linkage:
            same = text(named.linkage) == text(function.linkage)
        else:
            same = bool(named.name) and text(named.name) == text(function.name)
        if same:
            return True
        # A library calls itself by other names than it exports.
        called = symbol(text(named.linkage or named.name))
        return called is not None and called.address == low_of((function.die, function.unit))

    def _register(self, child: Entry, address: int) -> int | None:
        place = self._expressions.read((child.die, child.unit), tags.AT_LOCATION, address)
        if place is None or len(place.ops) != 1:
            return None
        atom, number, _, _ = place.ops[0]
        return atom - _REG0 if _REG0 <= atom < _REG0 + 32 else number if atom == _REGX else None

    # Types by name

    def find_type(self, name: str, near: int | None) -> Type | None:
        """A defined type by its qualified name; `near` is a code address whose unit is searched first."""
        for keyword in _KEYWORDS:
            name = name.removeprefix(keyword)
        unit = self._file.unit_at(near) if near is not None and 0 <= near < 1 << 64 else None
        die = self._find(name, unit.unit if unit else 0)
        return None if die is None else self._types.of(die)

    def _define(self, name: str, declared: Entry) -> Die | None:
        return self._find(name, declared.unit)

    def _find(self, name: str, near: int) -> Die | None:
        """First in the unit where it was met, then in all while the budget lasts."""
        if self._by_name.get(name) is not None:
            return self._by_name[name]
        found = self._search(name, near) if near else None
        if found is None and name not in self._by_name:
            found = self._search(name, 0)
        self._by_name[name] = found
        return found

    def _search(self, name: str, near: int) -> Die | None:
        budget = _BUDGET_NEAR if near else self._budget
        if "\0" in name or budget <= 0:
            return None
        wanted = comparable(name)
        try:
            for batch in self._file.types_named(components(name), near, budget):
                for each in batch:
                    if comparable(self._types.speller.qualified(each)) == wanted:
                        return each.die, each.unit
        finally:
            if not near:
                self._spend(self._file.budget_left)
        return None

    def _spend(self, left: int) -> None:
        self._budget = left
        if left <= 0:
            self._notes.append((f"some types of {self._file.path}", "the debug information is too large to search it all by name", None))


def comparable(name: str) -> str:
    """A name without what compilers and demanglers spell differently: spaces, suffixes of numbers, `long unsigned int`, the place of
    `const` (only how often it is there counts)."""
    if "<" not in name:
        return canonical(name)
    import re

    plain = re.sub(r"\b(\d+)(?:ul|ull|u|l|ll)\b", r"\1", canonical(name), flags=re.IGNORECASE)
    rest, count = re.subn(r"\bconst\b", "", plain)
    return f"{rest.replace(' ', '')} {count}"


def components(name: str) -> list[str]:
    """`shop`, `Cart`, `Item` of `shop::Cart<a::b>::Item<c>`."""
    parts, depth, current = [], 0, ""
    for character in name.replace("(anonymous namespace)::", ""):
        depth += (character in "<(") - (character in ">)")
        if depth == 0 and character == ":" and current.endswith(":"):
            parts.append(current[:-1])
            current = ""
        elif depth == 0 and character not in ">)":
            current += character
    return [*parts, current]


def _empty_debug_file() -> bytes:
    """An ELF file that libdw takes for a debug file, with nothing in it: a .debug_frame that ends at once."""
    names, frame = b"\0.debug_frame\0.shstrtab\0", bytes(4)
    table = 64 + len(names) + len(frame)
    rows = [(0, 0, 0, 0), (1, 1, 64 + len(names), len(frame)), (14, 3, 64, len(names))]
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 1, 62, 1, 0, 0, table, 0, 64, 0, 0, 64, len(rows), 2)
    sections = (struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, offset, size, 0, 0, 1, 0) for name, kind, offset, size in rows)
    return header + names + frame + b"".join(sections)
