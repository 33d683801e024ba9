"""Which variable held the pointer that a fault came through."""

from collections.abc import Sequence

from obit.analysis.classify import naming
from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.origin import origin
from obit.debuginfo.disassemble import Register
from obit.snapshot.model import Frame


def bad_pointer(context: CrashContext, frame: Frame | None) -> tuple[str | None, int]:
    """The expression for the pointer, as `frame` would write it, and its value. The register that the instruction used is followed back
    to the variable; failing that, a pointer with its value that the source line dereferences. In a caller of the faulting function
    (a library's, say) the pointer is one with the value of the address."""
    access = context.access
    base = access.use.use.operand.base if access.use else None
    if base is not None and _innermost(context, frame) and base.number not in (context.image.machine.sp, context.image.machine.pc):
        value = context.registers.value(base)
        if value is not None:
            return _by_register(context, frame, base, value), value
    value = access.address or 0
    name = _by_value(together(context, frame), value)
    if name is None and access.near_null and frame is not None:
        # A member function called through a null pointer faults at a member's offset from it.
        name, value = naming.dereferenced_null(together(context, frame)), 0
    return name, value


def together(context: CrashContext, frame: Frame | None) -> Sequence[Frame]:
    """The frames that share a machine frame with `frame` (None: the innermost): from it to the function that it is inlined into."""
    frames = context.frames
    start = next((index for index, each in enumerate(frames) if each is frame), 0)
    end = start
    while end < len(frames) - 1 and frames[end].inlined:
        end += 1
    return frames[start : end + 1]


def _innermost(context: CrashContext, frame: Frame | None) -> bool:
    return any(frame is each for each in together(context, None))


def _by_register(context: CrashContext, frame: Frame | None, base: Register, value: int) -> str | None:
    frames = together(context, frame)
    source = origin(context, base)
    name = naming.at_address(frames, source.address, source.value) if source else None
    return name or (_global(context, source.address) if source else None) or _by_value(frames, value)


def bad_function(context: CrashContext, frame: Frame) -> str | None:
    """The expression for the function pointer that `frame` called or jumped through."""
    access = context.access
    slot = access.transfer.slot if access.transfer else None
    frames, target = together(context, frame), access.address or 0
    name = naming.at_address(frames, slot, target) or _global(context, slot) if slot is not None else None
    return name or naming.by_value(frames, target)


def _global(context: CrashContext, address: int) -> str | None:
    """The variable with static storage that begins at an address."""
    module = context.image.module_at(address)
    symbol = module.file.object_at(address - module.bias) if module and module.file else None
    if module is None or symbol is None or symbol.address + module.bias != address:
        return None
    from obit.debuginfo.demangle import demangle

    return demangle(symbol.name)


def _by_value(frames: Sequence[Frame], value: int) -> str | None:
    return naming.by_value(frames, value) or naming.null_reference(frames, value)
