"""What is known of a process and its machine beside memory and registers: the small files of /proc. Standard library only.

Every file has a limit; one that cannot be read is a fact that is not there. Values of environment variables whose name or shape says
that they are secret are replaced before they go anywhere.
"""

import os
import re
from struct import iter_unpack
from typing import Any

from obit.analysis.scrub import scrub_arguments, scrub_value
from obit.capture.procfs import DELETED, parse_stat, parse_status

MAX_DESCRIPTORS = 256
_SMALL = 64 << 10
_LARGE = 4 << 20
_AT_SECURE = 23
_FOR_ROOT_ONLY = 2
_CONTAINER_ID = re.compile(r"[0-9a-f]{64}")


def read_file(path: str, limit: int = _LARGE) -> bytes:
    """The first `limit` bytes of a file in /proc; empty when it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return b""
    try:
        return b"".join(_blocks(fd, limit))
    except OSError:
        return b""
    finally:
        os.close(fd)


def _blocks(fd: int, limit: int) -> list[bytes]:
    blocks: list[bytes] = []
    while limit > 0 and (block := os.read(fd, min(limit, 1 << 20))):
        blocks.append(block)
        limit -= len(block)
    return blocks


def process_facts(pid: int, tid: int | None = None, proc: str = "") -> dict[str, Any]:
    """The document's `process`; `age` in seconds, `fds` {number: target}, `limits` {name: [soft, hard]}.

    `tid` is a thread that lives: the first one may have ended, and then it has neither memory nor files.
    `proc` is the way to the process's directory, such as /proc/self/fd/N of an open one.
    """
    leader = proc or f"/proc/{pid}"
    root = f"{leader}/task/{tid or pid}"
    status = parse_status(read_file(f"{root}/status", _SMALL))
    facts: dict[str, Any] = {"pid": pid, "comm": _text(read_file(f"{leader}/comm", _SMALL).removesuffix(b"\n"))}
    for name, field in (("ppid", "PPid"), ("uid", "Uid"), ("gid", "Gid"), ("thread_count", "Threads")):
        if field in status:
            facts[name] = int(status[field].split()[0])
    sizes = (("resident", "VmRSS"), ("peak", "VmHWM"))
    facts["memory"] = {name: int(status[field].split()[0]) << 10 for name, field in sizes if field in status}
    facts |= {name: target for name in ("exe", "cwd", "root") if (target := _link(f"{root}/{name}"))}
    facts["cmdline"] = scrub_arguments(_strings(read_file(f"{root}/cmdline", _SMALL)))
    facts["environ"] = scrubbed(_strings(read_file(f"{root}/environ", 1 << 20)))
    facts["limits"] = parse_limits(read_file(f"{root}/limits", _SMALL))
    facts["cgroup"] = _text(read_file(f"{root}/cgroup", _SMALL)).strip().rpartition(":")[2]
    facts["container"] = container_of(facts["cgroup"])
    facts["fds"] = _descriptors(root)
    facts |= _age(leader)
    return facts


def host_facts() -> dict[str, Any]:
    """The document's `host`; `uptime` in seconds, `memory` in bytes."""
    system = os.uname()
    lines = _text(read_file(os.path.realpath("/etc/os-release"), _SMALL)).splitlines()
    release = dict(line.partition("=")[::2] for line in lines)
    return {
        "hostname": system.nodename,
        "kernel": system.release,
        "machine": system.machine,
        "os": release.get("PRETTY_NAME", system.sysname).strip('"'),
        "cpus": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "uptime": _uptime(),
        "core_pattern": _text(read_file("/proc/sys/kernel/core_pattern", _SMALL)).strip(),
    }


def scrubbed(environ: list[str]) -> dict[str, str]:
    """NAME=VALUE texts as a mapping without secrets."""
    pairs = (entry.partition("=") for entry in environ if "=" in entry)
    return {name: scrub_value(name, value) for name, _, value in pairs}


def parse_limits(raw: bytes) -> dict[str, list[int | None]]:
    """/proc/PID/limits: name → [soft, hard], None for unlimited."""
    rows = (re.split(r"  +", line.rstrip()) for line in _text(raw).splitlines()[1:])
    return {row[0].removeprefix("Max "): [_limit(row[1]), _limit(row[2])] for row in rows if len(row) >= 3}


def container_of(cgroup: str) -> str | None:
    """The container's ID as Docker, containerd, CRI-O and Podman put it into the cgroup's path."""
    found = _CONTAINER_ID.findall(cgroup)
    return found[-1] if found else None


def _limit(word: str) -> int | None:
    return int(word) if word.isdigit() else None


def _descriptors(root: str) -> dict[str, str]:
    try:
        numbers = sorted(os.listdir(f"{root}/fd"), key=int)[:MAX_DESCRIPTORS]
    except OSError:
        return {}
    return {number: target for number in numbers if (target := _link(f"{root}/fd/{number}"))}


def _age(root: str) -> dict[str, Any]:
    try:
        ticks = parse_stat(read_file(f"{root}/stat", _SMALL)).start_time
    except ValueError:
        return {}
    uptime = _uptime()
    return {"start_time": ticks} | ({"age": round(max(uptime - ticks / os.sysconf("SC_CLK_TCK"), 0), 2)} if uptime else {})


def _uptime() -> float:
    words = read_file("/proc/uptime", _SMALL).split()
    return float(words[0]) if words else 0.0


def _link(path: str) -> str | None:
    try:
        return os.readlink(path).removesuffix(DELETED)
    except OSError:
        return None


def _strings(raw: bytes) -> list[str]:
    return [_text(part) for part in raw.removesuffix(b"\0").split(b"\0")] if raw else []


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def dumpable(kernels: int, auxv: bytes) -> int:
    """Who may read a core, as prctl(2) counts: 1 its user, 2 root only. `kernels` is what the kernel says (%d), and it says 1 of a program
    that gained capabilities from its file, where auxv has AT_SECURE all the same."""
    pairs = iter_unpack("=QQ", auxv[: len(auxv) & ~15])
    return _FOR_ROOT_ONLY if kernels == 1 and any(key == _AT_SECURE and value for key, value in pairs) else kernels
