"""Agents to measure: started and ended, what their processes cost, how long they held a crash, and the core_pattern that they all share."""

import fcntl
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATTERN, LIMIT = Path("/proc/sys/kernel/core_pattern"), Path("/proc/sys/kernel/core_pipe_limit")
LOCK = "/tmp/core_pattern.lock"  # everybody on this machine who changes core_pattern meets here
WAITING = "64"
SECONDS = 120
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def core_pattern() -> Iterator[None]:
    """Ours for as long as the block lasts, and nobody else's."""
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before, limit = PATTERN.read_text(), LIMIT.read_text()
        try:
            yield
        finally:
            PATTERN.write_text(before)
            LIMIT.write_text(limit)


def set_pattern(text: str) -> None:
    """Within `core_pattern`."""
    LIMIT.write_text(WAITING)
    PATTERN.write_text(text)


class Agent:
    """`obit agent run`, whose core_pattern is known but not in force. A context manager that ends it."""

    def __init__(self, obit: str, home: Path, capture: str, environment: Mapping[str, str]) -> None:
        self.home = home
        self._known: set[Path] = set()
        environment = {**environment, "OBIT_HOME": str(home), "OBIT_LIMITS_PER_PROGRAM": "off", "OBIT_LIMITS_ARCHIVE": "1T"}
        self._log = (home.parent / f"{home.name}.log").open("wb")
        with core_pattern():
            command = [obit, "agent", "run", "--capture", capture]
            self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self._log)
            assert self._process.stdout
            if self._process.stdout.readline() != b"ready\n":
                raise RuntimeError(f"the agent ({capture}) does not start: {Path(self._log.name).read_text()}")
            self.pattern = PATTERN.read_text()
        self.pid = self._process.pid

    def __enter__(self) -> "Agent":
        return self

    def __exit__(self, *_: object) -> None:
        with core_pattern():
            self._process.terminate()
            self._process.wait(SECONDS)
        self._log.close()

    def processes(self) -> list[int]:
        """The supervisor and those below it."""
        return [self.pid, *(int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split())]

    def cpu(self) -> float:
        """Seconds of processors until now, those of processes that have ended included."""
        own = sum(sum(_times(pid)[:2]) for pid in self.processes())
        return (own + sum(_times(self.pid)[2:4])) / _TICKS

    def memory(self) -> int:
        """Bytes, shared pages in parts (PSS)."""
        texts = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.processes())
        return sum(int(found.group(1)) for text in texts if (found := re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE))) << 10

    def wakeups(self) -> int:
        """How often one of its processes went to sleep until now."""
        texts = (Path(f"/proc/{pid}/status").read_text() for pid in self.processes())
        return sum(int(found.group(1)) for text in texts if (found := re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE)))

    def faults(self, *states: str) -> set[Path]:
        """The folders in these states."""
        return {folder for state in states for folder in (self.home / state).glob("*")}

    def wait_for(self, count: int, *states: str) -> None:
        """Until so many folders are in these states; `RuntimeError` when they do not come."""
        end = time.monotonic() + SECONDS
        while len(found := self.faults(*states)) < count:
            if time.monotonic() > end:
                raise RuntimeError(f"{len(found)} of {count} faults are {' or '.join(states)} after {SECONDS} s")
            time.sleep(0.02)

    def fault_of(self, pid: int) -> Path:
        """The folder of a process's crash once it has been dealt with; others may crash meanwhile. `RuntimeError`."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for fault in self.faults("done", "failed") - self._known:
                self._known.add(fault)
                if json.loads((fault / "meta.json").read_bytes())["pid"] == pid:
                    return fault
            time.sleep(0.02)
        raise RuntimeError(f"process {pid} is not in the archive")


def _times(pid: int) -> Sequence[int]:
    """utime, stime, cutime, cstime: fields 14 to 17 of proc(5)."""
    return [int(word) for word in Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[11:15]]


class Trace:
    """The agents' own clock: from the return of accept to the close of what it returned, as the kernel's tracing sees it.

    A context manager with a tracing instance of its own.
    """

    _EVENTS = ("sys_exit_accept4", "sys_enter_close")
    _LINE = re.compile(r"-(\d+) +\S+ \S+ +([0-9.]+): sys_(accept4 -> 0x([0-9a-f]+)|close\(fd: (?:0x)?([0-9a-f]+))")

    def __init__(self, mount: Path, pids: Sequence[int]) -> None:
        self._mount = mount
        self._pids = pids

    def __enter__(self) -> "Trace":
        self._mount.mkdir()
        subprocess.run(["mount", "-t", "tracefs", "tracefs", self._mount], check=True)
        self._place = self._mount / "instances" / f"obit-{os.getpid()}"
        self._place.mkdir()
        (self._place / "set_event_pid").write_text(" ".join(map(str, self._pids)))
        (self._place / "trace_clock").write_text("mono")
        for event in self._EVENTS:
            (self._place / "events/syscalls" / event / "enable").write_text("1")
        return self

    def __exit__(self, *_: object) -> None:
        self._place.rmdir()
        subprocess.run(["umount", self._mount], check=True)
        self._mount.rmdir()

    def held(self, pid: int) -> float | None:
        """Seconds of the last crash that this process accepted and let go; what was traced so far is forgotten."""
        text = (self._place / "trace").read_text()
        (self._place / "trace").write_text("")
        accepted: dict[str, float] = {}
        last = None
        for who, when, _, opened, closed in self._LINE.findall(text):
            if int(who) == pid and opened:
                accepted[opened] = float(when)
            elif int(who) == pid and closed in accepted:
                last = float(when) - accepted.pop(closed)
        return last
