"""The agent from outside: a program crashes, a fault is there; and whatever is killed in between, it is there once."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.agents import LIMIT, OBIT, PATTERN, Agent, begin, build, crash, injected, machine, until

pytestmark = [pytest.mark.needs_root, pytest.mark.exclusive]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("crash"))


@pytest.fixture
def before() -> Iterator[str]:
    """Hold the machine's core_pattern; what it was."""
    with machine() as text:
        yield text


@pytest.fixture(params=["socket", "pipe"])
def agent(request: pytest.FixtureRequest, tmp_path: Path, before: str) -> Iterator[Agent]:
    with Agent(tmp_path, capture=request.param) as running:
        yield running


@pytest.fixture
def by_socket(tmp_path: Path, before: str) -> Iterator[Agent]:
    with Agent(tmp_path) as running:
        yield running


def assert_whole(agent: Agent, pid: int) -> None:
    """The fault of a process is there once, and explained."""
    fault = agent.settled(pid)
    assert fault["state"] == "done", fault
    shown = agent.show(fault)
    assert "null" in shown["classifiers"]
    assert shown["threads"][0]["frames"][0]["function"] == "total"
    assert shown["threads"][0]["frames"][0]["source"], "the user who crashed could read it"


def test_a_crash_becomes_one_explained_fault(agent: Agent, program: Path) -> None:
    assert_whole(agent, crash(program))


def test_core_pattern_is_given_back(agent: Agent, before: str) -> None:
    assert PATTERN.read_text() != before
    assert int(LIMIT.read_text()) > 0
    assert agent.stop() == (0, "")
    assert PATTERN.read_text() == before


def test_sigterm_finishes_what_is_in_flight(by_socket: Agent, program: Path, before: str) -> None:
    committer = by_socket.role("committer")
    os.kill(committer, signal.SIGSTOP)
    pid = crash(program)
    by_socket.process.terminate()
    until(lambda: PATTERN.read_text() == before, "core_pattern to be given back")
    assert by_socket.process.poll() is None
    os.kill(committer, signal.SIGCONT)
    assert by_socket.process.wait(30) == 0
    assert [fault["state"] for fault in by_socket.faults(pid)] in (["pending"], ["done"])


def test_what_waits_is_analysed_by_the_next_agent(tmp_path: Path, before: str, program: Path) -> None:
    with Agent(tmp_path) as first:
        os.kill(first.role("committer"), signal.SIGSTOP)
        pid = crash(program)
        os.kill(first.role("committer"), signal.SIGCONT)
        first.stop()
    with Agent(tmp_path) as second:
        assert_whole(second, pid)


@pytest.mark.parametrize("role", ["receiver", "selector", "committer", "broker", "analyser"])
@pytest.mark.parametrize("when", [2, 5, 11, 23, 47, 95])
def test_a_killed_process_loses_nothing(agent: Agent, program: Path, role: str, when: int) -> None:
    """SIGKILL at the entry of its n-th system call from now on."""
    agent.role(role)
    with injected([agent.role(role)], f"all:signal=KILL:when={when}"):
        assert_whole(agent, crash(program))
    assert agent.listing()["suppressed"] == 0


@pytest.mark.parametrize("role", ["receiver", "selector", "committer", "broker", "analyser"])
def test_a_hung_process_is_replaced(by_socket: Agent, program: Path, role: str) -> None:
    pids = by_socket.roles().get(role) or [by_socket.role(role)]
    os.kill(pids[0], signal.SIGSTOP)
    pid = crash(program)
    if role in ("committer", "broker", "analyser"):
        os.kill(pids[0], signal.SIGKILL)  # nobody waits for these, so their deadlines are long
    assert_whole(by_socket, pid)


def test_a_crash_that_nobody_can_serve_is_rejected_in_time(by_socket: Agent, program: Path) -> None:
    """Every receiver hangs: the victim goes on its way, and is counted."""
    victim = begin(program)
    stopped: set[int] = set()
    while victim.poll() is None:
        for pid in set(by_socket.roles().get("receiver", ())) - stopped:
            os.kill(pid, signal.SIGSTOP)
            stopped.add(pid)
    assert victim.returncode == -signal.SIGSEGV
    assert len(stopped) >= 2
    until(lambda: by_socket.listing()["suppressed"] == 1, "it to be counted")
    assert by_socket.faults(victim.pid) == []
    assert_whole(by_socket, crash(program))


def test_a_supervisor_that_is_killed_takes_its_children_along_and_hangs_nobody(by_socket: Agent, program: Path) -> None:
    children = [pid for pids in by_socket.roles().values() for pid in pids]
    os.kill(by_socket.process.pid, signal.SIGKILL)
    by_socket.process.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "the end of its children")
    crash(program, patience=10)


def test_the_next_agent_repairs_what_a_killed_one_took(tmp_path: Path, before: str, program: Path) -> None:
    with Agent(tmp_path) as first:
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
    assert PATTERN.read_text() != before
    with Agent(tmp_path) as second:
        assert_whole(second, crash(program))
    assert PATTERN.read_text() == before


def test_a_second_agent_is_refused(by_socket: Agent, before: str) -> None:
    refused = subprocess.run([OBIT, "agent", "run"], check=False, env=by_socket.environ, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 3
    assert "runs already" in refused.stderr
    assert PATTERN.read_text() != before


def test_status(by_socket: Agent) -> None:
    def status(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [OBIT, "agent", "status", *words], check=False, env=by_socket.environ, capture_output=True, text=True, timeout=30
        )

    running = json.loads(status("--json").stdout)
    assert running["running"]
    assert running["pid"] == by_socket.process.pid
    assert {"pending", "done", "failed"} <= running["totals"].keys()
    assert "socket" in status().stdout
    by_socket.stop()
    assert json.loads(status("--json").stdout)["running"] is False
    assert status().returncode == 1


def test_an_idle_agent_sleeps(by_socket: Agent, program: Path) -> None:
    assert_whole(by_socket, crash(program))
    by_socket.role("analyser")
    pids = [by_socket.process.pid, *(pid for pids in by_socket.roles().values() for pid in pids)]

    def switches() -> int:
        lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))

    def is_quiet() -> bool:
        before = switches()
        subprocess.run([OBIT, "--version"], check=True, capture_output=True)  # some time, told by an event
        return switches() == before

    until(is_quiet, "the agent to fall asleep")
    assert is_quiet()


def test_memory_of_all_processes(by_socket: Agent, program: Path) -> None:
    assert_whole(by_socket, crash(program))
    by_socket.role("analyser")
    pids = [by_socket.process.pid, *(pid for pids in by_socket.roles().values() for pid in pids)]
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    assert sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) <= 60 * 1024


def test_what_obit_run_captures_is_one_fault_not_two(agent: Agent, program: Path) -> None:
    ran = subprocess.run([OBIT, "run", "--json", "--", program], check=False, env=agent.environ, capture_output=True, timeout=60)
    assert ran.returncode == 128 + signal.SIGSEGV
    pid = json.loads(ran.stdout)["process"]["pid"]
    assert_whole(agent, crash(program))  # the kernel asked the agent before
    assert [fault["state"] for fault in agent.faults(pid)] == ["done"]
    assert agent.show(agent.faults(pid)[0])["source"] == "ptrace"
    assert agent.listing()["suppressed"] == 0
