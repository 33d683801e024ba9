"""What admission wants to know of a crash before anything of it was sent: from /proc, while the kernel waits for our answer.

The kernel shows the registers of the thread that is dumping in its `stat` (fields 29 and 30 of proc(5)); it is the one with PF_DUMPCORE.
Of the victim's memory only bytes are compared here; nothing is followed.
"""

import os
from collections.abc import Callable
from typing import NamedTuple

from obit.agent.admission import CrashFacts
from obit.agent.duplicates import STACK_BYTES, Places, ends_call
from obit.capture.facts import read_file
from obit.capture.procfs import DELETED, parse_maps, parse_status
from obit.capture.victim import MAX_MAPS, reader

_PF_DUMPCORE = 0x200
_FLAGS, _SP, _PC = 6, 26, 27
"""Words of `stat` after the name's parenthesis."""
_MOST_THREADS = 256
_SMALL = 64 << 10


class Stop(NamedTuple):
    """Where the crashing thread is."""

    tid: int
    sp: int
    pc: int


def crash_facts(proc: str, pid: int, size_hint: int, *, with_stack: bool) -> CrashFacts:
    """Of the process whose directory in /proc is `proc`. `with_stack`: also what makes it another's duplicate. OSError when it is gone."""
    status = parse_status(read_file(f"{proc}/status", _SMALL))
    known = CrashFacts(
        exe=os.readlink(f"{proc}/exe").removesuffix(DELETED),
        uid=_first(status, "Uid"),
        gid=_first(status, "Gid"),
        cgroup=os.fsdecode(read_file(f"{proc}/cgroup", _SMALL)).strip().rpartition(":")[2] or None,
        size_hint=size_hint,
    )
    stop = stopped_at(proc, pid) if with_stack else None
    return known if stop is None else _with_stack(known, proc, stop)


def stopped_at(proc: str, pid: int) -> Stop | None:
    """The thread that is dumping core; None when the kernel does not say."""
    for tid in _tasks(proc, pid):
        words = read_file(f"{proc}/task/{tid}/stat", _SMALL).rpartition(b")")[2].split()
        if len(words) > _PC and int(words[_FLAGS]) & _PF_DUMPCORE and words[_PC] != b"0":
            return Stop(tid, int(words[_SP]), int(words[_PC]))
    return None


def _tasks(proc: str, pid: int) -> list[int]:
    """The first thread first: it is mostly the one."""
    try:
        others = [int(name) for name in os.listdir(f"{proc}/task")]
    except OSError:
        return []
    return sorted(others, key=lambda tid: (tid != pid, tid))[:_MOST_THREADS]


def _with_stack(known: CrashFacts, proc: str, stop: Stop) -> CrashFacts:
    places = Places(parse_maps(read_file(f"{proc}/task/{stop.tid}/maps", MAX_MAPS)))
    memory = os.open(f"{proc}/task/{stop.tid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        read = reader(memory)
        addresses = places.return_addresses(read(stop.sp, STACK_BYTES), _after_call(read))
    finally:
        os.close(memory)
    file = os.stat(f"{proc}/exe")
    build = f"{file.st_dev:x}:{file.st_ino:x}:{file.st_ctime_ns:x}"
    return known._replace(build_id=build, pc_offset=places.of(stop.pc), return_addresses=addresses)


def _after_call(read: Callable[[int, int], bytes]) -> Callable[[int], bool]:
    machine = os.uname().machine
    return lambda address: ends_call(read(address - 7, 7), machine)


def _first(status: dict[str, str], name: str) -> int:
    return int((status.get(name) or "65534").split()[0])
