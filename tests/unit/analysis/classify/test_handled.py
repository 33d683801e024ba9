"""The fault behind a signal handler that raised it again or aborted."""

import struct

import msgspec
import pytest

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.handled import first_fault, handled_text
from obit.analysis.classify.rules import classify
from obit.analysis.unwind.stack import Stack, UnwoundFrame
from obit.debuginfo.machine import AARCH64, X86_64, Machine
from obit.image.process import SignalInfo
from obit.snapshot.model import Frame
from tests.builders.crash import PC, PID, SP, crash, frame

TRAMPOLINE = SP + 0x200
CR2 = 0x10
STORE = "c7401001000000"  # mov dword ptr [rax + 0x10], 1


def siginfo(number: int = 11, code: int = 1, address: int = CR2, errno: int = 0) -> bytes:
    return struct.pack("<iiiiQ", number, errno, code, 0, address)


def context(last: SignalInfo, info: bytes, trap: tuple[int, int] = (14, CR2), machine: Machine = X86_64) -> CrashContext:
    """raise() < handler() < trampoline < shop(): what the handler left below the function that faulted."""
    x86 = machine is X86_64
    memory = {TRAMPOLINE + (304 if x86 else 0): info}
    if x86:
        memory[TRAMPOLINE + 40 + 19 * 8] = struct.pack("<4Q", 6, trap[0], 0, trap[1])
    made = crash(STORE, {}, last, memory=memory, machine=machine, frames=tuple(_names()))
    inner = {machine.pc: PC, machine.sp: SP + 0x1000} | ({0: 0} if x86 else {})
    frames = (
        UnwoundFrame(0x1000, 0x1000, SP, {}, "context", None),
        UnwoundFrame(0x2000, 0x1FFF, TRAMPOLINE, {}, "cfi", None),
        UnwoundFrame(0x3000, 0x3000, None, {machine.sp: TRAMPOLINE}, "cfi", None, signal_frame=True),
        UnwoundFrame(PC, PC, SP + 0x2000, inner, "cfi", None),
    )
    return CrashContext(made.image, Stack(frames, 0, "outermost"), made.frames)


def _names() -> list[Frame]:
    libc = "/usr/lib/x86_64-linux-gnu/libc.so.6"
    return [frame("raise", libc), frame("on_crash"), frame("__restore_rt", libc, signal_frame=True), frame("shop")]


RAISED_AGAIN = SignalInfo(number=11, code=-6, sender_pid=PID)
ABORTED = SignalInfo(number=6, code=-6, sender_pid=PID)


@pytest.mark.parametrize(("last", "sent", "again"), [(RAISED_AGAIN, "it", " again"), (ABORTED, "SIGABRT", "")])
def test_the_first_fault_is_explained(last: SignalInfo, sent: str, again: str) -> None:
    first = first_fault(context(last, siginfo()))
    assert first is not None
    assert classify(first).classifiers == ("null", "memory.write")
    assert [each.function for each in first.frames] == ["shop"]
    assert first.signal == SignalInfo(number=11, code=1, address=CR2)
    assert handled_text(first, last) == f"a handler in the program took SIGSEGV, then the program sent {sent} to itself{again}"


@pytest.mark.parametrize("last", [RAISED_AGAIN, ABORTED])
def test_a_handler_without_siginfo_leaves_the_trap(last: SignalInfo) -> None:
    first = first_fault(context(last, b"\x7f" * 24))
    assert first is not None
    assert first.signal == SignalInfo(number=11, code=1, address=CR2)


@pytest.mark.parametrize(
    ("last", "info", "trap"),
    [
        (SignalInfo(number=11, code=1, address=0), siginfo(), (14, CR2)),  # the handler itself crashed
        (SignalInfo(number=11, code=0, sender_pid=PID + 1), siginfo(), (14, CR2)),  # someone else sent it
        (ABORTED, b"\x7f" * 24, (14, 0x7777)),  # no siginfo, another signal, another address: the trap is an old one
        (ABORTED, b"\x7f" * 24, (1, 0)),  # a trap that ends no program
        (RAISED_AGAIN, siginfo(number=10, code=0), (0, 0)),  # SIGUSR1's handler
        (ABORTED, siginfo(address=CR2), (14, 0x7777)),  # siginfo is what the stack held before
    ],
)
def test_there_is_no_first_fault(last: SignalInfo, info: bytes, trap: tuple[int, int]) -> None:
    assert first_fault(context(last, info, trap)) is None


def test_an_abort_in_a_handler_of_abort() -> None:
    first = first_fault(context(ABORTED, siginfo(6, -6, 0), (14, CR2)))
    assert first is not None
    assert "abort" in classify(first).classifiers


def test_aarch64_has_siginfo_first() -> None:
    first = first_fault(context(ABORTED, siginfo(), machine=AARCH64))
    assert first is not None
    assert first.signal == SignalInfo(number=11, code=1, address=CR2)


def test_without_registers_there_is_none() -> None:
    made = context(ABORTED, siginfo())
    frames = tuple(msgspec.structs.replace(each, registers={}) for each in made.stack.frames)
    assert first_fault(CrashContext(made.image, Stack(frames, 0, ""), made.frames)) is None
