"""`make bench-capture`: what a crash costs when it is caught, against no dump and against a full core in a file.

Every contender crashes the same program in turns. A time is the victim's own, from the instruction that faults until it is reaped; what a
contender adds is the difference to the crash of the same round that nobody caught (`|/bin/false`). Writes RESULTS-capture.md and ends
with 1 when a limit is passed.
"""

import argparse
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.bench import MB, machine
from benchmarks.capture_agent import Agent, Trace, core_pattern, set_pattern
from benchmarks.capture_statistics import Estimate, estimate, ratio
from benchmarks.cores import WORK
from benchmarks.install import installed

RESULTS = Path(__file__).with_name("RESULTS-capture.md")
PROGRAMS = Path(__file__).with_name("programs")
NO_DUMP, SOCKET, PIPE, FULL = "no dump", "socket", "pipe", "full core"
STORM, AT_A_TIME, IDLE = 500, 16, 20
BATCH = 60
"""Seconds after which others get at core_pattern."""


class Row(NamedTuple):
    """A line of the table; `value` and `limit` in the same unit, `is_least`: the limit is the least."""

    what: str
    measured: str
    value: float | None = None
    limit: float | None = None
    limit_text: str = ""
    is_least: bool = False
    interval: tuple[float, float] | None = None

    @property
    def verdict(self) -> str:
        """For the table; a limit inside the confidence interval is neither kept nor passed for sure."""
        if self.limit is None:
            return ""
        is_noise = self.interval is not None and self.interval[0] < self.limit < self.interval[1]
        return ("ok" if self.passed else "**over**") + (", not certain" if is_noise else "")

    @property
    def passed(self) -> bool:
        """Within the limit, or without one."""
        if self.value is None or self.limit is None:
            return True
        return self.value >= self.limit if self.is_least else self.value <= self.limit


class Crash(NamedTuple):
    """Seconds from fault to reaped, from accept to close, from fault to `done`; bytes in the archive or of the core."""

    reaped: float
    held: float | None = None
    done: float | None = None
    size: int = 0


Samples = Mapping[str, Sequence[Crash]]


class Bench:
    """`agents` by contender."""

    def __init__(self, victim: Path, agents: Mapping[str, Agent], trace: Trace, folder: Path, chosen: argparse.Namespace) -> None:
        self._victim = victim
        self._agents = agents
        self._trace = trace
        self._folder = folder
        self._rounds, self._full_rounds = chosen.rounds, chosen.full_rounds or chosen.rounds
        self._patterns = {NO_DUMP: "|/bin/false", FULL: f"{folder}/core"} | {name: agent.pattern for name, agent in agents.items()}

    def sample(self, megabytes: int, contenders: Sequence[str]) -> Samples:
        """All contenders in turns, each beginning as often as the others; a first round is not counted."""
        found: dict[str, list[Crash]] = {name: [] for name in contenders}
        left = list(range((self._full_rounds if FULL in contenders else self._rounds) + 1))
        while left:
            time.sleep(1)  # whoever waits for the lock gets it
            with core_pattern():
                end = time.monotonic() + BATCH
                while left and time.monotonic() < end:
                    number = left.pop(0)
                    turn = number % len(contenders)
                    for name in (*contenders[turn:], *contenders[:turn]):
                        crash = self._crash(name, megabytes)
                        if number:
                            found[name].append(crash)
        return found

    def _crash(self, name: str, megabytes: int) -> Crash:
        agent = self._agents.get(name)
        pid, monotonic, realtime, reaped = self._run(self._patterns[name], megabytes)
        if agent is None:
            return Crash(reaped - monotonic, size=self._core_size() if name == FULL else 0)
        fault = agent.fault_of(pid)
        if fault.parent.name != "done":
            raise RuntimeError(f"{name}: {(fault / 'reason').read_text()}")
        size = sum(file.stat().st_blocks * 512 for file in fault.iterdir())
        return Crash(reaped - monotonic, self._trace.held(agent.pid), fault.stat().st_ctime_ns / 1e9 - realtime, size)

    def _run(self, pattern: str, megabytes: int) -> tuple[int, float, float, float]:
        """One crash: its process, at the fault by both clocks, and reaped. The victim stops when it is ready for it."""
        shared = os.memfd_create("stamps", 0)
        os.ftruncate(shared, mmap.PAGESIZE)
        child = os.posix_spawn(self._victim, [str(self._victim), str(megabytes), str(shared)], {})
        os.waitpid(child, os.WUNTRACED)
        set_pattern(pattern)
        os.kill(child, signal.SIGCONT)
        _, status = os.waitpid(child, 0)
        reaped = time.clock_gettime(time.CLOCK_MONOTONIC)
        seconds, nanoseconds, real, real_nanoseconds = struct.unpack("4q", os.pread(shared, 32, 0))
        os.close(shared)
        if not os.WIFSIGNALED(status):
            raise RuntimeError(f"the victim ended with {status}")
        return child, seconds + nanoseconds / 1e9, real + real_nanoseconds / 1e9, reaped

    def _core_size(self) -> int:
        core = self._folder / "core"
        size = core.stat().st_size
        core.unlink()
        return size


