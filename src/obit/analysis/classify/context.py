"""What the rules look at: one crashed thread of a process, and what follows from it, worked out once and on demand."""

from functools import cached_property
from typing import TYPE_CHECKING

from obit.analysis.classify.operands import Registers, ResolvedUse, resolve
from obit.analysis.unwind.stack import Stack
from obit.debuginfo.disassemble import LONGEST, Instruction, decode
from obit.image.process import MappedRange, ProcessImage, SignalInfo, ThreadImage
from obit.snapshot.model import Frame

if TYPE_CHECKING:
    from obit.analysis.classify.access import FaultAccess


class CrashContext:
    """`stack` and `frames` are those of the crashed thread (`image.threads[0]`): machine frames, and the document's."""

    def __init__(self, image: ProcessImage, stack: Stack, frames: tuple[Frame, ...]) -> None:
        self.image = image
        self.stack = stack
        self.frames = frames

    @property
    def signal(self) -> SignalInfo | None:
        """The fatal signal; None for a snapshot of a sound process."""
        return self.image.signal

    @cached_property
    def thread(self) -> ThreadImage:
        """The thread that crashed; without registers when the image has no thread."""
        return self.image.threads[0] if self.image.threads else ThreadImage(tid=0, registers={})

    @property
    def pc(self) -> int | None:
        """Where the thread stopped."""
        return self.thread.registers.get(self.image.machine.pc)

    @property
    def sp(self) -> int | None:
        """Its stack pointer."""
        return self.thread.registers.get(self.image.machine.sp)

    @cached_property
    def instruction(self) -> Instruction | None:
        """The instruction at the pc; None when its bytes are absent or none."""
        return None if self.pc is None else self.instruction_at(self.pc)

    @cached_property
    def registers(self) -> Registers:
        """The thread's registers as the instruction at the pc reads them."""
        next_pc = self.instruction.end if self.instruction else self.pc or 0
        return Registers(self.image.machine, self.thread, next_pc)

    @cached_property
    def uses(self) -> tuple[ResolvedUse, ...]:
        """Every memory use of the instruction at the pc."""
        if self.instruction is None:
            return ()
        return resolve(self.image.machine, self.thread, self.instruction)

    @cached_property
    def access(self) -> "FaultAccess":
        """The memory access that faulted."""
        from obit.analysis.classify.access import faulting_access  # it works on this class

        return faulting_access(self)

    def code(self, address: int, size: int) -> bytes:
        """Bytes of code from the process, else from the module's file; fewer where they end."""
        data = self.image.memory.read_some(address, size)
        module = None if data else self.image.module_at(address)
        if module is not None and module.file is not None:
            data = module.file.read(address - module.bias, size) or b""
        return data

    def instruction_at(self, address: int) -> Instruction | None:
        """One decoded instruction."""
        return decode(self.image.machine, self.code(address, LONGEST), address)

    def word(self, address: int) -> int | None:
        """A pointer-sized word; None when it is absent."""
        data = self.image.memory.read_some(address, 8)
        return int.from_bytes(data, "little") if len(data) == 8 else None

    def executable(self, address: int) -> bool:
        """Whether the process could run code there. A module's segment counts when no mapping tells."""
        mapping = self.image.mapping_at(address)
        if mapping is not None and "?" not in mapping.flags:
            return "x" in mapping.flags
        return self.image.module_at(address) is not None

    def place(self, address: int) -> str:
        """An address in words: `not mapped`, `in the stack`, `in libc.so.6 (r-x)`."""
        mapping = self.image.mapping_at(address)
        if mapping is not None:
            return described(mapping)
        return "not mapped" if self.image.mappings else "in no mapping that is known"

    def function(self, address: int) -> str | None:
        """Name of the function at an address, by symbol."""
        module = self.image.module_at(address)
        symbol = module.file.symbol(address - module.bias) if module and module.file else None
        if symbol is None:
            return None
        from obit.debuginfo.demangle import demangle

        return demangle(symbol.name)


def described(mapping: MappedRange) -> str:
    """A mapping in words."""
    granted = mapping.flags[:3]
    if granted == "---":
        return "in a mapping without any access (a guard)"
    name = mapping.path.rpartition("/")[2] if mapping.path else "anonymous memory"
    return f"in {name}" + ("" if "?" in granted else f" ({granted})")
