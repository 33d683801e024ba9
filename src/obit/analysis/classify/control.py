"""Control that left the code: calls, jumps and returns to where no code is."""

from obit.analysis.classify.access import FaultAccess
from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.memory import address_text
from obit.analysis.classify.operands import canonical

_VERBS = {"call": "a call", "branch": "a jump", "return": "a return", "execute": "the program counter"}


def bad_return(context: CrashContext) -> list[Finding]:
    """`ret` took an address from the stack that is no code: the stack was overwritten."""
    access = context.access
    if access.kind != "return" or access.address is None:
        return []
    text = f"a return went to {address_text(access.address)} ({_place(context, access)}): the return address on the stack was overwritten"
    return [Finding("bad-return", "certain" if access.transfer else "likely", text, access.address)]


def wild_jump(context: CrashContext) -> list[Finding]:
    """A call or jump through a pointer that is no code; also when it is not known how control came there."""
    access = context.access
    if access.kind not in ("call", "branch", "execute") or access.address is None:
        return []
    by = f" through {access.transfer.operand}" if access.transfer and access.transfer.operand else ""
    site = access.transfer.site if access.transfer else None
    at = f" at {_where(context, site.address)}" if site else ""
    text = f"{_VERBS[access.kind]} went to {address_text(access.address)} ({_place(context, access)}){by}{at}"
    return [Finding("wild-jump", "certain", text, access.address)]


def execute(context: CrashContext) -> list[Finding]:
    """memory.execute, and stack-execution where the pc is in a stack."""
    access = context.access
    if not access.executes or access.address is None or not canonical(context.image.machine, access.address):
        return []
    place = _place(context, access)
    found = [Finding("memory.execute", "certain", f"code was to be fetched from {address_text(access.address)}, {place}", access.address)]
    if _in_stack(context, access.address):
        found.append(Finding("stack-execution", "certain", f"the program counter 0x{access.address:x} is in a stack", access.address))
    return found


def _place(context: CrashContext, access: FaultAccess) -> str:
    address = access.address or 0
    return context.place(address) if canonical(context.image.machine, address) else "not an address that can exist"


def _where(context: CrashContext, address: int) -> str:
    name = context.function(address)
    return f"0x{address:x}" + (f" in {name}()" if name else "")


def _in_stack(context: CrashContext, address: int) -> bool:
    mapping = context.image.mapping_at(address)
    if mapping is None or context.sp is None:
        return False
    return mapping.path == "[stack]" or mapping.start <= context.sp < mapping.end
