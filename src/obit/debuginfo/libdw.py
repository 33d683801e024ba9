"""The face of `_libdw` in Python: a file, and DIEs as plain values. Nothing else in the package touches cffi for DWARF.

A DIE is a pair of integers (its address in memory, its unit's) that are good as long as its file is open.
"""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from obit.debuginfo._libdw import ffi, lib
from obit.debuginfo.machine import MACHINES, Machine
from obit.errors import BadInput

if TYPE_CHECKING:
    from obit.debuginfo._libdw import CData
    from obit.debuginfo.search import FileFinder

NONE = -(1 << 63)
"""A number that the DIE does not have."""
MANY = 1 << 16
"""Most DIEs that one question gives."""
LONGEST_NAME = 1 << 20

DECLARATION, ARTIFICIAL, EXTERNAL, LOCATION, CHILDREN, OFFSET_EXPRESSION, VIRTUAL, ENUM_CLASS = (1 << bit for bit in range(8))
PROTOTYPED, VECTOR, EXPORT, SIGNATURE, BOUND_EXPRESSION, RVALUE, ABSTRACT = (1 << bit for bit in range(8, 15))

Die = tuple[int, int]
"""(address, unit); (0, 0) is none."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A DIE's attributes, those of its abstract origin and specification included: the fields of `obit_entry` in declarations.h.
    Strings are pointers for `text`; `origin` is the first DIE it refers to, `source` the last, whose parents qualify the name."""

    die: int
    unit: int
    tag: int
    flags: int
    name: int
    linkage: int
    type: int
    type_unit: int
    origin: int
    origin_unit: int
    source: int
    source_unit: int
    size: int
    bit_size: int
    bit_offset: int
    storage_bit_offset: int
    offset: int
    encoding: int
    constant: int
    constant_size: int
    count: int
    lower: int
    upper: int
    bound: int
    class_type: int
    class_unit: int
    discriminant: int
    call_file: int
    call_line: int
    call_column: int
    low: int
    line: int


_LAYOUT = struct.Struct("<32q")
_CHAR = ffi.typeof("char *")
_BYTES = ffi.typeof("unsigned char *")
_ROOM = 256
_ROOM_FOR_GLOBALS = 4096
_ROOM_FOR_TYPES = 4096


class _Scratch:
    """Buffers that C writes to; they grow when an answer is longer."""

    entries: "CData" = ffi.new(f"obit_entry[{_ROOM}]")
    room: int = _ROOM
    one: "CData" = ffi.new("obit_entry[1]")
    pointer: "CData" = ffi.new("void *[1]")


def _reserve(count: int) -> None:
    """Room for that many entries."""
    if _Scratch.room < count:
        _Scratch.room = count
        _Scratch.entries = ffi.new(f"obit_entry[{count}]")


def text(pointer: int) -> str:
    """The string at a pointer out of an `Entry`; empty for none."""
    return ffi.string(ffi.cast(_CHAR, pointer), LONGEST_NAME).decode("utf-8", "replace") if pointer else ""


def data(pointer: int, size: int) -> bytes:
    """The bytes at a pointer that C gave with their number."""
    return bytes(ffi.buffer(ffi.cast(_BYTES, pointer), size)) if pointer and 0 < size <= 1 << 30 else b""


def entries(count: int) -> list[Entry]:
    """What the last question left in the buffer for many."""
    return [Entry(*fields) for fields in _LAYOUT.iter_unpack(ffi.buffer(_Scratch.entries, count * _LAYOUT.size))] if count else []


def one() -> Entry:
    """What the last question left in the buffer for one."""
    return Entry(*_LAYOUT.unpack(ffi.buffer(_Scratch.one, _LAYOUT.size)))


def entry(die: Die) -> Entry | None:
    """The attributes of a DIE; None when it is none."""
    return one() if lib.obit_die(die[0], die[1], _Scratch.one) else None


def children(die: Die) -> list[Entry]:
    """The children of a DIE, `MANY` at most."""
    count = lib.obit_children(die[0], die[1], _Scratch.entries, _Scratch.room)
    if count > _Scratch.room:
        _reserve(min(count, MANY))
        count = min(lib.obit_children(die[0], die[1], _Scratch.entries, _Scratch.room), _Scratch.room)
    return entries(count)


