"""The memory access that faulted: which operand of the instruction, at what address, for what.

The kernel's si_addr is checked against the operands. With SI_KERNEL there is none (a general protection fault has no address,
arch/x86/kernel/traps.c), so that the address is computed from the registers.
"""

import msgspec

from obit.analysis.classify import transfer
from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.operands import ResolvedUse, canonical
from obit.analysis.classify.signals import SI_KERNEL, SIGBUS, SIGFPE, SIGILL, SIGSEGV
from obit.analysis.classify.transfer import Transfer
from obit.debuginfo.disassemble import Instruction
from obit.snapshot.model import Access, AccessKind, hex_address

NEAR_NULL = 0x10000
"""vm.mmap_min_addr's default: nothing is ever mapped below."""


class FaultAccess(msgspec.Struct, frozen=True):
    """What the thread was refused. `address` is None when nobody knows it. `use` is the operand, `transfer` the jump of an access
    that fetched code. `agrees` is False when si_addr is not among the instruction's accesses (bad hardware, or a fault in the kernel)."""

    kind: AccessKind
    address: int | None = None
    use: ResolvedUse | None = None
    transfer: Transfer | None = None
    agrees: bool = True
    recomputed: bool = False

    @property
    def executes(self) -> bool:
        """Whether code was to be fetched."""
        return self.kind in ("execute", "call", "return", "branch")

    @property
    def writes(self) -> bool:
        """Whether memory was to be written. A read-modify-write counts: the processor asks for the right to write at once."""
        return self.use is not None and self.use.use.write

    @property
    def near_null(self) -> bool:
        """Whether the address is in the first 64 KiB."""
        return self.address is not None and self.address < NEAR_NULL


NO_ACCESS = FaultAccess("none")


def faulting_access(context: CrashContext) -> FaultAccess:
    """The access of a SIGSEGV or SIGBUS that the processor raised; `NO_ACCESS` for any other signal."""
    signal = context.signal
    if signal is None or signal.number not in (SIGSEGV, SIGBUS) or (signal.code is not None and signal.code <= 0):
        return NO_ACCESS
    if _fetch_failed(context, signal.address):
        found = transfer.arrival(context)
        return FaultAccess(found.kind if found else "execute", signal.address if signal.address is not None else context.pc, transfer=found)
    if signal.address is None:
        return _recomputed(context)
    return _matched(context, signal.address)


def document_access(context: CrashContext, access: FaultAccess) -> Access:
    """The access as the document has it."""
    operand = context.registers.described(access.use.use.operand) if access.use else access.transfer.operand if access.transfer else None
    site = access.transfer.site if access.transfer and access.transfer.site else _blamed(context, access)
    return Access(
        kind=access.kind,
        address=None if access.address is None else hex_address(access.address),
        operand=operand,
        instruction=site.text if site else None,
    )


def _blamed(context: CrashContext, access: FaultAccess) -> Instruction | None:
    """The instruction that faulted: of a signal that was sent, or of code that could not be fetched, there is none."""
    signal = context.signal
    if signal is None or signal.number not in (SIGSEGV, SIGBUS, SIGILL, SIGFPE) or (signal.code is not None and signal.code <= 0):
        return None
    return None if access.executes else context.instruction


def _fetch_failed(context: CrashContext, address: int | None) -> bool:
    """Whether the instruction itself could not be fetched (it may reach into a second page)."""
    pc = context.pc
    if pc is None:
        return False
    if address is None:
        return not context.executable(pc) and context.instruction is None
    if address == pc:
        return not any(use.covers(address) for use in context.uses) or not context.executable(pc)
    return context.instruction is None and 0 < address - pc < 16 and not context.executable(address)


def _matched(context: CrashContext, address: int) -> FaultAccess:
    for use in context.uses:
        if use.covers(address):
            return _of(use, address)
    if len(context.uses) == 1:
        return msgspec.structs.replace(_of(context.uses[0], address), agrees=context.uses[0].address is None)
    return FaultAccess("none", address, agrees=context.instruction is None)


def _recomputed(context: CrashContext) -> FaultAccess:
    """No si_addr: the use that cannot succeed."""
    machine = context.image.machine
    for use in context.uses:
        if use.address is not None and not canonical(machine, use.address):
            return _of(use, use.address, recomputed=True)
    leaving = transfer.departure(context)
    if leaving is not None and not canonical(machine, leaving.target):
        return FaultAccess(leaving.kind, leaving.target, transfer=leaving, recomputed=True)
    general_protection = context.signal is not None and context.signal.code == SI_KERNEL
    for use in context.uses:
        if use.address is not None and (general_protection or not _allowed(context, use)):
            return _of(use, use.address, recomputed=True)
    return NO_ACCESS


def _allowed(context: CrashContext, use: ResolvedUse) -> bool:
    mapping = context.image.mapping_at(use.address or 0)
    if mapping is None:
        return not context.image.mappings
    return "?" in mapping.flags or ("w" if use.use.write else "r") in mapping.flags


def _of(use: ResolvedUse, address: int, *, recomputed: bool = False) -> FaultAccess:
    kind: AccessKind = "stack" if use.use.stack else "write" if use.use.write else "read"
    return FaultAccess(kind, address, use=use, recomputed=recomputed)
