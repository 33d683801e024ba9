"""Cycles in a stack: recursion of any period, found by names."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

LONGEST_PERIOD = 32


class Cycle(NamedTuple):
    """`period` names from `start` on come `times` times in a row."""

    start: int
    period: int
    times: int


def cycle_at(names: Sequence[Hashable], start: int, least: int) -> Cycle | None:
    """The shortest cycle that begins at `start` and repeats at least `least` times."""
    for period in range(1, min(LONGEST_PERIOD, (len(names) - start) // least) + 1):
        end = start + period
        while end < len(names) and names[end] == names[end - period]:
            end += 1
        times = (end - start) // period
        if times >= least:
            return Cycle(start, period, times)
    return None


def dominant_cycle(names: Sequence[Hashable], *, within: int = 64, least: int = 3) -> Cycle | None:
    """The first cycle that begins in the first `within` names and makes up half of them all: a few repetitions by chance, as in a
    parser's stack, are none."""
    for start in range(min(within, len(names))):
        found = cycle_at(names, start, least)
        if found is not None and 2 * found.period * found.times >= len(names):
            return found
    return None


def members(names: Sequence[str]) -> list[str]:
    """The functions of a runaway recursion, in an order that does not depend on where it was cut off: an exact cycle begins with its
    alphabetically first member; of an irregular one (a parser's) the names that come again and again, sorted. Empty without one."""
    cycle = dominant_cycle(names)
    if cycle is not None:
        found = list(names[cycle.start : cycle.start + cycle.period])
        first = found.index(min(found))
        return list(dict.fromkeys(found[first:] + found[:first]))
    counts = {name: names.count(name) for name in set(names)}
    most = max(counts.values(), default=0)
    return sorted(name for name, count in counts.items() if most >= 3 and count * 4 >= most)
