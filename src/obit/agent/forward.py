"""The handler that was there before Obit, or any command, is still fed the core: setting `[forward] command`.

    command = parse("|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h")     once, at the start; UsageError
    values = values_of(proc, Crash(…))                          while the process stands; `proc` is its open /proc/PID
    trouble = objection(proc, values) or feed(command, values, stream, head, pidfd=…)

`stream` is the kernel's pipe or socket, of which Obit has read `head` (`capture.stream.Head.raw`, nothing in pipe mode): the command
gets `head` and then the rest, spliced, so it sees the core from its first byte. `feed` takes as long as the command does, at most
`seconds`; the process stands as long as the caller holds `stream`, as it would under that handler alone. `detached` does it in a process
of its own, for callers with other crashes to serve.

The command is the administrator's: an absolute path that only root can write on the way to. Nothing is ever run in, or from, the victim's
container, whatever namespaces it is in. The command gets no environment of the victim's and the kernel's own guard against recursion:
RLIMIT_CORE 1, and of a process that has that limit no core is forwarded.
"""

import os
import re
import select
import signal
import stat
import time
from typing import NamedTuple

from obit.capture.facts import parse_limits
from obit.capture.procfs import parse_stat, parse_status
from obit.errors import UsageError

SECONDS = 60.0
PREVIOUS = "previous"
"""The value of the setting that means what core_pattern was before."""
PIDFD = 3
"""The number that the kernel gives the pidfd of %F, and we do."""
_SPECIFIER = re.compile("%(.?)", re.DOTALL)
_BLOCK = 1 << 20
_RECURSION_GUARD = 1
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


class Crash(NamedTuple):
    """What /proc does not tell: ids as we see them, `time` in seconds since 1970, `dumpable` as prctl(2) has it (core_pattern's %d),
    `start_time` in clock ticks after boot, as it was when the crash came in."""

    pid: int
    tid: int
    signal: int
    time: int
    dumpable: int
    start_time: int


class Values(NamedTuple):
    """What the specifiers of core_pattern stand for, by their letters (core(5)); `start_time` as in `Crash`."""

    by_letter: dict[str, str]
    start_time: int


Command = tuple[str, ...]
"""The words before their specifiers are replaced; the first is the program."""


def parse(setting: str, previous: str = "") -> Command | None:
    """The command of the setting; None when there is none. `previous` is the core_pattern that Obit found. `UsageError`."""
    text = setting.strip()
    if text == PREVIOUS:
        text = previous.strip()
        if not text.startswith("|"):
            return None  # a file's name or a socket: there is no command to feed
    words = tuple(text.removeprefix("|").split())
    if not words:
        return None
    if not words[0].startswith("/"):
        raise UsageError(f"[forward] command is {setting!r}: begin it with the absolute path of a program")
    return words


def objection_to(program: str) -> str | None:
    """Why a program may not be run as root: somebody else could write it, or a directory on the way to it."""
    path = program
    while True:
        try:
            status = os.stat(path)
        except OSError as error:
            return f"{path}: {error.strerror}"
        if status.st_uid not in (0, os.geteuid()) or (stat.S_IMODE(status.st_mode) & 0o022 and not status.st_mode & stat.S_ISVTX):
            return f"{path} can be changed by others than root"
        if path == "/":
            return None if os.access(program, os.X_OK) else f"{program} cannot be run"
        path = os.path.dirname(path)


def expand(word: str, values: Values) -> str:
    """A word with its specifiers replaced; an unknown one disappears, and a lone % at the end too, as in the kernel."""
    return _SPECIFIER.sub(lambda found: "%" if found[1] == "%" else values.by_letter.get(found[1], ""), word)


def values_of(proc: int, crash: Crash) -> Values:
    """The specifiers' values from the process's files, opened relative to the descriptor `proc`."""
    status = parse_status(_read(proc, "status"))
    thread = parse_status(_read(proc, f"task/{crash.tid}/status"))
    exe = _link(proc, "exe")
    return Values(
        {
            "p": _inner(status, crash.pid),
            "P": str(crash.pid),
            "i": _inner(thread, crash.tid),
            "I": str(crash.tid),
            "u": _first(status, "Uid"),
            "g": _first(status, "Gid"),
            "d": str(crash.dumpable),
            "s": str(crash.signal),
            "t": str(crash.time),
            "h": os.uname().nodename,
            "e": thread.get("Name", status.get("Name", "")),
            "f": os.path.basename(exe),
            "E": exe.replace("/", "!"),
            "c": _core_limit(proc),
            "C": "0",
            "F": str(PIDFD),
        },
        crash.start_time,
    )


def objection(proc: int, values: Values) -> str | None:
    """Why this core is not forwarded, as the end of a sentence; None when nothing speaks against it.

    To be asked right before `feed`, for in between the process may have been replaced, or may have been a command of ours.
    """
    try:
        now = parse_stat(_read(proc, "stat")).start_time
    except ValueError:
        return "the process has gone"
    if now != values.start_time:
        return "its number belongs to another process now"
    if values.by_letter["c"] == str(_RECURSION_GUARD):
        return "it was itself the handler of a crash"
    return None


