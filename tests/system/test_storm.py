"""Crashes in a row while processes of the agent are killed at random moments: each is accounted for once, and none waits for ever.

100 crashes a way; `make storm` sets OBIT_STORM to 1,000. The seed is OBIT_STORM_SEED.
"""

import os
import random
import select
import signal
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.system.agents import LIMIT, PATTERN, SECONDS, Agent, machine

pytestmark = [pytest.mark.needs_root, pytest.mark.exclusive]
CRASHES = int(os.environ.get("OBIT_STORM", "100"))
SEED = int(os.environ.get("OBIT_STORM_SEED", "3"))
AT_A_TIME = 8
LONGEST = 0.03
"""Seconds after the start of a crash in which somebody is killed: about what its capture takes."""
VICTIM = """
#include <stdlib.h>
struct order { int id; struct order *next; };
int total(struct order *o, int depth) { return depth ? total(o, depth - 1) + 1 : o->next->id; }
int main(int count, char **words) { struct order last = {7, 0}; return total(&last, atoi(getenv("DEPTH"))); }
"""


class Storm:
    """Some crashes at a time; `dice` decides when who dies."""

    def __init__(self, victim: Path, dice: random.Random) -> None:
        self._victim = victim
        self._dice = dice
        self._running: list[subprocess.Popen[bytes]] = []
        self.pids: list[int] = []
        self.killed = 0

    def blow(self, agent: Agent, crashes: int, kinds: int = 1) -> None:
        """So many crashes in so many places; processes of the agent die every now and then."""
        for _ in range(crashes):
            self.crash(kinds)
            if self._dice.random() < 0.3:
                self._strike(agent)
        self.calm()

    def crash(self, kinds: int = 1) -> None:
        """One more, when there is room."""
        if len(self._running) >= AT_A_TIME:
            self._reap(self._running.pop(0))
        command = ["prlimit", "--core=unlimited:unlimited", str(self._victim)]
        self._running.append(subprocess.Popen(command, env={"DEPTH": str(self._dice.randrange(kinds)), "PATH": os.environ["PATH"]}))
        self.pids.append(self._running[-1].pid)

    def calm(self) -> None:
        """Until the last one is gone."""
        while self._running:
            self._reap(self._running.pop())

    def _strike(self, agent: Agent) -> None:
        has_ended(self._running[-1], self._dice.random() * LONGEST)
        below = [pid for pids in agent.roles().values() for pid in pids]
        if below:
            with suppress(ProcessLookupError):
                os.kill(self._dice.choice(below), signal.SIGKILL)
                self.killed += 1

    def _reap(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.wait(SECONDS) == -11, "no crashed process may hang"


def has_ended(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Whether a child ends within this time. It is not reaped."""
    handle = os.pidfd_open(process.pid)
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("storm") / "stormy"
    subprocess.run(["gcc", "-g", "-x", "c", "-", "-o", place], input=VICTIM.encode(), check=True)
    return place


class Account:
    """What the archive says of a storm."""

    def __init__(self, agent: Agent) -> None:
        listed: dict[str, Any] = agent.listing()
        self.faults = [fault for fault in listed["faults"] if fault["application"] in ("stormy", None)]
        self.times = Counter(int(fault["pid"]) for fault in self.faults)
        self.suppressed = int(listed["suppressed"])
        self.caught = sum(int(fault["occurrences"]) for fault in self.faults) + self.suppressed


@pytest.mark.parametrize("capture", ["socket", "pipe"])
def test_every_crash_is_accounted_for_once(victim: Path, tmp_path: Path, capture: str) -> None:
    storm = Storm(victim, random.Random(SEED))
    with machine() as before, Agent(tmp_path / "h", capture=capture) as agent:
        storm.blow(agent, CRASHES)
        status, complaints = agent.stop()
        assert PATTERN.read_text() == before
    account = Account(agent)
    assert status == 0, complaints
    assert storm.killed > CRASHES / 10
    assert set(account.times) <= set(storm.pids)
    assert max(account.times.values()) == 1, "none twice"
    assert account.caught == CRASHES, complaints
    assert account.suppressed <= CRASHES / 10, complaints
    assert not list((tmp_path / "h/incoming").iterdir())


def test_folded_crashes_are_counted_whoever_is_killed(victim: Path, tmp_path: Path) -> None:
    storm = Storm(victim, random.Random(SEED))
    with machine(), Agent(tmp_path / "h", OBIT_LIMITS_PER_PROGRAM="10/1h") as agent:
        storm.blow(agent, CRASHES, kinds=20)
        status, complaints = agent.stop()
    account = Account(agent)
    assert status == 0, complaints
    assert account.caught == CRASHES, complaints
    assert len(account.faults) <= 10 + storm.killed // 10
    assert account.suppressed, "more kinds than may be stored"


def test_after_the_supervisor_was_killed_the_next_one_puts_it_right(victim: Path, tmp_path: Path) -> None:
    """What the kernel had not handed over when it died was never caught; all else is there once, and core_pattern given back."""
    storm = Storm(victim, random.Random(SEED))
    with machine() as before:
        limit = LIMIT.read_text()
        for _ in range(3):
            with Agent(tmp_path / "h") as agent:
                storm.blow(agent, CRASHES // 10)
                for _ in range(AT_A_TIME):
                    storm.crash()
                below = [pid for pids in agent.roles().values() for pid in pids]
                agent.process.kill()
                agent.process.communicate()  # they hold its standard error until they end with it
                assert not any(Path(f"/proc/{pid}/exe").exists() for pid in below)
            assert PATTERN.read_text() != before
            storm.calm()
        with Agent(tmp_path / "h") as agent:
            storm.blow(agent, CRASHES // 10)
            status, complaints = agent.stop()
        assert (PATTERN.read_text(), LIMIT.read_text()) == (before, limit)
    account = Account(agent)
    assert status == 0, complaints
    assert max(account.times.values()) == 1
    assert len(storm.pids) - 3 * AT_A_TIME <= account.caught <= len(storm.pids), complaints
