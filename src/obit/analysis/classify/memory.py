"""Accesses to memory that is not there, or not for that: null, read, write, non-canonical addresses."""

from obit.analysis.classify.access import NEAR_NULL, FaultAccess
from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.operands import canonical
from obit.analysis.classify.signals import SEGV_ACCERR, SEGV_PKUERR, SIGSEGV


def null(context: CrashContext) -> list[Finding]:
    """An address in the first 64 KiB; or far from a null base, when the instruction shows the base."""
    access = context.access
    address = access.address
    if address is None or not _segmentation_fault(context) or (access.recomputed and not access.near_null):
        return []
    if access.near_null:
        text = f"the address is {null_text(address)}{_through(context, access)}"
        return [Finding("null", "certain" if access.agrees else "likely", text, address)]
    if _base_is_null(context, access):
        return [Finding("null", "likely", f"the base of the address is null{_through(context, access)}", address)]
    return []


def access_kind(context: CrashContext) -> list[Finding]:
    """memory.read, memory.write: what the instruction wanted, and what is at the address."""
    access = context.access
    if access.use is None or access.address is None or not _segmentation_fault(context):
        return []
    if not canonical(context.image.machine, access.address):
        return []
    classifier = "memory.write" if access.writes else "memory.read"
    verb = "writes" if access.writes else "reads"
    size = f"{access.use.use.size} bytes" if access.use.use.size > 1 else "1 byte" if access.use.use.size else "memory"
    instruction = context.instruction.text if context.instruction else "the instruction"
    text = f"`{instruction}` {verb} {size} at {address_text(access.address)}, {_why_refused(context, access)}"
    if not access.agrees:
        return [Finding(classifier, "likely", f"{text}; but the kernel's address is not among the instruction's accesses", access.address)]
    return [Finding(classifier, "certain", text, access.address)]


def non_canonical(context: CrashContext) -> list[Finding]:
    """An address that no page table can map: the processor faults without saying which."""
    access = context.access
    if access.address is None or canonical(context.image.machine, access.address):
        return []
    where = _through(context, access)
    found = [Finding("non-canonical", "certain", f"0x{access.address:x} is no address that can exist{where}", access.address)]
    if access.use is not None:
        classifier = "memory.write" if access.writes else "memory.read"
        why = "the core does not have it" if context.signal and context.signal.code is None else "the kernel gives no address for it"
        text = f"recomputed from the registers, because {why}"
        found.append(Finding(classifier, "certain", text, access.address))
    return found


def unknown_access(context: CrashContext) -> list[Finding]:
    """A SIGSEGV about which nothing better can be said."""
    signal, access = context.signal, context.access
    if signal is None or signal.number != SIGSEGV or access.use or access.executes or (signal.code is not None and signal.code <= 0):
        return []
    if access.address is None:
        return []
    why = f"`{context.instruction.text}` uses no such address" if context.instruction else _unread(context)
    text = f"an access to {address_text(access.address)} failed ({context.place(access.address)}); the instruction does not say more: {why}"
    return [Finding("invalid-pointer", "hint" if access.near_null else "likely", text, access.address)]


def _unread(context: CrashContext) -> str:
    """Why there is no instruction to look at."""
    code = context.code(context.pc or 0, 8)
    return f"the bytes {code.hex(' ')} are none that the disassembler knows" if code else "its bytes are absent"


def address_text(address: int) -> str:
    """An address as a person says it."""
    return null_text(address) if address < NEAR_NULL else f"0x{address:x}"


def null_text(address: int) -> str:
    """`null`, `null + 0x18`."""
    return f"null + 0x{address:x}" if address else "null"


def _segmentation_fault(context: CrashContext) -> bool:
    return context.signal is not None and context.signal.number == SIGSEGV


def _through(context: CrashContext, access: FaultAccess) -> str:
    if access.use is not None and (access.use.use.operand.base or access.use.use.operand.index):
        return f", by {context.registers.described(access.use.use.operand)}"
    if access.transfer is not None and access.transfer.operand:
        return f", by {access.transfer.operand}"
    return ""


def _why_refused(context: CrashContext, access: FaultAccess) -> str:
    signal = context.signal
    place = context.place(access.address or 0)
    if signal is not None and signal.code == SEGV_PKUERR:
        return f"which is {place} and closed by a memory protection key"
    if signal is not None and signal.code == SEGV_ACCERR:
        return f"which is {place} and may not be {'written' if access.writes else 'read'}"
    return f"which is {place}"


def _base_is_null(context: CrashContext, access: FaultAccess) -> bool:
    """`p[i]` with p null. An index of scale 1 may be the pointer itself: that says nothing."""
    use = access.use
    if use is None or use.use.operand.base is None or use.use.operand.segment:
        return False
    operand = use.use.operand
    if operand.base is None or (operand.index is not None and operand.scale == 1):
        return False
    return context.registers.value(operand.base) == 0 and context.image.mapping_at(access.address or 0) is None
