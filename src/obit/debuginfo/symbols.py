"""Symbols of a module: out of .symtab, else the debug file's .symtab, else .gnu_debugdata; .dynsym always fills in."""

from collections.abc import Callable, Iterator

from obit.debuginfo._libdw import ffi, lib
from obit.debuginfo.libdw import File
from obit.debuginfo.scopes import Symbol

_LARGEST_DEBUGDATA = 256 << 20


class SymbolReader:
    """Looks symbols up in the tables of several files, the richest first. `debug_file` is asked for when the file has no .symtab."""

    def __init__(self, file: File, debug_file: Callable[[], File | None]) -> None:
        self._file = file
        self._debug_file = debug_file
        self._tables: list[File] | None = None
        self._found = ffi.new("obit_symbol *")

    @property
    def any(self) -> bool:
        """Whether there is a symbol at all."""
        return bool(self._files())

    def _files(self) -> list[File]:
        if self._tables is None:
            self._tables = list(self._load())
        return self._tables

    def _load(self) -> Iterator[File]:
        if lib.obit_symbols_load(self._file.handle, 0):
            yield self._file
            return
        debug = self._debug_file()
        if debug is not None and lib.obit_symbols_load(debug.handle, 0):
            yield debug
        else:
            small = mini_debuginfo(self._file)
            if small is not None and lib.obit_symbols_load(small.handle, 0):
                yield small
        if lib.obit_symbols_load(self._file.handle, 1):
            yield self._file

    def _best(self, kind: int, address: int) -> Symbol | None:
        best: Symbol | None = None
        for file in self._files():
            if not lib.obit_symbol_at(file.handle, kind, address, self._found):
                continue
            found = self._symbol()
            if address - found.address < found.size:
                return found
            if best is None or found.address > best.address:
                best = found
        return best

    def _symbol(self) -> Symbol:
        found = self._found
        return Symbol(ffi.string(found.name).decode("utf-8", "replace").split("@", 1)[0], found.address, found.size)

    def function(self, address: int) -> Symbol | None:
        """The function that contains an address, or the nearest before it within its section."""
        return self._best(lib.OBIT_FUNCTIONS, address) if 0 <= address < 1 << 64 else None

    def object(self, address: int) -> Symbol | None:
        """The data object that contains an address."""
        return self._best(lib.OBIT_OBJECTS, address) if 0 <= address < 1 << 64 else None

    def named(self, name: str) -> Symbol | None:
        """The first symbol of an exact name."""
        raw = name.encode("utf-8", "surrogateescape")
        for file in self._files():
            if b"\0" not in raw and lib.obit_symbol_named(file.handle, raw, self._found):
                return self._symbol()
        return None


def mini_debuginfo(file: File) -> File | None:
    """The small ELF file that Fedora and others put, compressed by xz, into .gnu_debugdata: function symbols that .dynsym lacks."""
    packed = file.section(".gnu_debugdata")
    if not packed:
        return None
    import lzma

    try:
        content = lzma.LZMADecompressor().decompress(packed, _LARGEST_DEBUGDATA)
    except lzma.LZMAError:
        return None
    return File.from_bytes(content, file.path)
