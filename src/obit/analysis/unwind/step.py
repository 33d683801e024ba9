"""What every way of finding a caller shares: the result, the end, and the walk's caches."""

import msgspec

from obit.debuginfo.cfirow import CfiRow
from obit.image.process import LoadedModule, MemoryAbsent, ProcessImage

AARCH64_ADDRESS = (1 << 48) - 1


class Caller(msgspec.Struct, frozen=True):
    """`pc` and `registers` of the caller; `cfa` and `signal_frame` are of the frame that was stepped from."""

    pc: int
    registers: dict[int, int]
    cfa: int | None = None
    signal_frame: bool = False


class StackEnd(Exception):
    """The stack ends here. `why` is one of `Stack.end`; `cfa` is the last frame's when known."""

    def __init__(self, why: str, cfa: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.cfa = cfa


class Walk:
    """One process being unwound: modules and CFI rows by address, remembered over threads."""

    def __init__(self, image: ProcessImage) -> None:
        self.image = image
        self._signed = image.machine.name == "aarch64"
        self._rows: dict[int, CfiRow | None] = {}
        self._modules: dict[int, LoadedModule | None] = {}

    def module_at(self, address: int) -> LoadedModule | None:
        """`image.module_at`, remembered."""
        try:
            return self._modules[address]
        except KeyError:
            module = self._modules[address] = self.image.module_at(address)
            return module

    def row(self, lookup: int) -> CfiRow | None:
        """The CFI row of a runtime address, or None."""
        try:
            return self._rows[lookup]
        except KeyError:
            module = self.module_at(lookup)
            file = module.file if module else None
            row = file.cfi(lookup - module.bias) if module and file else None
            self._rows[lookup] = row
            return row

    def word(self, address: int) -> int | None:
        """The pointer-sized word at an address, None when absent."""
        try:
            return self.image.memory.u64(address & 0xFFFFFFFFFFFFFFFF)
        except MemoryAbsent:
            return None

    def code_address(self, word: int) -> int:
        """A return address as it was before it was signed: aarch64's may carry an authentication code above bit 47 (Arm ARM D8.8)."""
        return word & AARCH64_ADDRESS if self._signed else word

    def executable(self, address: int) -> bool:
        """Whether an address can hold code: in a mapping with x, or in a module where mappings are not known."""
        mapping = self.image.mapping_at(address)
        if mapping is None:
            return self.module_at(address) is not None
        return "x" in mapping.flags or ("?" in mapping.flags and self.module_at(address) is not None)
