"""Stopping all threads of a traced process and reading their registers. Standard library only.

The stops are only looked at (`ptrace.look`): whoever runs the tracer's loop finds them there afterwards and resumes each thread as it
would have done anyway, so that nothing has to be undone here.
"""

import os
import time
from signal import SIGCHLD, sigtimedwait
from typing import NamedTuple

from obit.capture import ptrace
from obit.capture.facts import read_file
from obit.capture.minicore import NT_PRSTATUS, Thread
from obit.capture.procfs import parse_stat, parse_thread_status
from obit.capture.registers import Layout

DEADLINE = 2.0
"""Seconds after which threads that will not stop are left out."""
STUBBORN_DEADLINE = 0.1
"""The same for those in uninterruptible sleep, such as the parent of a vfork."""
MAX_ROUNDS = 8
"""A process may start threads while we stop them; those are traced from birth, and found by listing again."""


class Stopped(NamedTuple):
    """The threads that stand still, the crashed one first, and (tid, why) of those that could not be had."""

    threads: list[int]
    failed: list[tuple[int, str]]


def stop_all(pid: int, crashed: int) -> Stopped:
    """Bring every other thread of a process to a stop; `crashed` stands already."""
    stopped, failed = {crashed: None}, dict[int, str]()
    deadline = time.monotonic() + DEADLINE
    for _ in range(MAX_ROUNDS):
        fresh = [tid for tid in thread_ids(pid) if tid not in stopped and tid not in failed]
        if not fresh:
            break
        waiting = [tid for tid in fresh if _ask(tid, failed)]
        stopped |= dict.fromkeys(_wait(waiting, deadline, failed))
    return Stopped(list(stopped), [(tid, why) for tid, why in failed.items() if why])


def thread_ids(pid: int) -> list[int]:
    """The threads of a process; none when it is gone."""
    try:
        return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return []


def _ask(tid: int, failed: dict[int, str]) -> bool:
    try:
        ptrace.interrupt(tid)
    except ProcessLookupError:
        failed[tid] = ""  # it has exited: nothing is missing
        return False
    except OSError as error:
        failed[tid] = f"it may not be stopped: {error.strerror}"
        return False
    return True


def _wait(waiting: list[int], deadline: float, failed: dict[int, str]) -> list[int]:
    """Those that stopped in time."""
    stopped: list[int] = []
    stubborn_deadline = time.monotonic() + STUBBORN_DEADLINE
    while waiting:
        waiting = [tid for tid in waiting if not _has_stopped(tid, stopped, failed)]
        now = time.monotonic()
        if now > stubborn_deadline and all(_is_stubborn(tid) for tid in waiting):
            break
        if now > deadline:
            break
        if waiting:
            sigtimedwait((SIGCHLD,), min(max(stubborn_deadline - now, 0.01), deadline - now))
    failed |= dict.fromkeys(waiting, "it did not stop: it sleeps in the kernel, as a parent in vfork does")
    return stopped


def _has_stopped(tid: int, stopped: list[int], failed: dict[int, str]) -> bool:
    try:
        found = ptrace.look(tid)
    except ChildProcessError:
        found = ptrace.End(tid, 0)
    if isinstance(found, ptrace.Stop):
        stopped.append(tid)
    elif found is not None:
        failed[tid] = ""
    return found is not None


def _is_stubborn(tid: int) -> bool:
    try:
        return parse_stat(read_file(f"/proc/{tid}/stat")).state in "DZX"
    except ValueError:
        return True


def read_thread(tid: int, layout: Layout, signal: int = 0) -> Thread | None:
    """The registers of a stopped thread; None when it is gone, or runs another instruction set (a 32-bit program)."""
    try:
        general = ptrace.register_set(tid, NT_PRSTATUS)
        others = {kind: ptrace.register_set(tid, kind) for kind in layout.others}
    except ProcessLookupError:
        return None
    if len(general) != layout.size:
        return None
    name, pending, blocked = parse_thread_status(read_file(f"/proc/{tid}/status"))
    return Thread(tid, general, {kind: block for kind, block in others.items() if block}, signal, pending, blocked, name)
