"""A process below the supervisor: forked ready, asked over its channel, gone when either side ends."""

import gc
import os
import signal
from collections.abc import Callable
from socket import socket
from typing import TYPE_CHECKING, NoReturn

from obit.agent import confinement
from obit.agent.messages import pair

if TYPE_CHECKING:
    from obit.agent.flight import Flight

FIRST, LAST = -15, 5
_AWAITED = ("receiver", "selector")

Main = Callable[[socket], None]
"""What a process does with its channel; it returns when the channel ends."""


class Worker:
    """A child. `busy` is the fault that it works on."""

    def __init__(self, role: str, main: Main) -> None:
        """Fork; OSError when no process can be had."""
        self.role = role
        self.channel, theirs = pair()
        self.busy: Flight | None = None
        gc.freeze()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _live(role, main, theirs, parent)
        theirs.close()

    def wait(self) -> None:
        """Wait until it ends by itself."""
        self.channel.close()
        os.waitpid(self.pid, 0)

    def bury(self) -> str:
        """Kill it if it lives, and reap it: how it ended."""
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        self.channel.close()
        return f"was killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"ended with status {os.WEXITSTATUS(status)}"


def _live(role: str, main: Main, channel: socket, parent: int) -> NoReturn:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the supervisor decides when it is over
        _keep_only(channel.fileno())
        confinement.name(f"obit-{role}")
        confinement.be_nice(FIRST if role in _AWAITED else LAST)
        confinement.undumpable()
        confinement.die_with_parent(parent)
        main(channel)
        status = 0
    except BaseException as error:  # noqa: BLE001  nothing may come out of here into the supervisor's code
        complain(f"the {role} failed: {type(error).__name__}: {error}")
    finally:
        os._exit(status)


def _keep_only(channel: int) -> None:
    """Close what the supervisor holds: connections, above all, end for the other side only when nobody has them."""
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    os.closerange(3, channel)
    os.closerange(channel + 1, os.sysconf("SC_OPEN_MAX"))


def complain(text: str) -> None:
    """A line on standard error, which the service manager keeps. One write(): several processes share it."""
    try:
        os.write(2, f"obit agent: {' '.join(text.split())}\n".encode(errors="backslashreplace"))
    except OSError:
        pass