def over(samples: Samples, name: str) -> list[float]:
    """Milliseconds of each crash over that of the same round which nobody caught."""
    return [(crash.reaped - base.reaped) * 1000 for crash, base in zip(samples[name], samples[NO_DUMP], strict=True)]


def rows_of(megabytes: int, samples: Samples) -> Iterable[Row]:
    """What each contender costs."""
    size = f"{megabytes} MB" if megabytes < 1024 else f"{megabytes // 1024} GB"
    base = estimate([crash.reaped * 1000 for crash in samples[NO_DUMP]])
    yield Row(f"{size}: fault → reaped, no dump (n = {len(samples[NO_DUMP])})", f"{base:.1f} ms")
    limits = {(SOCKET, 4096): 12.0, (PIPE, 4096): 25.0}
    for name in (SOCKET, PIPE, FULL):
        if name not in samples:
            continue
        cost, limit = estimate(over(samples, name)), limits.get((name, megabytes))
        yield Row(f"{size}: {name}, over no dump", f"{cost:.1f} ms", cost.value, limit, f"{limit:g} ms" if limit else "", interval=cost[1:])
        held = [crash.held * 1000 for crash in samples[name] if crash.held is not None]
        if held:
            yield Row(f"{size}: {name}, from accept to close", f"{estimate(held):.1f} ms")
    if FULL in samples:
        yield from _against_full(size, samples, is_promised=megabytes >= 4096)


def _against_full(size: str, samples: Samples, *, is_promised: bool) -> Iterable[Row]:
    share = ratio(over(samples, FULL), over(samples, SOCKET))
    yield Row(
        f"{size}: full core / socket, both over no dump",
        f"{share:.0f}",
        share.value,
        200 if is_promised else None,
        "≥ 200" if is_promised else "",
        is_least=True,
        interval=share[1:],
    )
    size_share = median(crash.size for crash in samples[FULL]) / max(crash.size for crash in samples[SOCKET])
    most = max(crash.size for crash in samples[SOCKET])
    text = f"1/{size_share:.0f} ({most / 1000:.0f} kB)"
    yield Row(
        f"{size}: archive bytes, snapshot included / core",
        text,
        size_share,
        1000 if is_promised else None,
        "1/1000" if is_promised else "",
        is_least=True,
    )


def idle(agent: Agent) -> Iterable[Row]:
    """An agent with nothing to do."""
    before, used = agent.wakeups(), agent.cpu()
    time.sleep(IDLE)
    yield Row(f"idle: wake-ups in {IDLE} s", str(agent.wakeups() - before), agent.wakeups() - before, 0, "0")
    yield Row("idle: processor time in that time", f"{(agent.cpu() - used) * 1000:.0f} ms")
    memory = agent.memory() / MB
    yield Row(f"idle: PSS of {len(agent.processes())} processes", f"{memory:.1f} MB", memory, 60, "60 MB")


def storm(name: str, agent: Agent, program: Path, victim: Path) -> Iterable[Row]:
    """Many crashes at once."""
    before, used = len(agent.faults("pending", "analyzing", "done", "failed")), agent.cpu()
    with core_pattern():
        set_pattern(agent.pattern)
        began = time.monotonic()
        command = [str(program), str(STORM), str(AT_A_TIME), str(victim)]
        seconds, crashed = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split()
        agent.wait_for(before + STORM, "pending", "analyzing", "done", "failed")
        stored, captured = time.monotonic() - began, agent.cpu() - used
    agent.wait_for(before + STORM, "done", "failed")
    analysed, cpu = time.monotonic() - began, agent.cpu() - used
    count = len(agent.faults("done")) + len(agent.faults("failed")) - before
    failed = len(agent.faults("failed"))
    yield Row(
        f"storm, {name}: {STORM} crashes, {AT_A_TIME} at a time: accounted for",
        f"{count} ({failed} failed)",
        count,
        STORM,
        str(STORM),
        True,
    )
    rate = int(crashed) / stored
    yield Row(
        f"storm, {name}: captured, in the archive",
        f"{rate:.0f}/s (reaped at {int(crashed) / float(seconds):.0f}/s)",
        rate,
        40,
        "≥ 40/s",
        True,
    )
    text = f"{captured / STORM * 1000:.1f} ms to its capture, {cpu / STORM * 1000:.0f} ms with its analysis; all done in {analysed:.0f} s"
    yield Row(f"storm, {name}: the agent's CPU for each", text)


