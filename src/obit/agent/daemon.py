"""`obit agent run`: from taking over core_pattern to giving it back."""

import os
import resource
import signal
import time
from functools import partial
from socket import SOCK_STREAM

from obit.agent import confinement
from obit.agent.catching import PROTOCOL, bound, catch, listeners
from obit.agent.configuration import Configuration
from obit.agent.metrics import Metrics
from obit.agent.pattern import Takeover
from obit.agent.places import Runtime
from obit.agent.roles import mains, put_in_order
from obit.agent.stages import HANDED, RECEIVE, SCRAPE
from obit.agent.supervisor import Supervisor
from obit.agent.worker import FIRST, Worker
from obit.capture.coredumpsocket import REJECT, encode_ack

QUIET = 0.05
"""Seconds without a crash after which nobody is on the way to us any more, once core_pattern is given back."""

MOST_UNQUIET = 1.0
"""Seconds after which we stop all the same: a backlog of analyses is never quiet, and safe in the archive."""


class Daemon:
    """The supervisor, and everything around it."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._runtime = Runtime(configuration.home)
        self._takeover = Takeover(configuration.home)
        self._is_asked_to_stop = False

    def run(self) -> None:
        """Serve until SIGTERM; `EnvironmentLacks` when crashes cannot be caught."""
        confinement.undumpable()
        confinement.be_nice(FIRST)
        _raise_limits()
        with self._runtime:
            try:
                supervisor = self._start()
                print("ready", flush=True)
                _complete(supervisor)
                while not self._is_asked_to_stop:
                    supervisor.turn()
            finally:
                self._takeover.give_back()
            end = time.monotonic() + MOST_UNQUIET
            while supervisor.turn(QUIET) and time.monotonic() < end:
                pass
            supervisor.stop()

    def _start(self) -> Supervisor:
        """Be able to save a crash."""
        wakeup = self._heed_signals()
        self._takeover.repair()
        Worker("recovery", partial(put_in_order, self._configuration.home)).wait()  # a failure it says itself: crashes matter more
        kernel, drop = listeners(self._runtime)
        way = catch(self._configuration, self._runtime, self._takeover)
        numbers = Metrics()
        roles = mains(self._configuration, self._runtime.empty, numbers, has_requests=way == PROTOCOL)
        supervisor = Supervisor(roles, encode_ack(REJECT) if way == PROTOCOL else b"", numbers)
        supervisor.start("receiver", "selector")
        supervisor.listen(kernel, RECEIVE)
        supervisor.listen(drop, HANDED)
        if self._configuration.metrics_socket:
            supervisor.listen(bound(self._configuration.metrics_socket, SOCK_STREAM), SCRAPE)
        supervisor.watch(wakeup, partial(_drain, wakeup))
        self._runtime.say(way)
        return supervisor

    def _heed_signals(self) -> int:
        """Have SIGTERM and SIGINT noted; the descriptor that then has something to read."""
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        return reader

    def _stop(self, *_: object) -> None:
        self._is_asked_to_stop = True


def _complete(supervisor: Supervisor) -> None:
    """Start what follows once a victim is released: it needs most of the package, whose import would keep `ready` waiting."""
    from obit.agent.preload import preload

    preload()
    supervisor.start("committer", "broker", "analyser")
    supervisor.adopt()


def _raise_limits() -> None:
    """Descriptors are what the supervisor is for: a hundred faults of a hundred modules."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _drain(descriptor: int) -> None:
    os.read(descriptor, 64)
