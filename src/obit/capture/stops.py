"""What to do with a tracee that stands still: the decisions of `obit run`, free of system calls.

Sources: ptrace(2) ("Group-stop", "PTRACE_EVENT stops"), get_signal() and force_sig_info_to_task() in kernel/signal.c, signal(7).
"""

from enum import Enum, auto
from signal import SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGSTOP, SIGSYS, SIGTRAP, SIGTSTP, SIGTTIN, SIGTTOU, SIGXCPU, SIGXFSZ
from struct import Struct
from typing import NamedTuple

from obit.capture.procfs import Dispositions
from obit.capture.ptrace import EVENT_EXEC, EVENT_EXIT, EVENT_STOP, Stop

CORE_SIGNALS = frozenset((SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS))
"""Those whose default action is to dump core (signal(7))."""
STOP_SIGNALS = frozenset((SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU))


_SI_USER, _SI_TKILL = 0, -6
_SENDER = Struct("<i4xi4xi")
"""si_signo, si_code, si_pid (include/uapi/asm-generic/siginfo.h)."""


class Doomed(NamedTuple):
    """A process about to die, held still at its crashing thread; `siginfo` is that of the signal (128 bytes)."""

    pid: int
    tid: int
    signal: int
    siginfo: bytes


class Action(Enum):
    """What the tracer does next."""

    RESUME = auto()
    """Let it go on, without a signal."""
    DELIVER = auto()
    """Let it go on and receive the signal."""
    LISTEN = auto()
    """Its process has been stopped by job control: leave it so until SIGCONT."""
    FORGET = auto()
    """It has become another program: what was known of it is over. Let it go on."""
    LAST_LOOK = auto()
    """It is about to exit: see whether of a signal that nobody announced."""
    WEIGH = auto()
    """A signal that may be fatal is about to be delivered: `is_fatal` decides."""


def action(stop: Stop) -> Action:
    """What a stop calls for."""
    if stop.event == 0:
        return Action.WEIGH if stop.signal in CORE_SIGNALS else Action.DELIVER
    if stop.event == EVENT_EXEC:
        return Action.FORGET
    if stop.event == EVENT_EXIT:
        return Action.LAST_LOOK
    if stop.event == EVENT_STOP and stop.signal in STOP_SIGNALS:
        return Action.LISTEN
    return Action.RESUME


def is_fatal(signal: int, dispositions: Dispositions) -> bool:
    """Whether a signal about to be delivered will end the process with a core.

    A fault (SIGSEGV …) that the program had blocked or ignored is still fatal: the kernel has reset the signal to its default and
    unblocked it before the stop, so the masks say so. An ignored signal that was merely sent stops a tracee too, and then is dropped.
    """
    return signal in CORE_SIGNALS and dispositions.is_default(signal)


def is_passed_on(doomed: Doomed, child_died_of: int | None) -> bool:
    """Whether a process only passes on the signal that its child has just died of.

    timeout(1) and sudo(8) kill themselves so that their parent sees the child's end: the fault is the child's.
    """
    if doomed.signal != child_died_of or len(doomed.siginfo) < _SENDER.size:
        return False
    _, code, sender = _SENDER.unpack_from(doomed.siginfo)
    return code in (_SI_USER, _SI_TKILL) and sender == doomed.pid


def signal_of_exit(status: int) -> int | None:
    """The core signal that ends a process, from the wait status of its exit stop; None for other ends.

    The kernel announces no signal to a tracer when it forces one beyond handlers: seccomp's KILL, or a SIGSEGV because the frame of a
    handler does not fit on the stack.
    """
    signal = status & 0x7F
    return signal if signal in CORE_SIGNALS else None
