"""The pipe handler as the kernel runs it: alone, with an agent, with one that does not answer."""

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from obit.capture import kernel_pipe
from obit.capture.stream import read_head
from obit.debuginfo.elf import reader
from obit.image.core import Core, parse_core
from tests.integration.kernelcapture.machine import PROGRAMS, SECONDS, build, core_pattern, crash_into_pipe, pipe_config, start

pytestmark = [pytest.mark.needs_root, pytest.mark.exclusive]


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("memory"), PROGRAMS / "memory.c")


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path that fits into core_pattern."""
    place = Path(f"/run/obit-t{os.getpid()}")
    place.mkdir(0o700, exist_ok=True)
    yield place
    for path in place.iterdir():
        path.unlink()
    place.rmdir()


def settle(home: Path) -> None:
    """Wait until nobody is at work on a fault: the process is released before the disk is waited for. A writer holds its folder's lock."""
    for place in (home / "incoming").iterdir():
        try:
            fd = os.open(place, os.O_RDONLY)
        except FileNotFoundError:
            continue  # just committed
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.close(fd)


def only(home: Path, state: str, pid: int) -> Path:
    """The fault of our program; others may have crashed at that moment."""
    settle(home)
    (fault,) = [place for place in (home / state).iterdir() if meta(place)["pid"] == pid]
    return fault


def meta(fault: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((fault / "meta.json").read_text())
    return found


def core(fault: Path) -> Core:
    data = (fault / "core").read_bytes()
    return parse_core(reader(data), len(data))


def test_without_an_agent_the_fault_is_pending_in_the_archive(memory: Path, tmp_path: Path, short: Path) -> None:
    pid = crash_into_pipe(pipe_config(short, home=str(tmp_path / "home")), [memory, "plain"])
    fault = only(tmp_path / "home", "pending", pid)
    found = meta(fault)
    assert (found["source"], found["pid"], found["tid"], found["dumpable"]) == ("kernel-pipe", pid, pid, 1)
    assert (found["exe"], found["application"], found["uid"], found["missing"]) == (str(memory), "memory", 0, [])
    assert found["signal"] == {"number": 11, "name": "SIGSEGV", "code": 1}
    assert core(fault).threads[0].tid == pid


def test_a_full_core(memory: Path, tmp_path: Path, short: Path) -> None:
    pid = crash_into_pipe(pipe_config(short, home=str(tmp_path / "home"), full="yes"), [memory, "sparse"])
    fault = only(tmp_path / "home", "pending", pid)
    assert (fault / "core").stat().st_size > 1 << 34
    assert (fault / "core").stat().st_blocks < 8 << 11


def test_where_there_is_no_room_the_metadata_says_so(memory: Path, tmp_path: Path, short: Path) -> None:
    pid = crash_into_pipe(pipe_config(short, home=str(tmp_path / "home"), reserve=str(1 << 60)), [memory, "plain"])
    fault = only(tmp_path / "home", "failed", pid)
    assert meta(fault)["pid"] == pid
    assert "free on the archive's disk" in (fault / "reason").read_text()
    assert not (fault / "core").exists()


def test_a_configuration_that_others_may_write_counts_for_nothing(tmp_path: Path) -> None:
    path = pipe_config(tmp_path, home="/etc")
    assert kernel_pipe.read_config(str(path)) == {"home": "/etc"}
    path.chmod(0o620)
    assert kernel_pipe.read_config(str(path)) == {}
    path.chmod(0o600)
    os.chown(path, 65534, 65534)
    assert kernel_pipe.read_config(str(path)) == {}


def agent(short: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(str(short / "s"))
    server.listen(8)
    server.settimeout(SECONDS)
    return server


def test_the_agent_gets_the_pipe_and_the_process_waits_for_it(memory: Path, tmp_path: Path, short: Path) -> None:
    config = pipe_config(short, home=str(tmp_path / "home"), socket=str(short / "s"))
    with agent(short) as server:
        with core_pattern(kernel_pipe.pattern(sys.executable, str(config))):
            started = start([memory, "plain"])
            connection, crash, pipe = _handed(server, started.pid)
        assert (crash.tid, crash.signal, crash.dumpable) == (started.pid, 11, 1)
        connection.send(kernel_pipe.TAKEN)
        connection.close()
        assert read_head(lambda size: os.read(pipe, size)).machine in (62, 183)
        assert Path(f"/proc/{started.pid}/maps").read_text().count("memory"), "it is still there, although the handler has gone"
        os.close(pipe)
        started.wait(SECONDS)
    assert not (tmp_path / "home").exists()


def test_an_agent_that_closes_without_an_answer_leaves_the_crash_to_the_handler(memory: Path, tmp_path: Path, short: Path) -> None:
    config = pipe_config(short, home=str(tmp_path / "home"), socket=str(short / "s"))
    with agent(short) as server, core_pattern(kernel_pipe.pattern(sys.executable, str(config))):
        started = start([memory, "plain"])
        connection, _, pipe = _handed(server, started.pid)
        connection.close()
        os.close(pipe)
        started.wait(SECONDS)
    assert meta(only(tmp_path / "home", "pending", started.pid))["dumpable"] == 1


def _handed(server: socket.socket, pid: int) -> tuple[socket.socket, kernel_pipe.Crash, int]:
    """The handover of our own program; others are let go."""
    while True:
        connection, _ = server.accept()
        message, descriptors, _, _ = socket.recv_fds(connection, 256, 4)
        crash = kernel_pipe.decode(message, *descriptors[1:])
        if crash.pid == pid:
            return connection, crash, descriptors[0]
        connection.send(kernel_pipe.TAKEN)
        for descriptor in descriptors:
            os.close(descriptor)


def test_the_handler_loads_nothing_before_it_hands_over() -> None:
    path = Path(kernel_pipe.__file__)
    code = f"import sys; before = set(sys.modules); exec(compile(open({str(path)!r}).read(), 'x', 'exec'), {{'__name__': 'x'}})"
    code += "; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
