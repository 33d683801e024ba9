"""What a location expression may ask of one frame: registers, memory, CFA, frame base, thread-local storage, entry values."""

from collections.abc import Mapping

from obit.analysis.contexts import MemoryContext
from obit.analysis.unwind.stack import UnwoundFrame
from obit.analysis.variables.object import Unavailable
from obit.analysis.variables.tls import tls_address
from obit.debuginfo.location import (
    MemoryLocation,
    NotAvailable,
    RegisterLocation,
    ValueLocation,
    entry_register,
    evaluate,
    frame_base_address,
)
from obit.debuginfo.scopes import Expression, Scope, VariableInfo
from obit.image.process import LoadedModule, ProcessImage, ThreadImage

UNKNOWN_ENTRY = "optimized out: the caller does not say what it passed"
DEEPEST_VARIABLES = 8
LONGEST_ENTRY_CHAIN = 32
"""Callers asked one after the other for what each passed on: a deep recursion would exhaust Python's own stack."""


class FrameContext(MemoryContext):
    """`caller` is the next outer machine frame's context, for entry values; None at the end of the stack."""

    def __init__(
        self, image: ProcessImage, thread: ThreadImage, frame: UnwoundFrame, scope: Scope | None, caller: "FrameContext | None"
    ) -> None:
        super().__init__(image)
        self.bias = frame.module.bias if frame.module else 0
        self.thread = thread
        self.frame = frame
        self.scope = scope
        self.caller = caller
        self._base: int | None = None
        self.entry_chain = 0
        self._nesting = 0
        self.passed: dict[int, int | bytes | NotAvailable] = {}
        """What the callee's registers held at its entry, as far as it was asked for."""

    @property
    def module(self) -> LoadedModule:
        """The frame's module."""
        if self.frame.module is None:
            raise NotAvailable("the frame is in no module")
        return self.frame.module

    @property
    def address(self) -> int:
        """The file address that location lists are asked for."""
        return self.frame.lookup - self.module.bias

    def register(self, number: int) -> int:
        """A register of this frame."""
        try:
            return self.frame.registers[number]
        except KeyError:
            raise NotAvailable(self._lost(number)) from None

    def register_bytes(self, number: int, size: int) -> bytes:
        """The low bytes of any register of this frame."""
        if number in self.frame.registers:
            return self.frame.registers[number].to_bytes(8, "little").ljust(size, b"\0")[:size]
        # Vector registers are caller-saved: their values hold in the innermost frame only.
        data = self.thread.vectors.get(number) if self.frame.trust == "context" else None
        if data is None:
            raise NotAvailable(self._lost(number))
        return data.ljust(size, b"\0")[:size]

    def _lost(self, number: int) -> str:
        names = self.machine.registers
        return f"optimized out: {names[number] if number < len(names) else f'register {number}'} was not preserved"

    def cfa(self) -> int:
        """The canonical frame address."""
        if self.frame.cfa is None:
            raise NotAvailable("the canonical frame address is not known")
        return self.frame.cfa

    def frame_base(self) -> int:
        """DW_AT_frame_base of the function, evaluated once."""
        if self._base is None:
            expression = self.scope.frame_base(self.address) if self.scope else None
            if expression is None:
                raise NotAvailable("the frame base is not known")
            self._base = frame_base_address(expression, self)
        return self._base

    def tls_address(self, offset: int) -> int:
        """This thread's copy of a variable of the frame's module."""
        address = tls_address(self.image, self.thread, self.module, offset)
        if address is None:
            raise NotAvailable("this thread has no copy of the variable (yet), or it was not captured")
        return address

    def entry_value(self, expression: Expression) -> int | bytes:
        """What a register held when the function was entered: from the caller's call site parameters (DWARF 5 section 3.4.2)."""
        register = entry_register(expression)
        if register is None:
            raise NotAvailable(UNKNOWN_ENTRY)
        return self._passed(register)

    def parameter_value(self, variable: VariableInfo) -> int | bytes:
        """What the caller would have passed for a parameter that GCC took away."""
        return self._passed(variable.source)

    def variable_value(self, variable: VariableInfo) -> int:
        """The integer that another variable of this frame holds."""
        from obit.analysis.variables.locate import object_of  # it works on this class

        if self._nesting >= DEEPEST_VARIABLES:
            raise NotAvailable("optimized out: variables that need each other")
        self._nesting += 1
        try:
            return object_of(self.image, variable, self).integer()
        except Unavailable as why:
            raise NotAvailable(str(why)) from None
        finally:
            self._nesting -= 1

    def _passed(self, register: int) -> int | bytes:
        """What the caller passed in a register, or for the parameter of a DIE."""
        caller = self.caller
        if caller is None:
            raise NotAvailable(UNKNOWN_ENTRY)
        known = caller.passed.get(register)
        if known is None:
            if self.entry_chain >= LONGEST_ENTRY_CHAIN:
                raise NotAvailable("optimized out: passed on through too many callers")
            caller.entry_chain = self.entry_chain + 1
            try:
                known = caller.pass_on(self, register)
            except NotAvailable as why:
                known = why
            finally:
                caller.entry_chain = 0
            caller.passed[register] = known
        if isinstance(known, NotAvailable):
            raise NotAvailable(str(known))
        return known

    def pass_on(self, callee: "FrameContext", register: int) -> int | bytes:
        """What this frame put into a register for its call of `callee`."""
        found = self.parameters(callee).get(register)
        if not isinstance(found, Expression):
            raise NotAvailable(UNKNOWN_ENTRY)
        location = evaluate(found, self)
        if isinstance(location, ValueLocation):
            return location.value
        if isinstance(location, MemoryLocation):
            return location.address
        if isinstance(location, RegisterLocation):
            return self.register(location.number)
        raise NotAvailable(UNKNOWN_ENTRY)

    def parameters(self, callee: "FrameContext") -> Mapping[int, object]:
        """The call site parameters of the call that this frame is in; none when it called another function than `callee`."""
        file = self.module.file
        if file is None or self.frame.trust == "context":
            return {}
        back = self.frame.pc - self.module.bias
        if not self._called(callee, file.call_target(back)):
            return {}
        return file.entry_values(callee.address if callee.frame.module is self.frame.module else back, back)

    def _called(self, callee: "FrameContext", target: str | Expression | None) -> bool:
        """Whether the call can have been of the function that `callee` is in: a tail call puts another into its place, and what was passed
        to the first is nothing to the second. A function of the same module that is called by name is checked by `entry_values`."""
        same = callee.frame.module is self.frame.module
        if target is None or callee.scope is None:
            return same and isinstance(target, str)
        if isinstance(target, str):
            return same or callee.is_called(target)
        try:
            place = evaluate(target, self)
        except NotAvailable:
            return False
        address = place.value if isinstance(place, ValueLocation) else place.address if isinstance(place, MemoryLocation) else None
        return address == callee.scope.low + callee.module.bias

    def is_called(self, name: str) -> bool:
        """Whether a name of a function that another module calls is this frame's."""
        scope, file = self.scope, self.module.file
        if scope is None or file is None:
            return False
        symbol = file.find_symbol(name)
        return name in (scope.linkage_name, scope.name) or (symbol is not None and symbol.address == scope.low)
