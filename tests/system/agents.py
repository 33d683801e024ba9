"""An agent under test, seen from outside: started, asked, hit, stopped; and the machine's core_pattern, held and put back."""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OBIT = Path(sys.executable).with_name("obit")
PATTERN, LIMIT = Path("/proc/sys/kernel/core_pattern"), Path("/proc/sys/kernel/core_pipe_limit")
SECONDS = 20.0
CRASH = r"""
struct order { int id; struct order *next; };
__attribute__((noinline)) int total(struct order *order, int vat) {
    volatile int sum = 0;
    while (sum >= 0) {
        sum += order->id * vat;
        order = order->next;
    }
    return sum;
}
int main(void) {
    struct order only = {7, 0};
    return total(&only, 19);
}
"""


@contextmanager
def machine() -> Iterator[str]:
    """Hold the machine's core_pattern, and give it; it is put back whatever happens."""
    with open("/tmp/core_pattern.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = {path: path.read_bytes() for path in (PATTERN, LIMIT)}
        try:
            yield PATTERN.read_text()
        finally:
            for path, text in before.items():
                path.write_bytes(text)


def until(condition: Callable[[], Any], what: str) -> Any:
    """The first true value of a condition; the test fails when there is none in time."""
    end = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        select.select([], [], [], 0.01)
    return value


def build(folder: Path) -> Path:
    """The program that crashes: at once."""
    (folder / "crash.c").write_text(CRASH)
    subprocess.run(["gcc", "-g", "-O1", "crash.c", "-o", "crash"], cwd=folder, check=True)
    return folder / "crash"


def crash(program: Path, *, patience: float = SECONDS) -> int:
    """Let it crash, and wait until the kernel has let go of it; its process number."""
    victim = begin(program)
    assert victim.wait(patience) == -signal.SIGSEGV
    return victim.pid


def begin(program: Path) -> "subprocess.Popen[bytes]":
    """Start the program with an unlimited RLIMIT_CORE."""
    return subprocess.Popen(["prlimit", "--core=unlimited:unlimited", program], stdin=subprocess.DEVNULL, cwd=program.parent)


class Agent:
    """`obit agent run` with an archive of its own."""

    def __init__(self, home: Path, *, capture: str = "socket", **environ: str) -> None:
        self.home = home
        self.environ = {**os.environ, "OBIT_HOME": str(home), "NO_COLOR": "1", "OBIT_LIMITS_PER_PROGRAM": "off", **environ}
        self.process = subprocess.Popen(
            [OBIT, "agent", "run", "--capture", capture], env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self.process.communicate()[1]

    def roles(self) -> dict[str, list[int]]:
        """The processes below the supervisor."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        found: dict[str, list[int]] = {}
        for pid in map(int, children):
            try:
                found.setdefault(Path(f"/proc/{pid}/comm").read_text().strip().removeprefix("obit-"), []).append(pid)
            except OSError:
                continue
        return found

    def role(self, name: str) -> int:
        """The first process of a role, once it is there."""
        return int(until(lambda: self.roles().get(name), f"a {name}")[0])

    def listing(self) -> dict[str, Any]:
        """`obit list --json`."""
        out = subprocess.run([OBIT, "list", "--json"], env=self.environ, capture_output=True, text=True, timeout=SECONDS, check=True).stdout
        listed: dict[str, Any] = json.loads(out)
        return listed

    def faults(self, pid: int) -> list[dict[str, Any]]:
        """The faults of a process."""
        return [fault for fault in self.listing()["faults"] if fault["pid"] == pid]

    def settled(self, pid: int) -> dict[str, Any]:
        """The one fault of a process, once it is done or failed."""
        found = until(lambda: [fault for fault in self.faults(pid) if fault["state"] in ("done", "failed")], f"the fault of process {pid}")
        assert len(self.faults(pid)) == 1
        fault: dict[str, Any] = found[0]
        return fault

    def show(self, fault: dict[str, Any]) -> dict[str, Any]:
        """`obit show --json`."""
        words = [OBIT, "show", fault["id"], "--json"]
        shown: dict[str, Any] = json.loads(subprocess.run(words, env=self.environ, capture_output=True, timeout=SECONDS, check=True).stdout)
        return shown

    def stop(self) -> tuple[int, str]:
        """SIGTERM; its exit status and what it said on standard error."""
        self.process.terminate()
        _, complaints = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, complaints

    def __enter__(self) -> "Agent":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            try:
                self.stop()
            finally:
                self.process.kill()
        self.process.communicate()


@contextmanager
def injected(pids: list[int], injection: str) -> Iterator[None]:
    """Have the system calls of processes fail, or kill them, as strace(1) says it: `all:signal=KILL:when=7`."""
    words = [word for pid in pids for word in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", *words, "-o", "/dev/null", "-e", f"inject={injection}"], stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    for _ in pids:
        assert "attached" in tracer.stderr.readline()
    try:
        yield
    finally:
        tracer.terminate()
        tracer.communicate()
