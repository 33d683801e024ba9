"""Starting the program that `obit run` watches: as a shell would, but held back until somebody says go. Standard library only."""

import os
import signal
from collections.abc import Sequence
from errno import EACCES, ENOENT, ENOEXEC, ENOTDIR
from typing import NamedTuple

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit statuses of a shell whose command is not there, or cannot be run (POSIX 2.8.2)."""

_ABSENT = (ENOENT, ENOTDIR)
SignalMask = set[int | signal.Signals]

_CHANGED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class Failed(NamedTuple):
    """A command that could not be run: the shell's exit status, and why."""

    status: int
    reason: str


class Child:
    """A forked process that waits before its exec. `pid` is the command's own, for exec keeps it."""

    def __init__(self, command: Sequence[str], *, stdout_to_stderr: bool, mask: SignalMask) -> None:
        """Fork. `mask` is the signal mask to give to the command; OSError when no process can be had."""
        go_read, self._go = os.pipe()
        self._errors, error_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._go)
            _become(command, go_read, error_write, stdout_to_stderr, mask)
        os.close(go_read)
        os.close(error_write)

    def start(self) -> None:
        """Let it exec."""
        os.write(self._go, b"!")
        os.close(self._go)

    def failure(self) -> Failed | None:
        """Why the exec failed; None when it did not (or has not been tried yet). Never blocks once the child is gone."""
        os.set_blocking(self._errors, False)
        try:
            word = os.read(self._errors, 16)
        except BlockingIOError:
            word = b""
        os.close(self._errors)
        if not word:
            return None
        error = int(word)
        return Failed(NOT_FOUND if error in _ABSENT else NOT_EXECUTABLE, os.strerror(error))


def _become(command: Sequence[str], go: int, errors: int, stdout_to_stderr: bool, mask: SignalMask) -> None:
    """In the child: wait for the word, then turn into the command. Does not return."""
    try:
        if stdout_to_stderr:
            os.dup2(2, 1)
        for number in _CHANGED_BY_PYTHON:
            signal.signal(number, signal.SIG_DFL)
        if not os.read(go, 1):
            os._exit(1)  # whoever should have said go is dead
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        # A Go program prints all its goroutines and dies of SIGABRT only with this.
        _exec(command, {"GOTRACEBACK": "crash"} | os.environ)
    except OSError as error:
        os.write(errors, str(error.errno).encode())
    finally:
        os._exit(NOT_EXECUTABLE)


def _exec(command: Sequence[str], environment: dict[str, str]) -> None:
    """execvp(3): it searches PATH, and hands a script without an interpreter line to the shell. OSError prefers a file that was found."""
    name = command[0]
    paths = [name] if "/" in name else [os.path.join(folder, name) for folder in os.get_exec_path(environment)]
    refused = OSError(ENOENT, name)
    for path in paths if name else ():
        try:
            os.execve(path, list(command), environment)  # noqa: S606  running what the user names is the purpose
        except OSError as error:
            if error.errno == ENOEXEC:
                os.execve("/bin/sh", ["/bin/sh", path, *command[1:]], environment)  # noqa: S606  the same
            if error.errno not in (*_ABSENT, EACCES):
                raise
            refused = error if error.errno == EACCES else refused
    raise refused
