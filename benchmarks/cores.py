"""The crashes that are analysed, built and crashed once."""

from pathlib import Path
from typing import NamedTuple

from benchmarks import large
from tests.programs.build import crashed, crashed_program
from tests.programs.matrix import case

WORK = Path(__file__).parent / ".work"


class Core(NamedTuple):
    """A crash to analyse and what Obit may use of gdb's time and memory (None: no promise)."""

    name: str
    executable: Path
    core: Path
    time_limit: float
    memory_limit: float | None = None


def cores() -> tuple[Core, ...]:
    """The three of the issue; the first call takes about a minute."""
    few, many = crashed([case("cpp/threads@gcc-O2"), case("c/threads-500@gcc-O2")])
    executable = large.build(WORK / "large")
    core = executable.with_name("core")
    if not core.exists():
        crashed_program(executable, core)
    megabytes = large.dwarf_bytes(executable) // 1_000_000
    return (
        Core("3 threads, C++", few.exe, few.core, 0.35, 0.8),
        Core("500 threads", many.exe, many.core, 0.5),
        Core(f"{megabytes} MB of DWARF", executable, core, 0.1),
    )
