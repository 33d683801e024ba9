"""What the processes that handle hostile bytes cannot do any more."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from obit.agent import confinement, seccomp
from obit.agent.preload import preload

pytestmark = pytest.mark.needs_root

Attempt = Callable[[], object]
ATTEMPTS: dict[str, Attempt] = {
    "open a file": lambda: os.open("/", os.O_RDONLY),
    "open a connection": lambda: socket.socket(socket.AF_UNIX),
    "start a program": lambda: os.execv("/bin/true", ["true"]),
    "start a process": os.fork,
    "end another process": lambda: os.kill(os.getppid(), 0),
    "become root": lambda: os.setuid(0),
    "take hold of a process": lambda: os.pidfd_open(1),
    "leave its root": lambda: os.chroot("/"),
}


def outcome(folder: Path, attempt: Attempt) -> int:
    """0 when a confined process was refused, 1 when it succeeded, more when the confinement failed."""
    child = os.fork()
    if child == 0:
        status = 3
        try:
            confinement.enter_void(str(folder))
            assert seccomp.refuse()
            status = 1
            attempt()
        except OSError:
            status = 0 if status == 1 else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_confined_process_cannot(name: str, tmp_path: Path) -> None:
    assert outcome(tmp_path, ATTEMPTS[name]) == 0


def test_it_can_still_use_what_it_was_given(tmp_path: Path) -> None:
    preload()
    with (tmp_path / "given").open("w+b") as file:
        assert outcome(tmp_path, lambda: os.write(file.fileno(), b"result")) == 1
        assert (tmp_path / "given").read_bytes() == b"result"


def test_the_committer_has_no_capability(tmp_path: Path) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            confinement.keep_capabilities()
            lines = Path("/proc/self/status").read_text().splitlines()
            os.write(write, "".join(line.split()[1] for line in lines if line.startswith(("CapEff", "CapPrm", "CapBnd"))).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert set(os.read(read, 100)) == {ord("0")}
    os.close(read)
    os.close(write)
