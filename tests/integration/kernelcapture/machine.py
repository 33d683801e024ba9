"""Borrowing the machine's core_pattern, and letting one program crash into a socket or a pipe of ours.

The lock is held from the change of core_pattern until the program's core has begun to come, and no longer. Other programs may crash
meanwhile: their cores are refused.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from obit.capture import coredumpsocket, fullcore, kernel_pipe, kernelcore, pidfd, stream, victim
from obit.capture.stream import Head
from obit.capture.victim import Captured

PATTERN = Path("/proc/sys/kernel/core_pattern")
PIPE_LIMIT = Path("/proc/sys/kernel/core_pipe_limit")
LOCK = "/tmp/core_pattern.lock"
SECONDS = 30
PROGRAMS = Path(__file__).with_name("programs")


@contextmanager
def core_pattern(text: str) -> Iterator[None]:
    """Ours, for as long as the block lasts."""
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before, limit = PATTERN.read_text(), PIPE_LIMIT.read_text()
        try:
            PIPE_LIMIT.write_text("32")
            PATTERN.write_text(text)
            yield
        finally:
            PATTERN.write_text(before)
            PIPE_LIMIT.write_text(limit)


def start(command: Sequence[str | Path]) -> "subprocess.Popen[bytes]":
    """Start a program that will crash. The kernel asks nobody about a process whose cores are limited to nothing."""
    words = ["prlimit", "--core=unlimited", *(str(word) for word in command)]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def build(folder: Path, source: Path, *flags: str) -> Path:
    """Compile a C program."""
    exe = folder / source.stem
    subprocess.run(["gcc", "-g", "-O1", "-w", "-pthread", str(source), "-o", str(exe), *flags], check=True)
    return exe


class Victim(NamedTuple):
    """A process in the middle of its dump; the core's memory is still in the kernel's hands."""

    pid: int
    connection: socket.socket
    head: Head

    def captured(self) -> Captured:
        """Everything but its memory."""
        return kernelcore.captured_of(self.head, self.pid, source="kernel-socket")

    def open(self, name: str) -> int:
        """A descriptor of one of its files in /proc; that of a thread that lives."""
        return os.open(f"/proc/{self.pid}/task/{self.captured().threads[0].tid}/{name}", os.O_RDONLY)


@contextmanager
def crashing(folder: Path, command: Sequence[str | Path], is_it: Callable[[int, int], bool] = int.__eq__) -> Iterator[Victim]:
    """Let a program crash into a socket. `is_it(pid of the crashed, pid of what was started)` tells it from others."""
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(16)
        server.settimeout(SECONDS)
        with core_pattern(f"@@{path}"):
            started = start(command)
            pid, connection = _accepted(server, started.pid, is_it)
        path.unlink()
        with connection:
            connection.settimeout(SECONDS)
            assert coredumpsocket.decode_mark(connection.recv(coredumpsocket.MARK_SIZE)) == coredumpsocket.MARK_ACCEPTED
            yield Victim(pid, connection, stream.read_head(connection.recv))
        started.wait(SECONDS)


def _accepted(server: socket.socket, started: int, is_it: Callable[[int, int], bool]) -> tuple[int, socket.socket]:
    while True:
        connection, _ = server.accept()
        (handle,) = struct.unpack("i", connection.getsockopt(socket.SOL_SOCKET, pidfd.SO_PEERPIDFD, 4))
        known = pidfd.info(handle)
        os.close(handle)
        assert known is not None
        request = coredumpsocket.decode_request(connection.recv(coredumpsocket.REQUEST_SIZE))
        assert request.allows(coredumpsocket.KERNEL | coredumpsocket.WAIT | coredumpsocket.REJECT)
        ours = is_it(known.tgid, started)
        mask = coredumpsocket.KERNEL | coredumpsocket.WAIT if ours else coredumpsocket.REJECT
        connection.sendall(coredumpsocket.encode_ack(mask))
        if ours:
            return known.tgid, connection
        connection.close()


class Cores(NamedTuple):
    """Three cores of one crash: our selection, our full one, the kernel's."""

    exe: Path
    mini: Path
    full: Path
    kernels: Path


def cores(folder: Path, exe: Path, *arguments: str) -> Cores:
    """Let a program crash once and write all three."""
    found = Cores(exe, folder / "mini", folder / "full", folder / "kernels")
    with crashing(folder, [exe, *arguments]) as crashed:
        captured, memory, pagemap = crashed.captured(), crashed.open("mem"), crashed.open("pagemap")
        with found.mini.open("w+b") as file:
            victim.write(captured, file.fileno(), memory=memory)
        with found.full.open("w+b") as file:
            victim.write(captured, file.fileno(), memory=memory, full=True, pagemap=pagemap)
        with found.kernels.open("w+b") as file:
            fullcore.copy_stream(crashed.head, crashed.connection.recv, file.fileno())
        os.close(memory)
        os.close(pagemap)
    return found


def pipe_config(folder: Path, **settings: str) -> Path:
    """The handler's configuration. Its path must be short."""
    path = folder / "c"
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    path.chmod(0o600)
    return path


def crash_into_pipe(config: Path, command: Sequence[str | Path], python: str = sys.executable) -> int:
    """Let a program crash into the pipe handler; returns its pid once it has been reaped."""
    with core_pattern(kernel_pipe.pattern(python, str(config))):
        started = start(command)
        started.wait(SECONDS)
    return started.pid
