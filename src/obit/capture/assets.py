"""The small files of /proc as they were while the crashed process stood still: `assets.tar` of a fault. Standard library only.

Everything is opened relative to one descriptor of /proc/PID: should the process vanish and its number be given to another, the
descriptor answers ESRCH and never with the other's files. Nothing dear is read: no smaps, which walks all page tables, and of threads
and descriptors no more than `Limits` says; the process waits meanwhile.

    with open descriptor `proc` of /proc/PID:  missing = save(out, proc, tid)

In the archive, each file of the process by its name in /proc (`status`, `attr/current` …), `environ` and `cmdline` without secrets;
`links.json` {"exe": target, "cwd", "root", "ns/pid": "pid:[4026531836]", "fd/0" …}, `fdinfo.json` {"0": text}, `tasks.json`
{TID: {file: text}}, `host.json`, `left_out.json` [text] when a limit was reached, and what [assets] names: `logs/N`,
`directories.json`. Bytes that are no UTF-8 are `\\xNN` in JSON.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from obit.analysis.scrub import NO_PATTERNS, Patterns, scrub_cmdline, scrub_environ
from obit.archive.escape import json_safe
from obit.capture.facts import host_facts, read_file
from obit.capture.ustar import END, member

OF_PROCESS = ("comm", "stat", "status", "statm", "io", "coredump_filter")
"""Read from /proc/PID: they tell of all threads together, also when the first thread has ended."""
OF_THREAD = tuple(
    "cmdline environ auxv limits cgroup mountinfo maps attr/current oom_score_adj loginuid sessionid personality uid_map gid_map".split()
)
"""Read from /proc/PID/task/TID of the crashed thread: those of a first thread that has ended are empty."""
OF_TASK = ("comm", "status", "stat", "syscall", "wchan", "stack")
LINKS = ("exe", "cwd", "root")

_ROOM_FOR_LEFT_OUT = 4096
FILE_LIMIT = 256 << 10
"""Bytes of one file."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

Missing = tuple[str, str, str | None]
Member = tuple[str, bytes]


class Limits(NamedTuple):
    """How much is read at most: threads, links of descriptors, fdinfo files, bytes of the archive, and seconds after which no more
    thread or descriptor is begun."""

    threads: int = 8
    descriptors: int = 256
    fdinfo: int = 16
    size: int = 2 << 20
    seconds: float = 0.002


LIMITS = Limits()


def save(
    out: int, proc: int, tid: int, *, limits: Limits = LIMITS, more: Iterable[Member] = (), patterns: Patterns = NO_PATTERNS
) -> list[Missing]:
    """Write the archive to the descriptor `out`; what could not be had although it was expected.

    `proc` is the open /proc/PID, `tid` the crashed thread as we see it, `more` further members (`configured`), `patterns`
    what is hidden beside the usual secrets.
    """
    missing: list[Missing] = []
    left_out: list[str] = []
    parts: list[bytes] = []
    room = limits.size - len(END) - _ROOM_FOR_LEFT_OUT
    for name, data in (*_members(proc, tid, limits, missing, left_out), *more):
        whole = member(name, scrubbed(name, data, patterns))
        if len(whole) > room:
            left_out.append(f"{name}: too large")
            continue
        room -= len(whole)
        parts.append(whole)
    if left_out:
        parts.append(member("left_out.json", _json(left_out)))
    view = memoryview(b"".join((*parts, END)))
    while view:
        view = view[os.write(out, view) :]
    return missing


def _members(proc: int, tid: int, limits: Limits, missing: list[Missing], left_out: list[str]) -> Iterator[Member]:
    until = time.monotonic() + limits.seconds
    yield from ((name, data) for name in OF_PROCESS if (data := _read(proc, name)))
    try:
        thread = os.open(f"task/{tid}", _DIRECTORY, dir_fd=proc)
    except OSError:
        missing.append(("most of assets.tar", f"thread {tid} has ended", None))
        return
    try:
        yield from ((name, data) for name in OF_THREAD if (data := _read(thread, name)))
        yield "links.json", _json(_links(thread, limits, until, left_out))
        yield "tasks.json", _json(_tasks(proc, tid, limits, until, left_out))
        yield "fdinfo.json", _json(_fdinfo(thread, limits, until))
    finally:
        os.close(thread)
    yield "host.json", _json(_host())


