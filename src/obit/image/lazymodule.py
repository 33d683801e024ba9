"""A `DebugModule` that is opened at the first question: most modules of a process are never asked one."""

from collections.abc import Callable

from obit.debuginfo.cfirow import CfiRow
from obit.debuginfo.module import DebugModule
from obit.debuginfo.scopes import Expression, Line, Scope, Symbol, VariableInfo
from obit.debuginfo.types import Type
from obit.snapshot.model import DebugLevel

Opened = tuple[DebugModule | None, tuple[str, str | None] | None]
"""A module, or None; and (why, fix) for what is to be said of either."""


class LazyModule:
    """Opens what it stands for once. When there is nothing to open, every answer is "nothing", and `notes` says why."""

    __slots__ = ("_module", "_open", "_opened", "build_id", "notes", "path")

    def __init__(self, path: str, build_id: str | None, opener: Callable[[], Opened]) -> None:
        self.path = path
        self.build_id = build_id
        self.notes: list[tuple[str, str, str | None]] = []
        self._open = opener
        self._opened = False
        self._module: DebugModule | None = None

    @property
    def module(self) -> DebugModule | None:
        """The module itself; None when no file matched."""
        if not self._opened:
            self._opened = True
            self._module, remark = self._open()
            if self._module is not None:
                self.notes = self._module.notes
            if remark is not None:
                self.notes.append((self.path, *remark))
        return self._module

    @property
    def level(self) -> DebugLevel:
        """See `DebugModule`, also for all that follows."""
        return self.module.level if self.module else "none"

    def cfi(self, address: int) -> CfiRow | None:
        """The CFI row that covers an address."""
        return self.module.cfi(address) if self.module else None

    def symbol(self, address: int) -> Symbol | None:
        """The function symbol of an address."""
        return self.module.symbol(address) if self.module else None

    def find_symbol(self, name: str) -> Symbol | None:
        """A symbol by name."""
        return self.module.find_symbol(name) if self.module else None

    def object_at(self, address: int) -> Symbol | None:
        """The data symbol of an address."""
        return self.module.object_at(address) if self.module else None

    def scopes(self, address: int) -> tuple[Scope, ...]:
        """The functions active at an address."""
        return self.module.scopes(address) if self.module else ()

    def line(self, address: int) -> Line | None:
        """Source position of an address."""
        return self.module.line(address) if self.module else None

    def directory(self, address: int) -> str | None:
        """Where the unit of an address was compiled."""
        return self.module.directory(address) if self.module else None

    def globals(self, address: int) -> tuple[VariableInfo, ...]:
        """File-level variables of an address's unit."""
        return self.module.globals(address) if self.module else ()

    def find_type(self, name: str) -> Type | None:
        """A type by qualified name."""
        return self.module.find_type(name) if self.module else None

    def entry_values(self, address: int, outer_address: int) -> dict[int, object]:
        """What a caller passed in registers."""
        return self.module.entry_values(address, outer_address) if self.module else {}

    def call_target(self, outer_address: int) -> str | Expression | None:
        """Who a call site calls."""
        return self.module.call_target(outer_address) if self.module else None

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes of a read-only segment."""
        return self.module.read(address, size) if self.module else None
