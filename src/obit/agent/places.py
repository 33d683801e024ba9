"""Where the agent has its sockets, and how others find out about it."""

import fcntl
import json
import os
from typing import Any

import obit
from obit.capture import kernel_pipe
from obit.capture.agentsocket import DROP, runtime_directory
from obit.capture.procfs import parse_stat
from obit.errors import EnvironmentLacks

KERNEL, STATE, CONFIG, HANDLER, EMPTY = "kernel", "agent.json", "pipe", "p", "empty"
# An installed package lies too deep for core_pattern, and what is imported is compiled already.
_HANDLER = """import posix, sys
sys.path.insert(0, {source!r})
from obit.capture.kernel_pipe import main
posix._exit(main([{config!r}, *sys.argv[1:]]))
"""


class Runtime:
    """The directory, locked by the agent that uses it for as long as it lives."""

    def __init__(self, home: str) -> None:
        self.directory = runtime_directory(home)
        self._home = home
        self._lock = -1

    @property
    def kernel_socket(self) -> str:
        """Where the kernel connects."""
        return f"{self.directory}/{KERNEL}"

    @property
    def drop_socket(self) -> str:
        """Where everybody else does."""
        return f"{self.directory}/{DROP}"

    @property
    def empty(self) -> str:
        """An empty directory."""
        return f"{self.directory}/{EMPTY}"

    def __enter__(self) -> None:
        os.makedirs(self._home, 0o700, exist_ok=True)
        os.makedirs(self.empty, 0o755, exist_ok=True)
        self._lock = os.open(f"{self.directory}/{STATE}", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise EnvironmentLacks(f"an agent runs already (its sockets are in {self.directory}): `obit agent status` shows it") from None

    def __exit__(self, *_: object) -> None:
        # Sockets that systemd has passed are its own: crashes wait in them for the next agent (sd_listen_fds(3)).
        ours = () if os.environ.get("LISTEN_PID") == str(os.getpid()) else (KERNEL, DROP)
        for name in (*ours, CONFIG, HANDLER, STATE):
            try:
                os.unlink(f"{self.directory}/{name}")
            except FileNotFoundError:
                pass
        for directory in (self.empty, self.directory):
            try:
                os.rmdir(directory)
            except OSError:
                pass  # systemd's sockets are in it
        os.close(self._lock)

    def say(self, mode: str) -> None:
        """Write down that we run, and how crashes come."""
        with open("/proc/self/stat", "rb") as file:
            started = parse_stat(file.read()).start_time
        data = json.dumps({"pid": os.getpid(), "start_time": started, "home": self._home, "pattern": mode}).encode()
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, data, 0)

    def pipe_pattern(self, settings: dict[str, Any]) -> str:
        """core_pattern of the pipe, whose handler reads the settings that are written here. `EnvironmentLacks`."""
        import sys

        config, handler = f"{self.directory}/{CONFIG}", f"{self.directory}/{HANDLER}"
        _write(config, "".join(f"{name}={value}\n" for name, value in settings.items()))
        _write(handler, _HANDLER.format(source=os.path.dirname(os.path.dirname(obit.__file__)), config=config))
        text = f"|{os.path.realpath(sys.executable)} -I -S {handler} {kernel_pipe.SPECIFIERS}"
        if len(os.fsencode(text)) > kernel_pipe.PATTERN_LIMIT or len(text.split()) != 4 + len(kernel_pipe.SPECIFIERS.split()):
            raise EnvironmentLacks(f"core_pattern takes {kernel_pipe.PATTERN_LIMIT} bytes and no blanks in paths: {text} has more")
        return text


def _write(path: str, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644), "w") as file:
        file.write(text)


def running(home: str) -> dict[str, Any] | None:
    """What the agent of this archive wrote down; None when none runs."""
    try:
        fd = os.open(f"{runtime_directory(home)}/{STATE}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        found = json.loads(os.pread(fd, 4096, 0) or b"null")
        return found if isinstance(found, dict) else None
    finally:
        os.close(fd)
    return None