def _read(directory: int, name: str, limit: int = FILE_LIMIT) -> bytes:
    """The first `limit` bytes; none when the file cannot be read."""
    try:
        fd = os.open(name, _FILE, dir_fd=directory)
    except OSError:
        return b""
    try:
        data = block = os.read(fd, limit)
        while block and len(data) < limit and (block := os.read(fd, limit - len(data))):
            data += block
        return data
    except OSError:
        return b""
    finally:
        os.close(fd)


def scrubbed(name: str, data: bytes, patterns: Patterns = NO_PATTERNS) -> bytes:
    """A member without secrets: those of its environment and arguments, and what the patterns say."""
    if name == "environ":
        return scrub_environ(data, patterns)
    if name == "cmdline":
        return scrub_cmdline(data, patterns)
    if not patterns or name == "auxv":
        return data
    return _json(_hidden(json.loads(data), patterns)) if name.endswith(".json") else patterns.hide_bytes(data)


def _hidden(value: object, patterns: Patterns) -> object:
    if isinstance(value, dict):
        return {patterns.hide(name): _hidden(each, patterns) for name, each in value.items()}
    if isinstance(value, list):
        return [_hidden(each, patterns) for each in value]
    return patterns.hide(value) if isinstance(value, str) else value


def _links(thread: int, limits: Limits, until: float, left_out: list[str]) -> dict[str, str]:
    found = {name: target for name in LINKS if (target := _link(thread, name))}
    found |= {f"ns/{name}": target for name in sorted(_names(thread, "ns")) if (target := _link(thread, f"ns/{name}"))}
    numbers = sorted(_numbers(thread, "fd"))
    for number in numbers[: limits.descriptors]:
        if time.monotonic() > until:
            break
        target = _link(thread, f"fd/{number}")
        if target:
            found[f"fd/{number}"] = target
    left = len(numbers) - sum(name.startswith("fd/") for name in found)
    if left > 0:
        left_out.append(f"{left} of {len(numbers)} open files")
    return found


def _fdinfo(thread: int, limits: Limits, until: float) -> dict[str, str]:
    found = {}
    for number in sorted(_numbers(thread, "fdinfo"))[: limits.fdinfo]:
        if time.monotonic() > until:
            break
        found[str(number)] = _text(_read(thread, f"fdinfo/{number}", 4096))
    return found


def _tasks(proc: int, crashed: int, limits: Limits, until: float, left_out: list[str]) -> dict[str, dict[str, str]]:
    """The crashed thread first, then the others in the order of their numbers."""
    tids = sorted(_numbers(proc, "task"), key=lambda tid: (tid != crashed, tid))
    found: dict[str, dict[str, str]] = {}
    for tid in tids[: max(limits.threads, 1)]:
        if found and time.monotonic() > until:
            break
        files = {name: text for name in OF_TASK if (text := _text(_read(proc, f"task/{tid}/{name}", 16384)))}
        found[str(tid)] = files
    if len(found) < len(tids):
        left_out.append(f"{len(tids) - len(found)} of {len(tids)} threads")
    return found


def _host() -> dict[str, object]:
    """What the host is: the document's `host`, the processor, memory, the boot."""
    files = {"meminfo": "/proc/meminfo", "boot_id": "/proc/sys/kernel/random/boot_id"}
    read = {name: text for name, path in files.items() if (text := _text(read_file(path, 4096)).strip())}
    processor = _text(read_file("/proc/cpuinfo", 2048))
    model = next((line.partition(":")[2].strip() for line in processor.splitlines() if line.startswith(("model name", "CPU part"))), "")
    # /etc/os-release is a link into /usr/lib (os-release(5)).
    release = _text(read_file("/usr/lib/os-release", 8192))
    return host_facts() | read | {"processor": model, "os-release": release}


def _names(directory: int, name: str) -> list[str]:
    try:
        fd = os.open(name, _DIRECTORY, dir_fd=directory)
    except OSError:
        return []
    try:
        return os.listdir(fd)
    except OSError:
        return []
    finally:
        os.close(fd)


def _numbers(directory: int, name: str) -> list[int]:
    return [int(entry) for entry in _names(directory, name) if entry.isdigit()]


def _link(directory: int, name: str) -> str | None:
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError:
        return None


def _text(raw: bytes) -> str:
    return os.fsdecode(raw)


def _json(value: object) -> bytes:
    return json.dumps(json_safe(value), ensure_ascii=False, separators=(",", ":")).encode()
