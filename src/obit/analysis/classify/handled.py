"""The fault behind a signal handler: many programs catch SIGSEGV, report it in their own way, and then raise it again or abort.

What ended the process is then the handler's last word; what went wrong lies under the signal frame, with the registers that the
kernel saved there. Layouts: struct rt_sigframe of linux/arch/x86/include/asm/sigframe.h and arch/arm64/kernel/signal.c, struct
sigcontext of their uapi/asm/sigcontext.h.
"""

import struct

import msgspec

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.signals import (
    SI_KERNEL,
    SIGABRT,
    SIGBUS,
    SIGFPE,
    SIGILL,
    SIGSEGV,
    SIGSYS,
    SIGTRAP,
    signal_name,
)
from obit.analysis.unwind.stack import Stack
from obit.debuginfo.machine import X86_64
from obit.image.process import SignalInfo

_FAULTS = (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS)
_X86_SIGINFO = 304
"""From the trampoline's stack pointer (at struct ucontext) to siginfo, which is there for handlers with SA_SIGINFO only."""
_X86_TRAP = 40 + 19 * 8
"""… to the words err, trapno, oldmask, cr2 of struct sigcontext, which are always there."""
_TRAP_SIGNALS = {0: (SIGFPE, 1), 6: (SIGILL, 2), 13: (SIGSEGV, SI_KERNEL), 14: (SIGSEGV, 1)}
"""Exception numbers of the processor (Intel SDM volume 3, 6.15), and the signal and code that the kernel makes of them."""
_PAGE_FAULT, _GENERAL_PROTECTION = 14, 13


def first_fault(context: CrashContext) -> CrashContext | None:
    """The crash as it was when the signal came that the program caught; None when it did not end itself in a handler."""
    if not _ended_itself(context):
        return None
    found = None
    for index, frame in enumerate(context.stack.frames[:-1]):
        found = (_caught(context, index) if frame.signal_frame else None) or found
    return found


def handled_text(context: CrashContext, last: SignalInfo) -> str:
    """`a handler in the program took SIGSEGV, then the program sent SIGABRT to itself`."""
    first, then = signal_name(context.signal.number if context.signal else 0), signal_name(last.number)
    sent = "it to itself again" if first == then else f"{then} to itself"
    return f"a handler in the program took {first}, then the program sent {sent}"


def _ended_itself(context: CrashContext) -> bool:
    signal = context.signal
    if signal is None or signal.code is None or signal.code > 0:
        return False
    return signal.sender_pid in (None, 0, context.image.process.get("pid"))


def _caught(context: CrashContext, index: int) -> CrashContext | None:
    """The crash that a signal frame was made for, when its signal is one that ends programs."""
    sp = context.stack.frames[index].registers.get(context.image.machine.sp)
    if sp is None:
        return None
    x86 = context.image.machine is X86_64
    found = _siginfo(context.image.memory.read_some(sp + (_X86_SIGINFO if x86 else 0), 24))
    trap = context.image.memory.read_some(sp + _X86_TRAP, 32) if x86 else b""
    if len(trap) == 32 and (found is None or (found.code or 0) > 0):  # of a signal that was sent, the trap is an earlier one
        _, number, _, address = struct.unpack("<4Q", trap)
        if found is None or not _agrees(found, number, address):
            return _by_trap(context, index, number, address)
    return None if found is None else _from(context, index, found)


def _siginfo(data: bytes) -> SignalInfo | None:
    """siginfo, unless the bytes can be none: without SA_SIGINFO they are what the stack held before."""
    if len(data) < 24:
        return None
    number, errno, code, _, word = struct.unpack("<iiiiQ", data)
    if errno or not (number == SIGABRT or (number in _FAULTS and 0 < code <= SI_KERNEL)):
        return None
    has_address = number != SIGABRT and code != SI_KERNEL
    return SignalInfo(number=number, code=code, address=word if has_address else None)


def _agrees(found: SignalInfo, trap: int, address: int) -> bool:
    """Whether siginfo is of the trap whose number and address the kernel saved."""
    if trap == _PAGE_FAULT:
        return found.number in (SIGSEGV, SIGBUS) and found.address == address
    return trap == _GENERAL_PROTECTION or found.number != SIGSEGV


def _by_trap(context: CrashContext, index: int, trap: int, address: int) -> CrashContext | None:
    """The crash of a handler without siginfo. The trap may be of an earlier signal: it is believed when the program raised the same
    signal again, or when the interrupted instruction uses that address."""
    number, code = _TRAP_SIGNALS.get(trap, (0, 0))
    if not number or context.signal is None:
        return None
    first = _from(context, index, SignalInfo(number=number, code=code, address=address if trap == _PAGE_FAULT else None))
    access = first.access
    fits = access.agrees and (access.use is not None or (access.executes and first.pc == address))
    return first if fits or context.signal.number == number else None


def _from(context: CrashContext, index: int, signal: SignalInfo) -> CrashContext:
    """The context from the frame after a signal frame on, as if the handler had not been."""
    stack = context.stack
    inner = msgspec.structs.replace(stack.frames[index + 1], trust="context")
    registers = inner.registers | {context.image.machine.pc: inner.pc}
    thread = msgspec.structs.replace(context.thread, registers=registers, signal=signal.number)
    image = msgspec.structs.replace(context.image, signal=signal, threads=(thread, *context.image.threads[1:]))
    before = sum(frame.signal_frame for frame in stack.frames[: index + 1])
    marks = [position for position, frame in enumerate(context.frames) if frame.signal_frame]
    start = marks[before - 1] + 1 if before <= len(marks) else 0
    return CrashContext(image, Stack((inner, *stack.frames[index + 2 :]), stack.omitted, stack.end), context.frames[start:])
