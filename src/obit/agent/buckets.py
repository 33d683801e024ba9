"""Token buckets: how many faults a program, or a cgroup, may store in a time.

`5/1h` is a bucket of five that fills up evenly, one every twelve minutes: five at once, then five an hour. The levels outlive the
process (`table`), so that an agent that is restarted in the middle of a storm does not begin anew. Standard library only.

    program = Buckets(f"{home}/limits/programs", Rate.of("5/1h"))       Rate.of("off") is None: no limit, no Buckets
    program.has(key, now)          whether there is a token
    program.take(key, now)         take it
"""

from typing import NamedTuple, Self

from obit.agent.quantities import parse_duration
from obit.agent.table import Table
from obit.errors import UsageError

SLOTS = 4096
"""Programs, or cgroups, that are remembered; 32 bytes each."""


class Rate(NamedTuple):
    """`number` in `seconds`."""

    number: int
    seconds: float

    @classmethod
    def of(cls, text: str) -> Self | None:
        """`5/1h` (also 100/1d, 1/30s); `off` is None. `UsageError`."""
        if text.strip().lower() == "off":
            return None
        number, slash, time = text.partition("/")
        if not slash or not number.strip().isdecimal() or not int(number):
            raise UsageError(f"{text!r} is no rate: write a number and a time, as in 5/1h, or off")
        seconds = parse_duration(time)
        if not seconds:
            raise UsageError(f"{text!r} is no rate: its time is nothing")
        return cls(int(number), seconds)


class Buckets:
    """A bucket for every key."""

    def __init__(self, path: str, rate: Rate, slots: int = SLOTS) -> None:
        self._rate = rate
        self._table = Table(path, slots, "d")

    def has(self, key: bytes, now: float) -> bool:
        """Whether there is a token."""
        return self._level(key, now) >= 1

    def take(self, key: bytes, now: float) -> None:
        """Take a token."""
        self._table.put(key, now, max(self._level(key, now) - 1, 0.0))

    def close(self) -> None:
        """Let go of the file."""
        self._table.close()

    def _level(self, key: bytes, now: float) -> float:
        row = self._table.get(key)
        if row is None:
            return float(self._rate.number)
        touched, (level,) = row
        assert isinstance(level, float)
        # A clock that was set back gives nothing, and takes nothing.
        return min(level + max(now - touched, 0) * self._rate.number / self._rate.seconds, float(self._rate.number))