def table(rows: Sequence[Row], rounds: int, load: float) -> str:
    """RESULTS-capture.md."""
    lines = [
        "# What it costs to catch a crash",
        "",
        f"Written by `make bench-capture` on {datetime.now(UTC):%Y-%m-%d} · {machine()}.",
        f"Medians of {rounds} rounds after one unmeasured, in brackets the bootstrap's 95 % interval. In each round every contender",
        "crashes the same program in turn (a touched heap in small blocks, 5 threads), and differences are taken within the round. A time",
        "is the victim's: from its clock just before the fault until its parent has reaped it. The module cache is warm, nothing is",
        f"folded, and all of it runs at priority {os.getpriority(os.PRIO_PROCESS, 0)}. The load of others before: {load:.1f}.",
        "",
        "| what | measured | at most | |",
        "|---|---|---|---|",
    ]
    for row in rows:
        lines.append(f"| {row.what} | {row.measured} | {row.limit_text} | {row.verdict} |")
    return "\n".join(lines) + "\n"


def _built(name: str, folder: Path) -> Path:
    program = folder / name
    subprocess.run(["gcc", "-O1", "-g", "-pthread", PROGRAMS / f"{name}.c", "-o", program], check=True)
    return program


def measure(obit: str, chosen: argparse.Namespace, folder: Path, say: Callable[[Row], None]) -> None:
    """Everything that was chosen, row by row."""
    victim, storms = _built("victim", folder), _built("storm", folder)
    kept = {name: value for name, value in os.environ.items() if name not in ("DEBUGINFOD_URLS", "PYTHONPATH", "VIRTUAL_ENV")}
    with Agent(obit, folder / "s", "socket", kept) as by_socket, Agent(obit, folder / "p", "pipe", kept) as by_pipe:
        agents = {SOCKET: by_socket, PIPE: by_pipe}
        with Trace(folder / "trace", [agent.pid for agent in agents.values()]) as trace:
            bench = Bench(victim, agents, trace, folder, chosen)
            costs: dict[int, Estimate] = {}
            for megabytes in (int(word) for word in filter(None, chosen.sizes.split(","))):
                samples = bench.sample(megabytes, (NO_DUMP, SOCKET, PIPE, *((FULL,) if megabytes in chosen.full else ())))
                costs[megabytes] = estimate(over(samples, SOCKET))
                for row in rows_of(megabytes, samples):
                    say(row)
                done = estimate([crash.done * 1000 for crash in samples[SOCKET] if crash.done is not None])
                say(Row(f"{megabytes} MB: fault → done, idle agent", f"{done:.0f} ms", done.value, 400, "400 ms"))
            if {128, 4096} <= costs.keys():
                growth = costs[4096].value / costs[128].value
                say(Row("socket: over no dump at 4 GB / at 128 MB", f"{growth:.2f} ×", growth, 1.5, "1.5 ×"))
        for name, agent in agents.items() if chosen.storm else ():
            for row in storm(name, agent, storms, victim):
                say(row)
        for row in idle(by_socket):
            say(row)


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--sizes", default="128,1024,4096", help="heaps in MB")
    parser.add_argument(
        "--full", type=lambda text: [int(word) for word in text.split(",") if word], default=[4096], help="of these a full core"
    )
    parser.add_argument("--full-rounds", type=int, help="rounds with a full core, which take long (default: as many)")
    parser.add_argument("--no-storm", dest="storm", action="store_false")
    parser.add_argument("--obit", help="the command to measure (default: a fresh wheel install)")
    parser.add_argument("--dry", action="store_true", help="do not write RESULTS-capture.md")
    chosen = parser.parse_args()
    obit = chosen.obit or str(installed(WORK))
    rows: list[Row] = []
    load = os.getloadavg()[1]

    def say(row: Row) -> None:
        rows.append(row)
        print(row.what, "·", row.measured, "" if row.passed else "OVER", flush=True)

    with tempfile.TemporaryDirectory(prefix="ob-") as state:
        measure(obit, chosen, Path(state), say)
    if not chosen.dry:
        RESULTS.write_text(table(rows, chosen.rounds, load))
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
