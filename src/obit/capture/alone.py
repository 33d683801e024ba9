"""The pipe handler without an agent: the whole capture, from the kernel's pipe into the archive. Standard library only.

Metadata first, then registers and memory; whatever goes wrong after the first of these leaves a `failed` fault that says why.
"""

import os
from collections.abc import Callable
from typing import NamedTuple

from obit.archive.layout import ASSETS, CORE, FAILED, PENDING, REASON, home
from obit.archive.writer import CannotStore, Incoming, begin
from obit.capture import assets
from obit.capture.facts import dumpable, read_file
from obit.capture.kernel_pipe import Crash
from obit.capture.kernelcore import captured_of
from obit.capture.procfs import DELETED, parse_stat, parse_status
from obit.capture.select import BUDGET
from obit.capture.stream import NotACore, read_head
from obit.capture.victim import Unsupported, meta, now, signal_of, write

SOURCE = "kernel-pipe"
RESERVE = 1 << 30
"""Bytes that are left free on the archive's file system unless the configuration says otherwise."""
_SMALL = 64 << 10
_MEMORY = ("mem", "pagemap")


class Plan(NamedTuple):
    """What the configuration wants: the archive; bytes of memory in a core; bytes of disk to leave free; full cores."""

    home: str
    budget: int
    reserve: int
    full: bool


Admit = Callable[[Plan], str | None]
"""Why no memory may be saved now, as a sentence; None when it may."""


def has_room(plan: Plan) -> str | None:
    """The least of admission: the disk's reserve."""
    disk = os.statvfs(plan.home)
    free = disk.f_bavail * disk.f_frsize
    return None if free > plan.reserve + plan.budget else f"only {free >> 20} MiB are free on the archive's disk"


def capture(crash: Crash, config: dict[str, str], pipe: int, admit: Admit = has_room) -> int:
    """Save the fault; the exit status. The process is released when the pipe is closed, which is before the disk is waited for."""
    plan = Plan(
        config.get("home") or home(), _number(config, "budget", BUDGET), _number(config, "reserve", RESERVE), config.get("full") == "yes"
    )
    try:
        proc = _directory(crash.pid)
        with begin(plan.home, first_words(crash, proc)) as incoming:
            return _save(incoming, crash, plan, proc, pipe, admit)
    except (OSError, CannotStore) as error:
        _say(f"process {crash.pid} died of signal {crash.signal} and could not be saved: {error}")
        return 1


def _directory(pid: int) -> str:
    """The way to the process's directory, opened once so that it stays that of this process."""
    try:
        return f"/proc/self/fd/{os.open(f'/proc/{pid}', os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)}"
    except OSError:
        return f"/proc/{pid}"  # killed just now: the kernel's words remain


def first_words(crash: Crash, proc: str) -> dict[str, object]:
    """meta.json from the kernel's arguments and a few files, before anything that can fail."""
    status = parse_status(read_file(f"{proc}/status", _SMALL))
    known: dict[str, object] = {name: int(status[field].split()[0]) for name, field in (("uid", "Uid"), ("gid", "Gid")) if field in status}
    exe = _exe(proc)
    try:
        known["start_time"] = parse_stat(read_file(f"{proc}/stat", _SMALL)).start_time
    except ValueError:
        pass
    return known | {
        "source": SOURCE,
        "captured_at": now(),
        "pid": crash.pid,
        "tid": crash.tid,
        "exe": exe,
        "application": os.path.basename(exe or status.get("Name", "")),
        "signal": signal_of(crash.signal, None),
        "dumpable": dumpable(crash.dumpable, read_file(f"{proc}/task/{crash.tid}/auxv", _SMALL)),
        "missing": [],
    }


def _exe(proc: str) -> str | None:
    try:
        return os.readlink(f"{proc}/exe").removesuffix(DELETED)
    except OSError:
        return None


def _save(incoming: Incoming, crash: Crash, plan: Plan, proc: str, pipe: int, admit: Admit) -> int:
    refused = admit(plan)
    trouble = refused or _take(incoming, crash, plan, proc, pipe)
    os.close(pipe)
    if trouble is None:
        incoming.commit(PENDING)
        return 0
    incoming.write(REASON, f"{trouble}\n".encode(errors="surrogateescape"))
    incoming.commit(FAILED)
    return 1


def _take(incoming: Incoming, crash: Crash, plan: Plan, proc: str, pipe: int) -> str | None:
    """Registers and memory; why there are none."""
    try:
        captured = captured_of(read_head(lambda size: os.read(pipe, size)), crash.pid, source=SOURCE, proc=proc)
        incoming.describe(meta(captured))
        memory, pagemap = (os.open(f"{proc}/task/{captured.threads[0].tid}/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in _MEMORY)
        with incoming.create(CORE) as core:
            write(captured, core.fileno(), full=plan.full, budget=plan.budget, memory=memory, pagemap=pagemap)
        with incoming.create(ASSETS) as out:
            assets.save(out.fileno(), os.open(proc, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), captured.threads[0].tid)
    except (NotACore, Unsupported) as error:
        return f"it could not be captured: {error}"
    except Exception as error:  # noqa: BLE001  whatever a dying process makes us trip over, what is known of it is kept
        return f"the capture failed: {type(error).__name__}: {error}"
    return None


def _number(config: dict[str, str], name: str, default: int) -> int:
    text = config.get(name, "")
    return int(text) if text.isdigit() else default


def _say(text: str) -> None:
    """To the kernel's log: at this point there is nobody else to listen."""
    try:
        fd = os.open("/dev/kmsg", os.O_WRONLY | os.O_CLOEXEC)
        os.write(fd, f"<3>obit: {text}\n".encode(errors="backslashreplace"))
    except OSError:
        pass
