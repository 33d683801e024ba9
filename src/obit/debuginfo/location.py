"""Where a variable is: evaluation of DWARF location expressions, versions 2 to 5 and GNU's extensions.

Pure: registers, memory and the rest come from a `Context`. The common expressions are answered here; `evaluator` runs the rest.
"""

from obit.debuginfo import opcodes as op
from obit.debuginfo.evaluator import Run
from obit.debuginfo.places import Context, ImplicitPointer, Location, MemoryLocation, Piece, Pieces, Place, RegisterLocation, ValueLocation
from obit.debuginfo.scopes import Expression, Op
from obit.debuginfo.stackvalue import NotAvailable


def evaluate(expression: Expression, context: Context) -> Location:
    """Where the described object is. `NotAvailable` says why it is nowhere; an empty expression is "optimized out"."""
    ops = expression.ops
    if len(ops) == 1:
        simple = _simple(ops[0], context)
        if simple is not None:
            return simple
    elif len(ops) == 2 and ops[1][0] == op.STACK_VALUE:
        value = _simple_value(expression, context)
        if value is not None:
            return value
    run = Run(context, [])
    run.expression(expression, 0)
    return run.location()


def evaluate_cfi(expression: Expression, initial_stack: tuple[int, ...], context: Context) -> int:
    """The number that an expression of call frame information computes: a CFA (empty `initial_stack`), or an address or value of a
    register (the CFA on the stack). Only `register`, `read` and `cfa` of the context are of use to such an expression."""
    run = Run(context, list(initial_stack))
    run.expression(expression, 0)
    place = run.location()
    if isinstance(place, MemoryLocation):
        return place.address
    if isinstance(place, ValueLocation) and isinstance(place.value, int):
        return place.value
    raise NotAvailable("the call frame expression gives no number")


def frame_base_address(expression: Expression, context: Context) -> int:
    """Value of a DW_AT_frame_base: an address, or the content of the register it names (clang: rbp)."""
    place = evaluate(expression, context)
    if isinstance(place, RegisterLocation):
        return context.register(place.number)
    if isinstance(place, MemoryLocation):
        return place.address
    if isinstance(place, ValueLocation) and isinstance(place.value, int):
        return place.value
    raise NotAvailable("the frame base is no address")


def entry_register(expression: Expression) -> int | None:
    """The register that an entry value's inner expression names, when it is just one."""
    if len(expression.ops) != 1:
        return None
    atom, number, _, _ = expression.ops[0]
    if op.REG0 <= atom < op.BREG0:
        return atom - op.REG0
    return number if atom == op.REGX else None


def _simple(operation: Op, context: Context) -> Location | None:
    """The expressions of one operation that most variables have, without the interpreter."""
    atom, number, _, _ = operation
    if atom == op.FBREG:
        return MemoryLocation((context.frame_base() + number) & _mask(context))
    if op.REG0 <= atom < op.BREG0:
        return RegisterLocation(atom - op.REG0)
    if op.BREG0 <= atom < op.REGX:
        return MemoryLocation((context.register(atom - op.BREG0) + number) & _mask(context))
    if atom == op.ADDR:
        return MemoryLocation((number + context.bias) & _mask(context))
    if atom == op.CALL_FRAME_CFA:
        return MemoryLocation(context.cfa())
    return None


def _simple_value(expression: Expression, context: Context) -> Location | None:
    """What optimized code has most: a value that the caller passed, or a register and an offset."""
    atom, number, _, _ = expression.ops[0]
    if atom in (op.ENTRY_VALUE, op.GNU_ENTRY_VALUE):
        inner = expression.blocks.get(0)
        known = context.entry_value(inner) if isinstance(inner, Expression) else None
        return ValueLocation(known & _mask(context)) if isinstance(known, int) else None
    if op.BREG0 <= atom < op.REGX:
        return ValueLocation((context.register(atom - op.BREG0) + number) & _mask(context))
    return None


def _mask(context: Context) -> int:
    return (1 << 8 * context.machine.pointer_size) - 1


__all__ = [
    "Context",
    "ImplicitPointer",
    "Location",
    "MemoryLocation",
    "NotAvailable",
    "Piece",
    "Pieces",
    "Place",
    "RegisterLocation",
    "ValueLocation",
    "entry_register",
    "evaluate",
    "evaluate_cfi",
    "frame_base_address",
]
