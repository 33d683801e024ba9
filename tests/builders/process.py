"""A `ProcessImage` made from values: memory as pieces, modules whose debug information is a few dictionaries."""

from collections.abc import Mapping

from obit.debuginfo.cfirow import CfiRow
from obit.debuginfo.machine import X86_64, Machine
from obit.debuginfo.module import DebugModule
from obit.debuginfo.scopes import Expression, Line, Scope, Symbol, VariableInfo
from obit.debuginfo.types import Type
from obit.image.process import LoadedModule, MappedRange, MemoryAbsent, ProcessImage, SignalInfo, ThreadImage
from obit.snapshot.model import DebugLevel


class PieceMemory:
    """Memory from address → bytes; anything else is absent."""

    def __init__(self, pieces: Mapping[int, bytes]) -> None:
        self._pieces = sorted(pieces.items())

    def read_some(self, address: int, size: int) -> bytes:
        """What is there from `address` on."""
        for start, data in self._pieces:
            if start <= address < start + len(data):
                return data[address - start : address - start + size]
        return b""

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes."""
        data = self.read_some(address, size)
        if len(data) < size:
            raise MemoryAbsent(address + len(data))
        return data

    def u64(self, address: int) -> int:
        """A word."""
        return int.from_bytes(self.read(address, 8), "little")


class FakeModule:
    """Debug information from dictionaries, keyed by file address."""

    path = "/usr/bin/fake"
    build_id: str | None = "ab" * 20
    level: DebugLevel = "full"

    def __init__(
        self,
        rows: Mapping[range, CfiRow] | None = None,
        symbols: tuple[Symbol, ...] = (),
        types: Mapping[str, Type] | None = None,
        scopes: Mapping[range, tuple[Scope, ...]] | None = None,
        parameters: Mapping[int, dict[int, object]] | None = None,
    ) -> None:
        self.notes: list[tuple[str, str, str | None]] = []
        self._rows = rows or {}
        self._symbols = symbols
        self._types = types or {}
        self._scopes = scopes or {}
        self._parameters = parameters or {}

    def cfi(self, address: int) -> CfiRow | None:
        """The row of the range that contains the address."""
        return next((row for span, row in self._rows.items() if address in span), None)

    def symbol(self, address: int) -> Symbol | None:
        """The symbol around the address."""
        return next((s for s in self._symbols if s.address <= address < s.address + s.size), None)

    def find_symbol(self, name: str) -> Symbol | None:
        """By name."""
        return next((s for s in self._symbols if s.name == name), None)

    def object_at(self, address: int) -> Symbol | None:
        """The same as `symbol`: this module does not tell them apart."""
        return self.symbol(address)

    def scopes(self, address: int) -> tuple[Scope, ...]:
        """The scopes of the range that contains the address."""
        return next((scopes for span, scopes in self._scopes.items() if address in span), ())

    def line(self, address: int) -> Line | None:
        """No lines here."""
        return None

    def directory(self, address: int) -> str | None:
        """Nowhere."""
        return None

    def globals(self, address: int) -> tuple[VariableInfo, ...]:
        """No globals here."""
        return ()

    def find_type(self, name: str) -> Type | None:
        """By name."""
        return self._types.get(name)

    def entry_values(self, address: int, outer_address: int) -> dict[int, object]:
        """The call site parameters given for the return address."""
        return self._parameters.get(outer_address, {})

    def call_target(self, outer_address: int) -> str | Expression | None:
        """Some function, by its name."""
        return "called" if outer_address in self._parameters else None

    def read(self, address: int, size: int) -> bytes | None:
        """No file."""
        return None


def process(
    memory: Mapping[int, bytes] | None = None,
    *,
    registers: Mapping[int, int] | None = None,
    modules: tuple[LoadedModule, ...] = (),
    mappings: tuple[MappedRange, ...] = (),
    signal: SignalInfo | None = None,
    machine: Machine = X86_64,
    special: dict[str, int] | None = None,
    vectors: dict[int, bytes] | None = None,
    auxv: Mapping[int, int] | None = None,
) -> ProcessImage:
    """A process of one thread."""
    thread = ThreadImage(tid=1, registers=dict(registers or {}), special=special or {}, vectors=vectors or {})
    return ProcessImage(
        machine=machine,
        memory=PieceMemory(memory or {}),
        threads=(thread,),
        mappings=mappings,
        modules=modules,
        signal=signal,
        auxv=auxv or {},
        process={"pid": 1},
    )


def loaded(file: DebugModule | None, start: int, end: int, *, bias: int = 0, path: str = "/usr/bin/fake") -> LoadedModule:
    """A module at an address."""
    return LoadedModule(path=path, start=start, end=end, bias=bias, build_id="ab" * 20, file=file)


def words(*values: int) -> bytes:
    """Little-endian 64-bit words."""
    return b"".join((value & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little") for value in values)
