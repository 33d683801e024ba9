"""`make bench`: Obit, installed from a wheel, against gdb on the same cores with the same debug files, in the same run.

Every time is the median of alternating runs, caches warm and cold (cold: Obit's own cache is empty, and executable, core and the C
library's debug file have left the page cache, for both). Writes RESULTS.md and ends with 1 when a limit is passed.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.cores import WORK, Core, cores
from benchmarks.install import installed
from benchmarks.measure import Contender, Sample, alternate, forget_files

RESULTS = Path(__file__).with_name("RESULTS.md")
VERSION_LIMIT_MS, RUN_LIMIT_MS = 60, 80
MB = 1 << 20


class Row(NamedTuple):
    """A line of the table. `limit` and `value` are ratios, or milliseconds where `unit` says so."""

    what: str
    caches: str
    measure: str
    gdb: str
    obit: str
    value: float
    limit: float | None
    unit: str = "×"

    @property
    def passed(self) -> bool:
        """Within the limit, or without one."""
        return self.limit is None or self.value <= self.limit


class Bench:
    """One session: the installed command, its private state, the number of rounds."""

    def __init__(self, obit: Path, rounds: int, state: Path) -> None:
        self.obit = str(obit)
        self.rounds = rounds
        self.cache = state / "cache"
        kept = {name: value for name, value in os.environ.items() if name not in ("DEBUGINFOD_URLS", "PYTHONPATH", "VIRTUAL_ENV")}
        self.environment = {**kept, "OBIT_HOME": str(state / "home"), "OBIT_CACHE": str(self.cache), "LC_ALL": "C.UTF-8"}

    def core(self, core: Core) -> Iterable[Row]:
        """Both programs on one core, warm and cold."""
        executable, file = str(core.executable), str(core.core)
        for caches in ("warm", "cold"):
            before = self._forgetter([executable, file, *_libc_debug_files()]) if caches == "cold" else None
            medians = alternate(
                (
                    Contender(
                        "gdb", ("gdb", "-nx", "-batch", "-ex", "thread apply all bt full", executable, file), self.environment, before
                    ),
                    Contender("obit", (self.obit, "analyze", file, "--exe", executable), self.environment, before),
                ),
                self.rounds,
            )
            yield from _rows(core, caches, medians["gdb"], medians["obit"])

    def _forgetter(self, paths: Sequence[str]) -> Callable[[], None]:
        def forget() -> None:
            shutil.rmtree(self.cache, ignore_errors=True)
            forget_files(paths)

        return forget

    def version(self) -> Row:
        """`obit --version`."""
        medians = alternate((Contender("obit", (self.obit, "--version"), self.environment),), 3 * self.rounds)
        took = medians["obit"].wall * 1000
        return Row("obit --version", "warm", "wall", "", f"{took:.0f} ms", took, VERSION_LIMIT_MS, "ms")

    def run(self) -> Row:
        """What `obit run` adds to a program that ends well."""
        medians = alternate(
            (
                Contender("alone", ("/bin/true",), self.environment),
                Contender("obit", (self.obit, "run", "--", "/bin/true"), self.environment),
            ),
            3 * self.rounds,
        )
        alone, ours = medians["alone"].wall * 1000, medians["obit"].wall * 1000
        return Row(
            "obit run -- /bin/true, less /bin/true", "warm", "wall", f"{alone:.0f} ms", f"{ours:.0f} ms", ours - alone, RUN_LIMIT_MS, "ms"
        )


def _libc_debug_files() -> list[str]:
    """The debug file that both read for the C library's frames, where it is installed."""
    from obit.debuginfo.buildid import build_id_of_file

    build_id = build_id_of_file("/lib/x86_64-linux-gnu/libc.so.6") or ""
    path = f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    return [path] if Path(path).exists() else []


def _rows(core: Core, caches: str, theirs: Sample, ours: Sample) -> Iterable[Row]:
    for measure, gdb, obit in (("CPU", theirs.cpu, ours.cpu), ("wall", theirs.wall, ours.wall)):
        yield Row(core.name, caches, measure, f"{gdb * 1000:.0f} ms", f"{obit * 1000:.0f} ms", obit / gdb, core.time_limit)
    memory = ours.rss / theirs.rss
    yield Row(core.name, caches, "peak memory", f"{theirs.rss // MB} MB", f"{ours.rss // MB} MB", memory, core.memory_limit)


def machine() -> str:
    """The machine in a few words."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?"
    )
    return f"{os.cpu_count()} × {model}, Linux {platform.release()}, Python {platform.python_version()}"


def table(rows: Sequence[Row], rounds: int) -> str:
    """RESULTS.md."""
    lines = [
        "# Benchmark results",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d} · {machine()}.",
        f"Medians of {rounds} alternating runs after one unmeasured.",
        "`obit analyze` with its text report, from a wheel install, against `gdb -nx -batch -ex 'thread apply all bt full'`. Cold: Obit's",
        "cache is emptied, and executable, core and the C library's debug file leave the page cache before each run, for both.",
        "",
        "| what | caches | measure | gdb | obit | value | at most | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        limit = "" if row.limit is None else f"{row.limit:g} {row.unit}"
        digits = 2 if row.unit == "×" else 0
        verdict = "" if row.limit is None else "ok" if row.passed else "**over**"
        cells = (row.what, row.caches, row.measure, row.gdb, row.obit, f"{row.value:.{digits}f} {row.unit}", limit, verdict)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="only cores whose name contains this")
    parser.add_argument("--dry", action="store_true", help="do not write RESULTS.md")
    chosen = parser.parse_args()
    obit = installed(WORK)
    with tempfile.TemporaryDirectory(prefix="obit-bench-") as state:
        bench = Bench(obit, max(chosen.rounds, 1), Path(state))
        rows = [row for core in cores() if chosen.only in core.name for row in bench.core(core)]
        if not chosen.only:
            rows += [bench.version(), bench.run()]
    text = table(rows, chosen.rounds)
    sys.stdout.write(text)
    if not chosen.dry and not chosen.only:
        RESULTS.write_text(text)
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
