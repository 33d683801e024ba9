"""A thread's stack as machine frames: the ordered list of ways to find the caller, and the loop that applies them.

CFI first; where a module has none, the frame pointer; then a scan of the stack for something a call could have left there.
Every frame says by which it was found (`trust`). Names, inlined functions and variables come later (`analysis.frames`).
"""

from collections import deque
from collections.abc import Callable

import msgspec

from obit.analysis.unwind import cfi, frame_pointer, scan, trampoline
from obit.analysis.unwind.step import Caller, StackEnd, Walk
from obit.image.process import LoadedModule, ProcessImage, ThreadImage
from obit.snapshot.model import Trust

FIRST_FRAMES = 256
LAST_FRAMES = 64
MOST_FRAMES = 1_000_000
"""An 8 MiB stack of the smallest possible frames; deeper ones end with "limit"."""


class UnwoundFrame(msgspec.Struct, frozen=True):
    """One machine frame. `lookup` is the address to ask debug information about: the pc, or pc − 1 for a return address, so
    that a call at the very end of a function is looked up inside it. `registers` maps DWARF number → value as far as known."""

    pc: int
    lookup: int
    cfa: int | None
    registers: dict[int, int]
    trust: Trust
    module: LoadedModule | None
    signal_frame: bool = False


class Stack(msgspec.Struct, frozen=True):
    """`frames` are the first 256 and the last 64; `omitted` counts those between, after index `FIRST_FRAMES - 1`.
    `end` says why it ends: outermost, null, no-memory, bad-return-address, loop, limit, no-registers."""

    frames: tuple[UnwoundFrame, ...]
    omitted: int
    end: str


Step = Callable[[Walk, UnwoundFrame], Caller | None]

STEPS: tuple[tuple[Trust, Step], ...] = (
    ("cfi", trampoline.caller),
    ("cfi", cfi.caller),
    ("scan", scan.caller_of_bad_pc),
    ("scan", scan.caller_of_leaf),
    ("frame-pointer", frame_pointer.caller),
    ("scan", scan.caller),
)


class Unwinder:
    """Unwinds the threads of one process; what it learns about a pc serves all of them."""

    def __init__(self, image: ProcessImage) -> None:
        self.walk = Walk(image)

    def unwind(self, thread: ThreadImage, limit: int = MOST_FRAMES) -> Stack:
        """The thread's stack, innermost frame first."""
        machine = self.walk.image.machine
        pc = thread.registers.get(machine.pc)
        if pc is None:
            return Stack((), 0, "no-registers")
        frame = UnwoundFrame(pc, pc, None, thread.registers, "context", self.walk.module_at(pc))
        first: list[UnwoundFrame] = []
        last: deque[UnwoundFrame] = deque(maxlen=LAST_FRAMES)
        count = 0
        end = "limit"
        while count < limit:
            try:
                cfa, signal_frame, caller = self._step(frame)
            except StackEnd as reason:
                end = reason.why
                count += _keep(first, last, msgspec.structs.replace(frame, cfa=reason.cfa))
                break
            if cfa is not None or signal_frame:
                frame = UnwoundFrame(frame.pc, frame.lookup, cfa, frame.registers, frame.trust, frame.module, signal_frame)
            count += _keep(first, last, frame)
            frame = caller
        return Stack((*first, *last), max(0, count - len(first) - len(last)), end)

    def _step(self, frame: UnwoundFrame) -> tuple[int | None, bool, UnwoundFrame]:
        """CFA of the frame, whether it is a signal frame, and its caller; `StackEnd` when there is none."""
        walk = self.walk
        for trust, step in STEPS:
            found = step(walk, frame)
            if found is not None:
                lookup = found.pc if found.signal_frame else found.pc - 1
                caller = UnwoundFrame(found.pc, lookup, None, found.registers, trust, walk.module_at(lookup))
                _check_progress(walk, frame, found, caller)
                return found.cfa, found.signal_frame, caller
        raise StackEnd("no-memory" if frame.module else "bad-return-address")


def _keep(first: list[UnwoundFrame], last: "deque[UnwoundFrame]", frame: UnwoundFrame) -> int:
    (first if len(first) < FIRST_FRAMES else last).append(frame)
    return 1


def _check_progress(walk: Walk, frame: UnwoundFrame, found: Caller, caller: UnwoundFrame) -> None:
    """End at a null return address, and where the stack does not grow: a loop would never end.

    A signal frame may switch stacks, so only its caller's sameness counts there.
    """
    if found.pc == 0:
        raise StackEnd("null", found.cfa)
    sp = walk.image.machine.sp
    before, after = frame.registers.get(sp), caller.registers.get(sp)
    if found.signal_frame or before is None or after is None:
        return
    # A leaf of an architecture with a link register has the caller's sp.
    if after < before or (after == before and frame.trust != "context" and found.pc == frame.pc):
        raise StackEnd("loop", found.cfa)
