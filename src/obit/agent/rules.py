"""What stays of the faults that are done, as [core] and [retention] say it. Light: the agent reads this before it is ready."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, Self, cast

from obit.agent.quantities import parse_duration, parse_size
from obit.errors import UsageError

if TYPE_CHECKING:
    from obit.archive.retention import Limits

Keep = Literal["never", "first", "always"]


class Rules(NamedTuple):
    """The settings as numbers: seconds, bytes; None is no limit."""

    keep: Keep = "first"
    first: int = 3
    compress: bool = True
    age: float | None = None
    size: int | None = None
    number: int | None = None

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Self:
        """From the values of the settings by name; `UsageError`."""
        keep = str(settings["core.keep"])
        if keep not in ("never", "first", "always"):
            raise UsageError(f"[core] keep is {keep!r}: write never, first or always")
        age, size, count = (str(settings[f"retention.{name}"]) for name in ("age", "bytes", "count"))
        if count != "off" and not count.isdecimal():
            raise UsageError(f"[retention] count is {count!r}: write a number, or off")
        return cls(
            cast("Keep", keep),
            int(str(settings["core.first"])),
            bool(settings["core.compress"]),
            None if age == "off" else parse_duration(age),
            None if size == "off" else parse_size(size),
            None if count == "off" else int(count),
        )

    def limits(self, now: float) -> "Limits":
        """What the archive may keep at this time (seconds of time.time())."""
        from obit.archive.retention import Limits

        return Limits(None if self.age is None else moment(now - self.age), self.size, self.number)


def moment(when: float) -> str:
    """RFC 3339 UTC of seconds of time.time()."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(max(when, 0)))
