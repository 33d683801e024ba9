"""`obit agent run`: sockets, processes, the take-over of core_pattern, and giving it back."""

import os
import signal
from contextlib import suppress
from errno import EINVAL
from functools import partial
from socket import AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM, socket
from typing import Literal, NamedTuple

from obit.agent import analyser, confinement, pattern, selector
from obit.agent.broker import Broker
from obit.agent.committer import Committer
from obit.agent.pattern import Takeover
from obit.agent.places import Runtime
from obit.agent.preload import preload
from obit.agent.probe import knows_sockets
from obit.agent.receiver import Receiver
from obit.agent.stages import HANDED, RECEIVE
from obit.agent.supervisor import Supervisor
from obit.agent.worker import Main
from obit.capture import coredumpsocket
from obit.errors import EnvironmentLacks

Capture = Literal["auto", "socket", "pipe", "none"]
QUIET = 0.05
"""Seconds without a crash after which nobody is on the way to us any more, once core_pattern is given back."""


class Configuration(NamedTuple):
    """What the command line and the settings say. `home` is the archive; `budget` bytes of memory in a core."""

    home: str
    capture: Capture
    budget: int
    debug_directories: tuple[str, ...] = ()


class Daemon:
    """The supervisor with everything around it."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._runtime = Runtime(configuration.home)
        self._takeover = Takeover(configuration.home)
        self._is_asked_to_stop = False

    def run(self) -> None:
        """Serve until SIGTERM; `EnvironmentLacks` when crashes cannot be caught."""
        preload()
        confinement.undumpable()
        with self._runtime:
            try:
                supervisor = self._start()
                print("ready", flush=True)
                supervisor.adopt()
                while not self._is_asked_to_stop:
                    supervisor.turn()
            finally:
                self._takeover.give_back()
            while supervisor.turn(QUIET):
                pass
            supervisor.is_stopping = True
            supervisor.run()

    def _start(self) -> Supervisor:
        self._takeover.repair()
        kernel = _listener(self._runtime.kernel_socket, SOCK_STREAM)
        drop = _listener(self._runtime.drop_socket, SOCK_SEQPACKET)
        os.chmod(self._runtime.drop_socket, 0o666)  # noqa: S103  everybody may hand over; the receiver looks at who it is
        mode = self._catch()
        supervisor = Supervisor(self._mains(mode), coredumpsocket.encode_ack(coredumpsocket.REJECT) if mode == "@@" else b"")
        supervisor.start()
        supervisor.listen(kernel, RECEIVE)
        supervisor.listen(drop, HANDED)
        self._heed_signals(supervisor)
        self._runtime.say(mode)
        return supervisor

    def _mains(self, mode: str) -> dict[str, Main]:
        configuration, empty = self._configuration, self._runtime.empty
        return {
            "receiver": partial(_as_root, Receiver(has_requests=mode == "@@").main),
            "selector": partial(_as_nobody, empty, partial(selector.main, budget=configuration.budget)),
            "committer": partial(_as_owner, configuration.home, Committer(configuration.home).main),
            "broker": partial(_as_broker, Broker(configuration.debug_directories).main),
            "analyser": partial(_as_nobody, empty, analyser.main),
        }

    def _catch(self) -> str:
        """Take over core_pattern in the first way that works: "@@", "@", "|", or "" for none."""
        wanted = self._configuration.capture
        if wanted == "none":
            return ""
        tried = {"auto": ("@@", "@", "|"), "socket": ("@@", "@"), "pipe": ("|",)}[wanted]
        for mode in tried:
            with suppress(_Refused):
                self._take(mode)
                return mode
        raise EnvironmentLacks("this kernel hands no crash to a socket (Linux 6.16 and newer do): use --capture pipe")

    def _take(self, mode: str) -> None:
        path = self._runtime.kernel_socket
        text = self._runtime.pipe_pattern(self._pipe_settings()) if mode == "|" else f"{mode}{path}"
        try:
            self._takeover.take(text)
            if mode != "|" and not knows_sockets(partial(pattern.read, pattern.CORE_PATTERN), partial(pattern.write, pattern.CORE_PATTERN)):
                raise _Refused
        except OSError as error:
            if error.errno == EINVAL:
                raise _Refused from None
            raise EnvironmentLacks(f"core_pattern cannot be set ({error.strerror}): run the agent as root, on the host") from None

    def _pipe_settings(self) -> dict[str, object]:
        return {"socket": self._runtime.drop_socket, "home": self._configuration.home, "budget": self._configuration.budget}

    def _heed_signals(self, supervisor: Supervisor) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        supervisor.watch(reader, partial(_drained, reader))

    def _stop(self, *_: object) -> None:
        self._is_asked_to_stop = True


def _drained(descriptor: int) -> None:
    os.read(descriptor, 64)


class _Refused(Exception):
    pass


def _listener(path: str, kind: int) -> socket:
    with suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket(AF_UNIX, kind)
    listener.bind(path)
    listener.listen(1024)
    return listener


def _as_root(main: Main, channel: socket) -> None:
    confinement.no_new_privileges()
    main(channel)


def _as_broker(main: Main, channel: socket) -> None:
    confinement.no_new_privileges()
    main(channel)


def _as_nobody(empty: str, main: Main, channel: socket) -> None:
    parent = os.getppid()
    confinement.enter_void(empty)
    confinement.die_with_parent(parent)
    confinement.undumpable()
    main(channel)


def _as_owner(home: str, main: Main, channel: socket) -> None:
    """The archive's hand is whoever owns the archive, without any other right."""
    parent, owner = os.getppid(), os.stat(home)
    confinement.become(owner.st_uid, owner.st_gid)
    confinement.keep_capabilities()
    confinement.no_new_privileges()
    confinement.die_with_parent(parent)
    main(channel)
