"""What the command line and the settings tell the agent."""

from typing import Literal, NamedTuple

from obit.capture.select import BUDGET

Capture = Literal["auto", "socket", "pipe", "none"]


class Configuration(NamedTuple):
    """`home` is the archive; `budget` bytes of memory in a core; `debug_directories` are searched before /usr/lib/debug."""

    home: str
    capture: Capture = "auto"
    budget: int = BUDGET
    debug_directories: tuple[str, ...] = ()