class File:
    """An open ELF file. `handle` is for the functions of `lib` that take a file."""

    def __init__(self, handle: "CData", path: str, keep: bytes | None = None) -> None:
        self.handle = ffi.gc(handle, lib.obit_close)
        self.path = path
        self.budget_left = 0
        """What the last `types_named` left of its budget."""
        self._keep = keep

    @staticmethod
    def open(path: str) -> "File":
        """Open a file; `BadInput` when it cannot be read or is not a 64-bit little-endian ELF file."""
        problem = ffi.new("int[1]")
        handle = lib.obit_open(path.encode("utf-8", "surrogateescape"), problem)
        if not handle:
            import os

            code = struct.unpack("i", ffi.buffer(problem))[0]
            why = f"cannot be read: {os.strerror(code)}" if code else "is not a 64-bit little-endian ELF file"
            raise BadInput(f"{path} {why}; give an executable or a library.")
        return File(handle, path)

    @staticmethod
    def found(path: str, finder: "FileFinder | None") -> "File":
        """Open a file that a finder named, as the finder says; `BadInput`."""
        descriptor = finder.open(path) if finder is not None else None
        return File.open(path) if descriptor is None else File.from_descriptor(descriptor, path)

    @staticmethod
    def from_descriptor(descriptor: int, path: str) -> "File":
        """The same of an open file, which is `File`'s to close from now on. `path` is for messages."""
        handle = lib.obit_open_descriptor(descriptor)
        if not handle:
            raise BadInput(f"{path} is not a 64-bit little-endian ELF file; give an executable or a library.")
        return File(handle, path)

    @staticmethod
    def from_bytes(content: bytes, path: str) -> "File | None":
        """An ELF file in memory; None when it is none."""
        handle = lib.obit_open_memory(ffi.from_buffer(content), len(content))
        return File(handle, path, content) if handle else None

    @property
    def machine(self) -> Machine | None:
        """The architecture, when it is one that Obit knows."""
        return MACHINES.get(lib.obit_machine(self.handle))

    @property
    def build_id(self) -> str | None:
        """The GNU build-id in lower-case hex."""
        length = lib.obit_build_id(self.handle, _Scratch.pointer)
        return self._pointed(length).hex() if 0 < length <= 64 else None

    @property
    def debuglink(self) -> tuple[str, int] | None:
        """Name and CRC-32 that .gnu_debuglink gives."""
        crc = ffi.new("uint32_t[1]")
        name = lib.obit_debuglink(self.handle, crc)
        return (ffi.string(name).decode("utf-8", "replace"), struct.unpack("<I", ffi.buffer(crc))[0]) if name else None

    @property
    def altlink(self) -> tuple[str, str] | None:
        """Name and build-id (hex) of the file that dwz moved common DIEs to."""
        name = ffi.new("char *[1]")
        length = lib.obit_altlink(self.handle, name, _Scratch.pointer)
        if not 0 < length <= 64:
            return None
        pointer: int = struct.unpack("<q", ffi.buffer(name))[0]
        return text(pointer), self._pointed(length).hex()

    @property
    def has_dwarf(self) -> bool:
        """Whether there is a .debug_info section."""
        return bool(lib.obit_has_dwarf(self.handle))

    def has_section(self, name: str) -> bool:
        """Whether there is a section of that name with bytes in the file."""
        return bool(lib.obit_has_section(self.handle, name.encode()))

    def section(self, name: str) -> bytes | None:
        """The bytes of a section as they are in the file."""
        length = lib.obit_section(self.handle, name.encode(), _Scratch.pointer)
        return self._pointed(length) if length >= 0 else None

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes of one read-only segment."""
        found = lib.obit_read(self.handle, address, size) if 0 <= address < 1 << 64 and 0 <= size < 1 << 32 else None
        return bytes(ffi.buffer(found, size)) if found else None

    def scopes(self, address: int) -> tuple[Entry | None, list[Entry]]:
        """The unit of an address, and its function, inlined functions and blocks there, outermost first."""
        count = lib.obit_scopes(self.handle, address, _Scratch.entries, _Scratch.room, _Scratch.one)
        unit = one()
        return (unit if unit.die else None), entries(count)

    def unit_at(self, address: int) -> Entry | None:
        """The DIE of the unit that has an address."""
        return one() if lib.obit_unit_at(self.handle, address, _Scratch.one) else None

    def globals(self, address: int) -> list[Entry]:
        """The variables outside of functions of the unit that has an address."""
        _reserve(_ROOM_FOR_GLOBALS)
        return entries(lib.obit_globals(self.handle, address, _Scratch.entries, _Scratch.room))

    def call_site(self, return_address: int) -> Entry | None:
        """The call site that returns to an address."""
        return one() if lib.obit_call_site(self.handle, return_address, _Scratch.one) else None

    def missing_dwo(self, address: int) -> str | None:
        """Name of the .dwo file that has the unit of an address and is not there."""
        name = lib.obit_missing_dwo(self.handle, address)
        return ffi.string(name).decode("utf-8", "replace") if name else None

    def path_of(self, die: Die, *, functions: bool = False) -> list[tuple[int, str, int]]:
        """Tag, name and address of the namespaces and records around a DIE, outermost first; on demand of functions, too."""
        out = ffi.new("int64_t[192]")
        count = min(lib.obit_path(self.handle, die[0], die[1], functions, out, 192), 192)
        parts = struct.iter_unpack("<3q", ffi.buffer(out, 8 * count))
        return [(tag, text(name), address) for tag, name, address in parts]

    def types_named(self, path: list[str], near: int, budget: int) -> Iterator[list[Entry]]:
        """Definitions of types by the components of their name, without template arguments: those that have the last and are within
        some of the others. A batch a unit that has some, in one unit or (`near` 0) in all, as long as the budget of DIEs lasts."""
        cursor, left = ffi.new("int64_t[1]", [0]), ffi.new("int64_t[1]", [budget])
        *around, name = (part.encode("utf-8", "surrogateescape") for part in path)
        joined = b"\n" + b"".join(part + b"\n" for part in around)
        while True:
            _reserve(_ROOM_FOR_TYPES)
            count = lib.obit_types_named(self.handle, name, joined, near, cursor, left, _Scratch.entries, _Scratch.room)
            self.budget_left = struct.unpack("<q", ffi.buffer(left))[0]
            if not count:
                return
            yield entries(count)
            if bytes(ffi.buffer(cursor)) == b"\0" * 8:
                return

    def line(self, address: int) -> tuple[str, int, int] | None:
        """Path, line and column (0: none) of an address."""
        path, line, column = ffi.new("char *[1]"), ffi.new("int64_t[1]"), ffi.new("int64_t[1]")
        if not lib.obit_line(self.handle, address, path, line, column):
            return None
        numbers = struct.unpack("<3q", bytes(ffi.buffer(path)) + bytes(ffi.buffer(line)) + bytes(ffi.buffer(column)))
        return text(numbers[0]), numbers[1], numbers[2]

    def directory(self, address: int) -> str | None:
        """The compilation directory of the unit of an address."""
        found = lib.obit_directory(self.handle, address)
        return None if found == ffi.NULL else ffi.string(found).decode("utf-8", "replace")

    def _pointed(self, length: int) -> bytes:
        return data(struct.unpack("<q", ffi.buffer(_Scratch.pointer))[0], length)


def language_of(unit: int) -> int:
    """DW_LANG of a unit, -1 when it says none."""
    language = ffi.new("int64_t[1]", [-1])
    lib.obit_unit_of(unit, ffi.cast("obit_entry *", 0), language)
    number: int = struct.unpack("<q", ffi.buffer(language))[0]
    return number


def low_of(die: Die) -> int | None:
    """Lowest address, or entry, of a function."""
    low = ffi.new("uint64_t[1]")
    return struct.unpack("<Q", ffi.buffer(low))[0] if lib.obit_die_address(die[0], die[1], low) else None
