"""Getting the machine's crashes: the listening sockets, and core_pattern in the first way that this kernel knows."""

import os
from contextlib import suppress
from errno import EINVAL
from functools import partial
from socket import AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM, socket

from obit.agent import pattern
from obit.agent.configuration import Configuration
from obit.agent.pattern import CORE_PATTERN, Takeover
from obit.agent.places import Runtime
from obit.agent.probe import knows_sockets
from obit.errors import EnvironmentLacks

PROTOCOL, PLAIN, PIPE = "@@", "@", "|"
_WAYS = {"auto": (PROTOCOL, PLAIN, PIPE), "socket": (PROTOCOL, PLAIN), "pipe": (PIPE,), "none": ()}
_FIRST_PASSED = 3
"""sd_listen_fds(3): the descriptors that systemd passes begin there."""


class _Refused(Exception):
    """The kernel does not know this way."""


def listeners(runtime: Runtime) -> tuple[socket, socket]:
    """The kernel's socket and everybody else's: systemd's, or our own."""
    passed = _passed()
    kernel = passed.get(runtime.kernel_socket) or bound(runtime.kernel_socket, SOCK_STREAM)
    drop = passed.get(runtime.drop_socket) or bound(runtime.drop_socket, SOCK_SEQPACKET)
    os.chmod(runtime.drop_socket, 0o666)  # noqa: S103  everybody may hand over; the receiver looks at who it is
    return kernel, drop


def catch(configuration: Configuration, runtime: Runtime, takeover: Takeover) -> str:
    """Take over core_pattern; the way that it took, "" when none is wanted. `EnvironmentLacks`."""
    ways = _WAYS[configuration.capture]
    for way in ways:
        with suppress(_Refused):
            _take(way, configuration, runtime, takeover)
            return way
    if ways:
        raise EnvironmentLacks("this kernel hands no crash to a socket (Linux 6.16 and newer do): use --capture pipe")
    return ""


def _take(way: str, configuration: Configuration, runtime: Runtime, takeover: Takeover) -> None:
    settings = {"socket": runtime.drop_socket, "home": configuration.home, "budget": configuration.budget}
    text = runtime.pipe_pattern(settings) if way == PIPE else f"{way}{runtime.kernel_socket}"
    try:
        takeover.take(text)
        # An old kernel takes a socket's name for a file's.
        if way != PIPE and not knows_sockets(partial(pattern.read, CORE_PATTERN), partial(pattern.write, CORE_PATTERN)):
            takeover.give_back()
            raise _Refused
    except OSError as error:
        if error.errno == EINVAL:
            raise _Refused from None
        raise EnvironmentLacks(f"core_pattern cannot be set ({error.strerror}): run the agent as root, on the host") from None


def bound(path: str, kind: int) -> socket:
    """A new listening socket at a path, in place of what is there."""
    with suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket(AF_UNIX, kind)
    listener.bind(path)
    listener.listen(1024)
    return listener


def _passed() -> dict[str, socket]:
    """The sockets of systemd's that wait for us, by their paths."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    count = int(os.environ.get("LISTEN_FDS", "0"))
    found = [socket(fileno=fd) for fd in range(_FIRST_PASSED, _FIRST_PASSED + count)]
    for listener in found:
        listener.set_inheritable(False)
    return {str(listener.getsockname()): listener for listener in found}
