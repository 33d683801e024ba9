"""A disk that refuses, at every call of every process that writes: the crash is accounted for, its fault marked, and the agent goes on."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.agents import Agent, build, crash, injected, machine, until

pytestmark = [pytest.mark.needs_root, pytest.mark.exclusive]
WRITES = "write,pwrite64,writev,sendfile,copy_file_range,ftruncate,fallocate,fsync,fdatasync,mkdirat,mkdir,rename,renameat,renameat2"
STUCK = 2.0
"""Seconds after which a fault is not on its way any more."""
SWEEP = {"committer": 36, "receiver": 6, "selector": 8}
"""Calls of each for one crash, and some more."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("crash"))


def accounted(agent: Agent, pid: int) -> list[dict[str, Any]]:
    """The faults of a process where they stay: one that nobody could take to its analysis is pending."""
    end = time.monotonic() + STUCK
    while True:
        found = [fault for fault in agent.listing()["faults"] if fault["pid"] == pid]
        if time.monotonic() > end or (found and found[0]["state"] in ("done", "failed")):
            return found


@pytest.mark.parametrize("role", SWEEP)
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_write_that_fails(tmp_path: Path, program: Path, role: str, error: str) -> None:
    with machine(), Agent(tmp_path / "h") as agent:
        for call in range(1, SWEEP[role] + 1):
            agent.role("analyser")
            with injected(agent.roles()[role], f"{WRITES}:error={error}:when={call}"):
                pid = crash(program)
                found = accounted(agent, pid)
            assert len(found) == 1, f"call {call}: its metadata survives, and once"
            assert found[0]["state"] in ("done", "pending") or found[0]["reason"], f"call {call}"
            assert agent.process.poll() is None, f"call {call}"
        assert agent.settled(crash(program))["state"] == "done", "the agent goes on"
        assert agent.stop()[0] == 0
        with Agent(tmp_path / "h") as following:
            until(lambda: not following.listing()["totals"]["pending"]["count"], "the analysis of what was left")


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_disk_that_fills_up(tmp_path: Path, program: Path) -> None:
    """Some are stored, then some are only marked, at last they are counted; with room they are stored again."""
    limits = {"OBIT_LIMITS_DISK_RESERVE": "0%", "OBIT_LIMITS_MEMORY_BUDGET": "64K"}
    with small_disk(tmp_path / "disk", "2M") as disk, machine(), Agent(disk / "h", **limits) as agent:
        stored = agent.settled(crash(program))
        pids = [crash(program) for _ in range(12)]
        until(lambda: _all_settled(agent, 1 + len(pids)), "every crash's account")
        states = [fault["state"] for fault in agent.listing()["faults"]]
        assert stored["state"] == "done"
        assert set(states) != {"done"} or agent.listing()["suppressed"], "the disk was full"
        subprocess.run(["mount", "-o", "remount,size=32M", disk], check=True)
        assert agent.settled(crash(program))["state"] == "done", "it goes on when there is room"
        assert agent.process.poll() is None


def _all_settled(agent: Agent, count: int) -> bool:
    listed = agent.listing()
    settled = [fault for fault in listed["faults"] if fault["state"] in ("done", "failed")]
    return sum(int(fault["occurrences"]) for fault in settled) + int(listed["suppressed"]) == count
