"""Stops, kills and left-behind processes: nobody is left stopped, and the terminal's signals do what they do without us."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.capture.running import SECONDS, build, order, run


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


@contextmanager
def started(home: Path, *command: str | Path, **options: str) -> Iterator[subprocess.Popen[str]]:
    """The tracer with a command, in a process group of its own as a shell would start it."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(order(home, *command, **options), stdin=pipe, stdout=pipe, stderr=pipe, text=True, process_group=0)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=SECONDS)


def told(fifo: Path) -> str:
    """What somebody writes into a FIFO, and waits until it does."""
    return fifo.read_text().strip()


def status_field(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{name}:"))


def wait_for_state(pid: int, letters: str) -> None:
    """Wait until a process is in one of these states: under a tracer it passes through others."""
    while status_field(pid, "State")[0] not in letters:
        os.sched_yield()


def test_a_killed_tracer_leaves_its_program_running(tmp_path: Path, fifo: Path) -> None:
    script = f"echo $$ > {fifo}; cat {fifo} >/dev/null; kill -QUIT $$"
    with started(tmp_path / "home", "sh", "-c", f'sh -c "$0"; echo $? > {fifo}', script) as tracer:
        pid = int(told(fifo))
        assert status_field(pid, "TracerPid") != "0"
        tracer.kill()
        tracer.wait(SECONDS)
        assert status_field(pid, "TracerPid") == "0"
        fifo.write_text("go on")
        assert told(fifo) == str(128 + signal.SIGQUIT)


def test_a_tracer_killed_in_a_capture_does_not_swallow_the_signal(tmp_path: Path, fifo: Path) -> None:
    with started(tmp_path / "home", "sh", "-c", f'sh -c "kill -QUIT \\$\\$"; echo $? > {fifo}', trouble="killed"):
        assert told(fifo) == str(128 + signal.SIGQUIT)


def test_what_outlives_the_command_is_let_go(tmp_path: Path, fifo: Path) -> None:
    ran = run(tmp_path / "home", "sh", "-c", f"(cat {fifo}; cat {fifo}) >/dev/null 2>&1 & echo $!")
    pid = int(ran.stdout)
    try:
        fifo.write_text("are you there?")
        assert status_field(pid, "TracerPid") == "0"
    finally:
        os.kill(pid, signal.SIGKILL)


def test_suspending_and_continuing_the_job(tmp_path: Path, fifo: Path) -> None:
    """Ctrl-Z: the command stops, and then we do, so that the shell gets its terminal back; `fg` continues both."""
    with started(tmp_path / "home", "sh", "-c", f"echo $$ > {fifo}; read line; echo got $line") as tracer:
        pid = int(told(fifo))
        for _ in range(3):
            os.killpg(tracer.pid, signal.SIGTSTP)
            _, status = os.waitpid(tracer.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            wait_for_state(pid, "tT")
            os.killpg(tracer.pid, signal.SIGCONT)
            # A stop that comes before both have gone on would undo the continuing: a user is not that fast.
            os.waitpid(tracer.pid, os.WCONTINUED)
            wait_for_state(pid, "RS")
        output, _ = tracer.communicate("on\n", timeout=SECONDS)
        assert output.startswith("got on\n")
        assert '"status": 0' in output


def test_a_command_that_ignores_ctrl_z_keeps_us_running(tmp_path: Path, fifo: Path) -> None:
    with started(tmp_path / "home", "sh", "-c", f"trap '' TSTP; echo $$ > {fifo}; read line; exit 9") as tracer:
        told(fifo)
        os.killpg(tracer.pid, signal.SIGTSTP)
        output, _ = tracer.communicate("on\n", timeout=SECONDS)
        assert '"status": 9' in output


def test_a_command_stopped_by_somebody_else_can_be_continued(tmp_path: Path, fifo: Path) -> None:
    with started(tmp_path / "home", "sh", "-c", f"echo $$ > {fifo}; cat {fifo} > /dev/null; exit 9") as tracer:
        pid = int(told(fifo))
        os.kill(pid, signal.SIGSTOP)
        wait_for_state(pid, "tT")
        os.kill(pid, signal.SIGCONT)
        fifo.write_text("go on")
        output, _ = tracer.communicate(timeout=SECONDS)
        assert '"status": 9' in output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_sent_to_us_alone_is_meant_for_the_command(tmp_path: Path, fifo: Path, number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'kill $!; exit 9' {name}; sleep {SECONDS} > /dev/null 2>&1 & echo $$ > {fifo}; wait"
    with started(tmp_path / "home", "sh", "-c", script) as tracer:
        told(fifo)
        tracer.send_signal(number)
        output, _ = tracer.communicate(timeout=SECONDS)
        assert '"status": 9' in output


def test_ctrl_c_ends_the_command_and_not_the_report(tmp_path: Path, fifo: Path) -> None:
    """On a terminal: a pseudo-terminal whose foreground job is the tracer gets the character ^C."""
    code = (
        "import os, pty, subprocess, sys\n"
        "pid, terminal = pty.fork()\n"
        "if pid == 0: os.execv(sys.argv[2], sys.argv[2:])\n"
        "open(sys.argv[1]).read()\n"
        "os.write(terminal, b'\\x03')\n"
        "output = b''\n"
        "try:\n"
        "    while block := os.read(terminal, 4096): output += block\n"
        "except OSError: pass\n"
        "os.waitpid(pid, 0)\n"
        "print(output.decode())\n"
    )
    tracer = order(tmp_path / "home", "sh", "-c", f"echo ready > {fifo}; read line")
    done = subprocess.run([sys.executable, "-c", code, fifo, *tracer], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert '"status": 130' in done.stdout


def test_a_killed_command_is_no_fault(tmp_path: Path, fifo: Path) -> None:
    with started(tmp_path / "home", "sh", "-c", f"echo $$ > {fifo}; read line") as tracer:
        os.kill(int(told(fifo)), signal.SIGKILL)
        output, _ = tracer.communicate(timeout=SECONDS)
        assert '"status": 137' in output
        assert '"cores": []' in output


def test_a_crash_storm_leaves_nothing_behind(tmp_path: Path) -> None:
    """Many processes that crash at the same time, with threads."""
    die = build(tmp_path, "die")
    script = f"for n in 1 2 3 4 5 6 7 8; do {die} all-at-once & done; wait"
    ran = run(tmp_path / "home", "sh", "-c", script)
    assert (ran.status, len(ran.cores), ran.complaints, ran.children_left) == (0, 8, [], False)
    assert not list((tmp_path / "home" / "incoming").iterdir())
