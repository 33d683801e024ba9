"""SIGFPE: integer division, and floating-point exceptions that were unmasked."""

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.signals import FPE_INTDIV, SIGFPE

_NAMES = dict(
    enumerate(
        (
            "an integer division",
            "an integer overflow",
            "a floating-point division by zero",
            "a floating-point overflow",
            "a floating-point underflow",
            "an inexact floating-point result",
            "an invalid floating-point operation",
        ),
        1,
    )
)
"""What FPE_INTDIV and its successors mean."""


def arithmetic(context: CrashContext) -> list[Finding]:
    """divide-by-zero when the divisor is zero; floating-point for every other arithmetic exception."""
    signal = context.signal
    if signal is None or signal.number != SIGFPE or (signal.code is not None and signal.code <= 0):
        return []
    divides = context.instruction is not None and context.instruction.operation in ("div", "idiv")
    if divides and signal.code in (FPE_INTDIV, None):
        return [_division(context)]
    if signal.code == FPE_INTDIV:
        return [Finding("divide-by-zero", "likely", "the processor reports an error in an integer division", signal.address)]
    name = _NAMES.get(signal.code or 0, "an arithmetic exception")
    by = f" by `{context.instruction.text}`" if context.instruction else ""
    return [Finding("floating-point", "certain" if signal.code in _NAMES else "likely", f"{name}{by} was not masked", signal.address)]


def _division(context: CrashContext) -> Finding:
    """div and idiv fault for a zero divisor and for a quotient that does not fit (Intel SDM volume 2, IDIV): the value tells."""
    text = f"`{context.instruction.text if context.instruction else ''}`"
    divisor = _divisor(context)
    if divisor is None:
        return Finding("divide-by-zero", "likely", f"{text} failed; its divisor is not known", context.pc)
    if divisor == 0:
        return Finding("divide-by-zero", "certain", f"the divisor of {text} is 0", context.pc)
    return Finding(
        "floating-point", "certain", f"the quotient of {text} does not fit (the smallest integer / -1): 0x{divisor:x}", context.pc
    )


def _divisor(context: CrashContext) -> int | None:
    operand = context.instruction.operands[0] if context.instruction and context.instruction.operands else None
    if operand is None:
        return None
    if operand.memory is None:
        return context.registers.operand(operand)
    address = context.registers.address(operand.memory)
    data = context.image.memory.read_some(address, operand.size) if address is not None else b""
    return int.from_bytes(data, "little") if len(data) == operand.size and data else None