def feed(command: Command, values: Values, stream: int, head: bytes = b"", *, pidfd: int = -1, seconds: float = SECONDS) -> str | None:
    """Run the command with the core as its input, and wait for it; what went wrong, as the end of a sentence.

    A command that closes its input early has had enough: that is no failure. When the time is over it is killed.
    """
    why = objection_to(command[0])
    if why:
        return why
    until = time.monotonic() + seconds
    read, write = os.pipe2(os.O_CLOEXEC)
    child = _start([expand(word, values) for word in command], read, pidfd)
    os.close(read)
    try:
        is_fed = _pour(head, stream, write, until)
    finally:
        os.close(write)
    return _wait(child, until, command[0]) or (None if is_fed else f"{command[0]} was not fed in {seconds:g} s")


def detached(command: Command, values: Values, stream: int, head: bytes = b"", *, pidfd: int = -1, seconds: float = SECONDS) -> int:
    """`feed` in a process of its own, which holds a copy of `stream` and `pidfd` and nothing else of ours; its number, to be waited for.
    It exits with 0 when all went well."""
    child = os.fork()
    if child == 0:
        try:
            close_all_but(stream, pidfd)
            trouble = feed(command, values, stream, head, pidfd=pidfd, seconds=seconds)
            if trouble:
                os.write(2, f"obit: the core of process {values.by_letter['P']} was not forwarded: {trouble}\n".encode())
            os._exit(1 if trouble else 0)
        finally:
            os._exit(1)
    return child


def close_all_but(*kept: int) -> None:
    """Other crashes' connections above all: they would be held as long as this process lives."""
    at = 3
    for fd in sorted(kept):
        if fd >= at:
            os.closerange(at, fd)
            at = fd + 1
    os.closerange(at, os.sysconf("SC_OPEN_MAX"))


def _pour(head: bytes, stream: int, into: int, until: float) -> bool:
    """`head` and then all of `stream`; whether that was done in time."""
    os.set_blocking(into, False)
    rest = memoryview(head)
    try:
        while rest:
            if not _ready(into, select.POLLOUT, until):
                return False
            rest = rest[os.write(into, rest) :]
        while _ready(stream, select.POLLIN, until) and _ready(into, select.POLLOUT, until):
            try:
                if not os.splice(stream, into, _BLOCK, flags=os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE):
                    return True
            except BlockingIOError:
                continue
    except (BrokenPipeError, ConnectionError):
        return True
    return False


def _ready(fd: int, events: int, until: float) -> bool:
    poll = select.poll()
    poll.register(fd, events)
    return bool(poll.poll(max((until - time.monotonic()) * 1000, 0)))


def _start(words: list[str], stdin: int, pidfd: int) -> int:
    """A process of a new session with nothing of ours but its input."""
    child = os.fork()
    if child:
        return child
    try:
        _become(words, stdin, pidfd)
    finally:
        os._exit(127)


def _become(words: list[str], stdin: int, pidfd: int) -> None:
    import resource

    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    os.dup2(stdin, 0)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    if pidfd >= 0:
        os.dup2(pidfd, PIDFD)
    os.closerange(PIDFD + (pidfd >= 0), os.sysconf("SC_OPEN_MAX"))
    for number in (signal.SIGPIPE, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    resource.setrlimit(resource.RLIMIT_CORE, (_RECURSION_GUARD, _RECURSION_GUARD))
    os.execve(words[0], words, _ENVIRONMENT)  # noqa: S606  the administrator's command, without a shell


def _wait(child: int, until: float, name: str) -> str | None:
    pidfd = os.pidfd_open(child)
    try:
        in_time = _ready(pidfd, select.POLLIN, until)
        if not in_time:
            _kill(child)
    finally:
        os.close(pidfd)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not in_time:
        return f"{name} took too long and was killed"
    return f"{name} ended with {status}" if status else None


def _kill(child: int) -> None:
    """With everything it started, once it has a session of its own."""
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(child, signal.SIGKILL)


def _read(proc: int, name: str) -> bytes:
    try:
        fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=proc)
    except OSError:
        return b""
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _link(proc: int, name: str) -> str:
    try:
        return os.readlink(name, dir_fd=proc)
    except OSError:
        return ""


def _inner(status: dict[str, str], outer: int) -> str:
    """A task's number in its own pid namespace."""
    return (status.get("NSpid", "").split() or [str(outer)])[-1]


def _first(status: dict[str, str], name: str) -> str:
    return (status.get(name, "").split() or ["65534"])[0]


def _core_limit(proc: int) -> str:
    """The soft RLIMIT_CORE in bytes; the kernel writes RLIM_INFINITY as a number."""
    soft = parse_limits(_read(proc, "limits")).get("core file size", [0, 0])[0]
    return str((1 << 64) - 1 if soft is None else soft)
