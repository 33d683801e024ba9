"""Variables of threads that wait at the same address: what is the same in all of them is worked out once.

At one address a variable has one type and one expression, whatever the thread. And what a place or a number shows as depends on nothing
but itself: a register that was passed down through five frames, or holds the same in 300 threads, is read and written out once.
"""

from collections.abc import Sequence
from typing import Protocol

from obit.analysis.variables.context import FrameContext
from obit.analysis.variables.locate import object_of, place, with_counts
from obit.analysis.variables.object import Unavailable
from obit.analysis.variables.values import Limits, ValueReader, unavailable
from obit.debuginfo.location import (
    Location,
    MemoryLocation,
    NotAvailable,
    RegisterLocation,
    ValueLocation,
    entry_register,
    evaluate,
)
from obit.debuginfo.scopes import Expression, VariableInfo
from obit.debuginfo.types import Type
from obit.image.process import ProcessImage
from obit.snapshot.model import Variable, VariableKind

Place = MemoryLocation | ValueLocation | int
"""What alone decides about what is shown; an int is what a register holds."""
Shown = dict[Place, Variable]


class Function(Protocol):
    """A function that is active at an address."""

    @property
    def variables(self) -> tuple[VariableInfo, ...]:
        """What it declares, as far as that is in scope."""
        ...


class Plan:
    """How one variable is read at one address. `fixed` is what it shows as in every thread, where nothing of a thread matters; `register`
    is where it is, when the expression is no more than that."""

    __slots__ = ("expression", "fixed", "info", "register", "shown", "type")

    def __init__(self, info: VariableInfo, type: Type, expression: Expression | None, fixed: Variable | None, shown: Shown | None) -> None:
        self.info = info
        self.type = type
        self.expression = expression
        self.fixed = fixed
        self.register = entry_register(expression) if expression and shown is not None else None
        self.shown = shown
        """By the place; None where the type depends on the frame too."""


class PlannedReader:
    """Reads the variables of one process's frames within `limits`."""

    def __init__(self, image: ProcessImage, limits: Limits) -> None:
        self._image = image
        self._values = ValueReader(image, limits)
        self._plans: dict[int, tuple[tuple[Plan, ...], ...]] = {}
        self._shown: dict[tuple[str, VariableKind, Type], Shown] = {}

    def variables(self, context: FrameContext, functions: Sequence[Function]) -> list[tuple[Variable, ...]]:
        """The variables of each of the functions at a frame's address, which are the same whenever the address is the same."""
        lookup = context.frame.lookup
        plans = self._plans.get(lookup)
        if plans is None:
            plans = self._plans[lookup] = tuple(tuple(self._plan(info, context) for info in function.variables) for function in functions)
        return [tuple([plan.fixed or self._read(plan, context) for plan in group]) for group in plans]

    def _plan(self, info: VariableInfo, context: FrameContext) -> Plan:
        type = info.type()
        expression = info.locate(context.address) if info.constant is None else None
        if with_counts(self._image, type, context) is not type:
            return Plan(info, type, expression, None, None)
        fixed = None if expression is not None and expression.ops else self._generic(info, context)
        return Plan(info, type, expression, fixed, self._shown.setdefault((info.name, info.kind, type), {}))

    def _generic(self, info: VariableInfo, context: FrameContext) -> Variable:
        try:
            return self._values.variable(info.name, info.kind, object_of(self._image, info, context))
        except Unavailable as why:
            return unavailable(info.name, info.kind, info.type().name, str(why))

    def _read(self, plan: Plan, context: FrameContext) -> Variable:
        info, expression, shown = plan.info, plan.expression, plan.shown
        if shown is None or expression is None:
            return self._generic(info, context)
        if plan.register is not None and (known := shown.get(context.frame.registers.get(plan.register, -1))):
            return known
        try:
            location = evaluate(expression, context)
            where = _deciding(location, context)
            known = shown.get(where) if where is not None else None
            if known is not None:
                return known
            found = self._values.variable(info.name, info.kind, place(self._image, plan.type, location, context))
        except (NotAvailable, Unavailable) as why:
            return unavailable(info.name, info.kind, plan.type.name, str(why))
        if where is not None:
            shown[where] = found
        return found


def _deciding(location: Location, context: FrameContext) -> Place | None:
    """None where more than the place decides: vector registers, pieces, pointers to what was optimized out."""
    if isinstance(location, RegisterLocation):
        return context.frame.registers.get(location.number)
    return location if isinstance(location, MemoryLocation | ValueLocation) else None
