"""What the kernel runs when a process crashes and core_pattern is a pipe: `|PYTHON -I -S THIS-FILE CONFIG %P %I %s %t %d %F`.

The process waits, whole, as long as anybody holds the reading end of the pipe (core_pipe_limit must be above 0). So this program,
which the kernel starts cold for every crash, only hands that end to the agent, which is warm, and is gone. When no agent takes it,
it does the capture by itself, into the archive (`alone`).

Every millisecond here is the victim's: until the crash is handed over, no module is imported that Python has not loaded already, but
for `_socket`; not even `os`. Standard library only.

CONFIG is a file of NAME=VALUE lines that root alone may write; `NAMES` are known.

The handover: a SEQPACKET connection, one message (`encode`) with the pipe and, where the kernel gives one, the pidfd. The agent
answers with `TAKEN` before it does anything, and only then the capture is its own; when that answer cannot be sent, it is not.

Sources: core(5); format_corename() and wait_for_dump_helpers() in fs/coredump.c.
"""

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Sequence

SPECIFIERS = "%P %I %s %t %d %F"
"""Of core_pattern, in the order of `Crash`. Older kernels give nothing for %F."""
PATTERN_LIMIT = 127
"""Bytes that the kernel takes."""
CONFIG = "/run/obit/pipe"
NAMES = ("socket", "home", "budget", "reserve", "full")
"""The agent's socket; the archive; bytes of memory in a core; bytes of disk to leave free; `yes` for full cores."""

TAKEN = b"taken"
PATIENCE = 10.0
"""Seconds that a busy agent has to answer."""
_MESSAGE_LIMIT = 256
_SCM_RIGHTS = 1


class Crash:
    """The kernel's words: ids as the initial pid namespace has them, `time` in seconds since 1970, `dumpable` as prctl(2) has it.

    `pidfd` is a descriptor, or -1.
    """

    __slots__ = ("dumpable", "pid", "pidfd", "signal", "tid", "time")

    def __init__(self, words: "Sequence[str]") -> None:
        """ValueError unless these are the values of `SPECIFIERS`."""
        self.pid, self.tid, self.signal, self.time, self.dumpable = (int(word) for word in words[:5])
        self.pidfd = int(words[5]) if words[5:] and words[5] else -1


def pattern(python: str, config: str = CONFIG) -> str:
    """What to write to core_pattern; ValueError when the paths are too long or have blanks in them."""
    import os

    text = f"|{python} -I -S {os.path.abspath(__file__)} {config} {SPECIFIERS}"
    if len(os.fsencode(text)) > PATTERN_LIMIT or len(text.split()) != 5 + len(SPECIFIERS.split()):
        raise ValueError(f"core_pattern takes {PATTERN_LIMIT} bytes without blanks in paths, and this has {len(text)}: {text}")
    return text


def encode(crash: Crash) -> bytes:
    """The message of a handover; the pidfd goes as a descriptor."""
    return b"%d %d %d %d %d" % (crash.pid, crash.tid, crash.signal, crash.time, crash.dumpable)


def decode(message: bytes, pidfd: int = -1) -> Crash:
    """What `encode` made; ValueError."""
    crash = Crash(message[:_MESSAGE_LIMIT].decode("ascii", "replace").split())
    crash.pidfd = pidfd
    return crash


def read_config(path: str) -> dict[str, str]:
    """The settings; none when the file is not there, or somebody but root could have written it."""
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NOFOLLOW)
    except OSError:
        return {}
    try:
        status = posix.fstat(fd)
        data = posix.read(fd, 65536) if status.st_uid == 0 and not status.st_mode & 0o022 else b""
    finally:
        posix.close(fd)
    pairs = (line.partition("=") for line in data.decode(errors="surrogateescape").splitlines())
    return {name: value for name, _, value in pairs if name in NAMES}


def hand_over(path: str, crash: Crash, pipe: int) -> bool:
    """Give the crash to the agent; whether it took it."""
    from _socket import AF_UNIX, SOCK_SEQPACKET, SOL_SOCKET, socket

    agent = socket(AF_UNIX, SOCK_SEQPACKET)
    agent.settimeout(PATIENCE)
    descriptors = [pipe] if crash.pidfd < 0 else [pipe, crash.pidfd]
    data = b"".join(descriptor.to_bytes(4, sys.byteorder) for descriptor in descriptors)
    try:
        agent.connect(path)
        agent.sendmsg([encode(crash)], [(SOL_SOCKET, _SCM_RIGHTS, data)])
        return agent.recv(16) == TAKEN
    except OSError:
        return _was_taken(agent)
    finally:
        agent.close()


def _was_taken(agent: "socket") -> bool:
    """Withdraw; what was answered before that still counts."""
    try:
        agent.shutdown(2)
        agent.settimeout(0)
        return agent.recv(16) == TAKEN
    except OSError:
        return False


def main(arguments: "Sequence[str]") -> int:
    """CONFIG and the values of `SPECIFIERS`; the pipe is standard input."""
    config, crash = read_config(arguments[0]), Crash(arguments[1:])
    if "socket" in config and hand_over(config["socket"], crash, 0):
        return 0
    # Run by path and without site-packages, this file is all that Python knows of us.
    sys.path.insert(0, __file__.rpartition("/obit/capture/")[0])
    from obit.capture import alone

    return alone.capture(crash, config, 0)


if __name__ == "__main__":
    # Nothing that Python does at its end is of use, and the process waits for it.
    posix._exit(main(sys.argv[1:]))  # noqa: SLF001  it is os._exit, and public there
