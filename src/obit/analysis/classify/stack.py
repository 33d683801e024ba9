"""Stack overflow on any thread: the stack pointer ran off the low end of its stack."""

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.signals import SIGBUS, SIGSEGV
from obit.analysis.fingerprint.names import normal_name
from obit.analysis.fingerprint.recursion import dominant_cycle, members
from obit.image.process import MappedRange
from obit.snapshot.model import Confidence

_REACH = 1 << 20
"""Bytes below an unproven stack that a first access can hit: the guard (glibc: a page; the kernel below [stack]: 1 MiB)."""
_BELOW_SP = 512
"""A call, push or red-zone store lands less than this below the stack pointer."""


def stack_overflow(context: CrashContext) -> list[Finding]:
    """The faulting address is at the stack pointer, or in the innermost frame, and below the stack's mapping."""
    signal, access, sp = context.signal, context.access, context.sp
    if signal is None or signal.number not in (SIGSEGV, SIGBUS) or access.address is None or access.executes or sp is None:
        return []
    own = _own_stack(context, access.address)
    stack = own or _stack_above(context, access.address)
    if stack is None or not sp - _BELOW_SP <= access.address < stack.start:
        return []
    if own is None and not (access.address <= sp + _REACH and stack.start - _REACH <= access.address):
        return []
    confidence: Confidence | None = "certain" if own else _unproven(context, stack)
    return [Finding("stack-overflow", confidence, _text(context, stack, access.address), access.address)] if confidence else []


def _own_stack(context: CrashContext, address: int) -> MappedRange | None:
    """The writable mapping above an address that holds one of the thread's innermost frames."""
    for frame in context.stack.frames[:8]:
        mapping = context.image.mapping_at(frame.cfa - 1) if frame.cfa else None
        if mapping is not None and "w" in mapping.flags and mapping.start > address:
            return mapping
    return None


def _stack_above(context: CrashContext, address: int) -> MappedRange | None:
    """The first writable mapping above an address that is not writable itself."""
    here = context.image.mapping_at(address)
    if here is not None and "w" in here.flags:
        return None
    above = [mapping for mapping in context.image.mappings if mapping.start > address and "w" in mapping.flags]
    return min(above, key=lambda mapping: mapping.start, default=None)


def _unproven(context: CrashContext, stack: MappedRange) -> Confidence | None:
    """How sure it is that a mapping is a stack when no frame was found in it."""
    guard = context.image.mapping_at(stack.start - 1)
    return "likely" if stack.path == "[stack]" or (guard is not None and guard.flags.startswith("---")) else None


def _text(context: CrashContext, stack: MappedRange, address: int) -> str:
    size = stack.end - stack.start
    text = f"the stack of {size_text(size)} (0x{stack.start:x}-0x{stack.end:x}) is used up: 0x{address:x} is below it"
    recursion = recursion_text(context)
    return f"{text}; {recursion}" if recursion else text


def recursion_text(context: CrashContext) -> str | None:
    """`fib()` calls itself, 104,832 times; or the functions of a longer cycle in the order of calls; None without one."""
    names = [frame.function or frame.offset or frame.pc for frame in context.frames]
    cycle = dominant_cycle(names)
    if cycle is None:
        again = members(names)
        return f"{', '.join(map(_function_text, again[:6]))} call each other again and again" if len(again) > 1 else None
    # Frames that were left out are in the middle of the cycle, or there would be none before them.
    times = cycle.times + context.stack.omitted // cycle.period + _rounds_after(names, cycle.start, cycle.period, cycle.times)
    functions = [_function_text(name) for name in reversed(names[cycle.start : cycle.start + cycle.period])]
    about = "about " if context.stack.omitted else "at least " if context.stack.end == "no-memory" else ""
    if cycle.period == 1:
        return f"{functions[0]} calls itself, {about}{times:,} times"
    return f"{' → '.join([*functions, functions[0]])} goes round {about}{times:,} times"


def _function_text(name: str) -> str:
    """A function as text, without its arguments; an address as it is."""
    return name if name.startswith("0x") else f"`{normal_name(name)}()`"


def _rounds_after(names: list[str], start: int, period: int, times: int) -> int:
    """Rounds of the same cycle after those found first: inlining can break the order where frames were left out."""
    members = set(names[start : start + period])
    rest = names[start + period * times :]
    return sum(name in members for name in rest) // period


def size_text(size: int) -> str:
    """Bytes with a unit."""
    return f"{size / (1 << 20):.3g} MiB" if size >= 1 << 20 else f"{size / 1024:.3g} KiB"
