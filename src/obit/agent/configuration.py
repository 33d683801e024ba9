"""What the command line and the settings tell the agent."""

from typing import Literal, NamedTuple

from obit.agent.admission import Limits
from obit.agent.modulecache import DEFAULT_LIMIT
from obit.agent.rules import Rules
from obit.capture.assets import LIMITS
from obit.capture.select import BUDGET

Capture = Literal["auto", "socket", "pipe", "none"]

NO_LIMITS = Limits(None, None, "0%", 1 << 62, 1 << 30, 0.0)


class Assets(NamedTuple):
    """What `capture.assets` takes: of how many threads, which logs and directories of which programs (`capture.configured`)."""

    threads: int = LIMITS.threads
    logs: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    """What is hidden beside the usual secrets (`analysis.scrub.Patterns`)."""


class Configuration(NamedTuple):
    """`home` is the archive; `budget` bytes of memory in a core; `debug_directories` are searched before /usr/lib/debug, and what they have
    compressed is kept decompressed in `debug_cache`."""

    home: str
    capture: Capture = "auto"
    budget: int = BUDGET
    debug_directories: tuple[str, ...] = ()
    debug_cache: str | None = None
    limits: Limits = NO_LIMITS
    modules_limit: int = DEFAULT_LIMIT
    """Bytes of executables and libraries that are kept."""
    assets: Assets = Assets()
    forward: str = ""
    """The command that is fed every core as well, as [forward] says it."""
    rules: Rules = Rules()
    metrics_file: str = ""
    metrics_socket: str = ""
    """Where the numbers go; empty: nowhere."""
