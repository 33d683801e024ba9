"""An ELF file and its debug information, read when asked for: `DebugModule` on libdw."""

from typing import TYPE_CHECKING

from obit.debuginfo.cfi import CfiReader
from obit.debuginfo.cfirow import CfiRow
from obit.debuginfo.libdw import File
from obit.debuginfo.scopes import Expression, Line, Scope, Symbol, VariableInfo
from obit.debuginfo.symbols import SymbolReader
from obit.debuginfo.types import Type
from obit.errors import BadInput
from obit.snapshot.model import DebugLevel

if TYPE_CHECKING:
    from obit.debuginfo.dwarf import DwarfReader
    from obit.debuginfo.search import FileFinder

_HIGHEST = 1 << 64
_MOST_KEPT = 1 << 16


def open_module(path: str, finder: "FileFinder | None" = None) -> "ElfModule":
    """Open an ELF file. `finder` finds what is in other files; without one nothing is looked for. `BadInput` when `path` cannot be read
    or is not a 64-bit little-endian ELF file."""
    return ElfModule(File.found(path, finder), finder)


class ElfModule:
    """See `debuginfo.module.DebugModule`. Nothing but the ELF header is read at first; the debug file is opened when symbols, DWARF or
    .debug_frame are needed and the file itself has none, its sections are decompressed when DWARF is."""

    def __init__(self, file: File, finder: "FileFinder | None" = None) -> None:
        self.path = file.path
        self.build_id = file.build_id
        self.notes: list[tuple[str, str, str | None]] = []
        self._file = file
        self._finder = finder
        self._debug: File | None = None
        self._debug_sought = False
        self._dwarf: DwarfReader | None = None
        self._dwarf_sought = False
        self._eh_frame = CfiReader(file, debug_frame=False)
        self._debug_frame: CfiReader | None = None
        self._debug_frame_sought = False
        self._symbols = SymbolReader(file, self._debug_file)
        self._lines: dict[int, Line | None] = {}
        self._entry_values: dict[tuple[int, int], dict[int, object]] = {}
        self._call_targets: dict[int, str | Expression | None] = {}

    # Files

    def _debug_file(self) -> File | None:
        """The separate debug file, sought once."""
        if not self._debug_sought:
            self._debug_sought = True
            self._debug = self._find_debug_file()
        return self._debug

    def _find_debug_file(self) -> File | None:
        if self._finder is None:
            return None
        found = self._finder.debug(self.path, self.build_id, self._file.debuglink)
        if found.path is None and self._file.has_dwarf:
            return None  # nothing is missing: the file has it all itself
        if found.path is None:
            self.notes.append((f"debug information of {self.path}", found.why or "it was not found", found.fix))
            return None
        try:
            return File.found(found.path, self._finder)
        except BadInput as error:
            self.notes.append((f"debug information of {self.path}", str(error), None))
            return None

    def _reader(self) -> "DwarfReader | None":
        """DWARF of the file or of its debug file; None when neither has any."""
        if not self._dwarf_sought:
            self._dwarf_sought = True
            self._dwarf = self._open_dwarf()
        return self._dwarf

    def _open_dwarf(self) -> "DwarfReader | None":
        file = self._with_dwarf()
        if file is None:
            return None
        from obit.debuginfo.dwarf import DwarfReader

        return DwarfReader(self._inflated(file), self.notes, self._finder)

    def _inflated(self, file: File) -> File:
        """The file, or a copy of it whose sections are not compressed."""
        if self._finder is None:
            return file
        path = self._finder.inflated(file.path, self.build_id, "executable" if file is self._file else "debug")
        try:
            return file if path == file.path else File.found(path, self._finder)
        except BadInput:
            return file

    def _with_dwarf(self) -> File | None:
        if not self._file.has_dwarf:
            debug = self._debug_file()
            return debug if debug is not None and debug.has_dwarf else None
        return self._file

    @property
    def level(self) -> DebugLevel:
        """full: DWARF; symbols: a symbol table; none."""
        if self._with_dwarf() is not None:
            return "full"
        return "symbols" if self._symbols.any else "none"

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes of a read-only segment."""
        return self._file.read(address, size)

    # Call frame information and symbols

    def cfi(self, address: int) -> CfiRow | None:
        """The CFI row that covers an address; .debug_frame is looked at only where .eh_frame has none."""
        if not 0 <= address < _HIGHEST:
            return None
        row = self._eh_frame.row(address)
        if row is not None:
            return row
        reader = self._debug_frame_reader()
        return None if reader is None else reader.row(address)

    def _debug_frame_reader(self) -> CfiReader | None:
        if not self._debug_frame_sought:
            self._debug_frame_sought = True
            for file in (self._file, self._debug_file()):
                if file is not None and (file.has_section(".debug_frame") or file.has_section(".zdebug_frame")):
                    self._debug_frame = CfiReader(file, debug_frame=True)
                    break
        return self._debug_frame

    def symbol(self, address: int) -> Symbol | None:
        """The function symbol at an address."""
        return self._symbols.function(address)

    def find_symbol(self, name: str) -> Symbol | None:
        """A defined symbol by its exact name."""
        return self._symbols.named(name)

    def object_at(self, address: int) -> Symbol | None:
        """The data symbol that contains an address."""
        return self._symbols.object(address)

    # DWARF

    def line(self, address: int) -> Line | None:
        """Source position of an address."""
        reader = self._reader()
        if reader is None or not 0 <= address < _HIGHEST:
            return None
        if address not in self._lines and len(self._lines) < _MOST_KEPT:
            self._lines[address] = reader.line(address)
        return self._lines.get(address)

    def directory(self, address: int) -> str | None:
        """Where the unit of an address was compiled."""
        reader = self._reader()
        return None if reader is None or not 0 <= address < _HIGHEST else reader.directory(address)

    def scopes(self, address: int) -> tuple[Scope, ...]:
        """The functions active at an address."""
        reader = self._reader()
        return () if reader is None or not 0 <= address < _HIGHEST else reader.scopes(address)

    def globals(self, address: int) -> tuple[VariableInfo, ...]:
        """File-level variables of the unit of an address."""
        reader = self._reader()
        return () if reader is None or not 0 <= address < _HIGHEST else reader.globals(address)

    def find_type(self, name: str, near: int | None = None) -> Type | None:
        """A complete type by qualified name. `near` is a code address whose unit is searched first: for a class that of one of its
        methods, which spares a search of the whole file."""
        reader = self._reader()
        return None if reader is None else reader.find_type(name, near)

    def entry_values(self, address: int, outer_address: int) -> dict[int, object]:
        """What the call that returns to `outer_address` passed: register → Expression. `address` is one within the called function, when
        that is in this module too: empty then when the call was of another function, which a tail call replaced. Else `outer_address`."""
        reader = self._reader()
        if reader is None or not 0 < outer_address < _HIGHEST:
            return {}
        known = self._entry_values.get((address, outer_address))
        if known is None:
            known = reader.entry_values(outer_address, address if address != outer_address else None, self.find_symbol)
            if len(self._entry_values) < _MOST_KEPT:
                self._entry_values[address, outer_address] = known
        return known

    def call_target(self, outer_address: int) -> str | Expression | None:
        """Who the call that returns to an address called: the function's name (for the linker), or what computes its address."""
        reader = self._reader()
        if reader is None or not 0 < outer_address < _HIGHEST:
            return None
        if outer_address not in self._call_targets:
            if len(self._call_targets) >= _MOST_KEPT:
                return reader.call_target(outer_address)
            self._call_targets[outer_address] = reader.call_target(outer_address)
        return self._call_targets[outer_address]
