"""Compares all that gdb and Obit say of one core. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from obit.snapshot.model import Fault, Variable

from . import frames, values
from .records import Node, Oracle


class Mismatch(msgspec.Struct, frozen=True):
    """One thing that differs. `kind` is frame or value, `where` the thread and frame."""

    kind: str
    category: str
    where: str
    gdb: str
    obit: str


class Comparison(msgspec.Struct, frozen=True):
    """How much of one core was compared and what differs."""

    case: str
    frames: int
    values: int
    mismatches: tuple[Mismatch, ...]

    def count(self, kind: str) -> int:
        """Mismatches of a kind."""
        return sum(each.kind == kind for each in self.mismatches)


def compare(case: str, oracle: Oracle, fault: Fault) -> Comparison:
    """Frames of all threads, and the variables of all frames that both have."""
    ours = {thread.tid: thread for thread in fault.threads}
    found: list[Mismatch] = []
    frame_count = value_count = 0
    for thread in oracle.threads:
        mine = ours.get(thread.tid)
        if mine is None:
            frame_count += len(thread.frames)
            found += [Mismatch("frame", "thread that gdb has", f"thread {thread.tid}", str(frame.function), "") for frame in thread.frames]
            continue
        for pair in frames.compare(thread, mine):
            frame_count += 1
            if pair.category:
                found.append(Mismatch("frame", pair.category, f"thread {thread.tid}", str(pair), ""))
            if pair.gdb is None or pair.obit is None:
                continue
            for leaf in frame_leaves(pair.gdb.variables, pair.obit.variables):
                value_count += 1
                if leaf.category:
                    where = f"thread {thread.tid} #{pair.index} {pair.gdb.function}: {leaf.path}"
                    found.append(Mismatch("value", leaf.category, where, leaf.gdb, leaf.obit))
    return Comparison(case, frame_count, value_count, tuple(found))


def frame_leaves(theirs: Sequence[tuple[str, Node]], ours: Sequence[Variable]) -> Iterator[values.Leaf]:
    """The leaves of a frame's variables; of several with the same name the nth goes with the nth (innermost block first)."""
    by_name: dict[str, list[Variable]] = defaultdict(list)
    for variable in ours:
        by_name[variable.name].append(variable)
    for name, node in theirs:
        same = by_name[name]
        yield from values.compare(name, node, same.pop(0) if same else None)
