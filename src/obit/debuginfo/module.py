"""One ELF object and the debug information that belongs to it: the face of this layer.

All addresses are file addresses: runtime address − bias. Nothing here raises for bad debug information: what cannot be read is
None, and `notes` says why.
"""

from typing import Protocol

from obit.debuginfo.cfirow import CfiRow
from obit.debuginfo.scopes import Expression, Line, Scope, Symbol, VariableInfo
from obit.debuginfo.types import Type
from obit.snapshot.model import DebugLevel


class DebugModule(Protocol):
    """What the unwinder, the variable reader and the report ask of a module. Implemented by `debuginfo.elfmodule`."""

    path: str
    build_id: str | None
    notes: list[tuple[str, str, str | None]]
    """(what, why, fix) for the document's `missing`."""

    @property
    def level(self) -> DebugLevel:
        """full: DWARF; symbols: a symbol table; none."""
        ...

    def cfi(self, address: int) -> CfiRow | None:
        """The CFI row that covers an address: .eh_frame first, .debug_frame of the debug file only when that has none."""
        ...

    def symbol(self, address: int) -> Symbol | None:
        """The function symbol that contains an address (sized), or the nearest before it within its section."""
        ...

    def find_symbol(self, name: str) -> Symbol | None:
        """A defined symbol by its exact (mangled) name, any type, .symtab, .gnu_debugdata and .dynsym."""
        ...

    def object_at(self, address: int) -> Symbol | None:
        """The data symbol that contains an address (vtables, globals)."""
        ...

    def scopes(self, address: int) -> tuple[Scope, ...]:
        """The functions active at an address: innermost inlined first, the real function last; empty without DWARF."""
        ...

    def line(self, address: int) -> Line | None:
        """Source position of an address."""
        ...

    def directory(self, address: int) -> str | None:
        """The directory that relative source paths of the unit of an address refer to (DW_AT_comp_dir)."""
        ...

    def globals(self, address: int) -> tuple[VariableInfo, ...]:
        """File-level variables of the compilation unit that contains a code address."""
        ...

    def find_type(self, name: str) -> Type | None:
        """A complete type by qualified name; None when the module has none."""
        ...

    def entry_values(self, address: int, outer_address: int) -> dict[int, object]:
        """DW_TAG_call_site_parameter at the return address `outer_address` of the *caller's* module: register → Expression
        (evaluated with the caller's registers). `address` is one within the called function when that is in this module too: empty
        when the call was of another function, which a tail call replaced; else it is `outer_address` again. A parameter that is
        passed in no place has `VariableInfo.source` for its key."""
        ...

    def call_target(self, outer_address: int) -> str | Expression | None:
        """Who the call that returns to `outer_address` called: the function's name (for the linker), or for an indirect call what computes
        its runtime address with the caller's registers; None when debug information does not say."""
        ...

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes of a read-only segment as the file has them; None when they are not (all) in one."""
        ...
