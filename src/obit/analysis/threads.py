"""Steps about threads: unwind them all, then say what every frame is."""

from obit.analysis.draft import Draft
from obit.analysis.unwind.stack import Unwinder
from obit.analysis.variables.values import Limits
from obit.debuginfo.machine import Machine
from obit.image.process import ThreadImage
from obit.snapshot.model import Address, Thread, hex_address

CRASHED = Limits()
OTHERS = Limits(hops=1, depth=6, elements=32, characters=120, values=300, followed=60)
MANY = Limits(hops=0, depth=3, elements=8, characters=80, values=48)
MANY_THREADS = 64
"""From so many threads on, those that did not crash show less of each value."""


def unwind_threads(draft: Draft) -> Draft:
    """The stack of every thread."""
    unwinder = Unwinder(draft.image)
    return draft.with_(stacks=tuple(unwinder.unwind(thread) for thread in draft.image.threads))


def read_frames(draft: Draft) -> Draft:
    """Frames with names, positions and variables; the crashed thread first and in most detail."""
    others = CRASHED if draft.request.full else OTHERS if len(draft.image.threads) < MANY_THREADS else MANY
    threads = []
    for index, (thread, stack) in enumerate(zip(draft.image.threads, draft.stacks, strict=True)):
        crashed = index == 0
        frames = draft.reader.frames(thread, stack, CRASHED if crashed else others, source=crashed)
        threads.append(
            Thread(
                tid=thread.tid,
                name=thread.name,
                crashed=crashed,
                state=thread.state,
                frames_omitted=stack.omitted,
                frames=frames,
                registers=registers_of(draft.image.machine, thread),
            )
        )
    return draft.with_(threads=tuple(threads))


def registers_of(machine: Machine, thread: ThreadImage) -> dict[str, Address]:
    """General and special registers by name."""
    names = machine.registers
    found = {names[number]: hex_address(value) for number, value in sorted(thread.registers.items()) if number < len(names)}
    found.update((name, hex_address(value)) for name, value in thread.special.items())
    return found
