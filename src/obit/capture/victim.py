"""From a process that stands still to a core file: registers, facts, selected memory. Standard library only.

`take` is for one that ptrace holds; `kernelcore` makes the same of one that the kernel is dumping.
"""

import os
import time
from collections.abc import Mapping as MappingOf
from struct import iter_unpack
from typing import TYPE_CHECKING, Any, NamedTuple

from obit.capture import minicore
from obit.capture.facts import host_facts, process_facts, read_file
from obit.capture.fullcore import LIMIT, Contents, bounded
from obit.capture.minicore import Process, Written
from obit.capture.procfs import PAGE, Mapping, parse_maps, parse_stat
from obit.capture.registers import LAYOUTS, Layout, thread_state
from obit.capture.select import BUDGET, select
from obit.capture.selection import Victim, is_readable
from obit.image.obitnote import NAME, TYPE, ObitNote, encode

if TYPE_CHECKING:
    from obit.capture.stops import Doomed

MAX_MAPS = 64 << 20

SIGNAL_NAMES = {
    number: f"SIG{name}"
    for number, name in zip(
        (3, 4, 5, 6, 7, 8, 11, 24, 25, 31), ("QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "SEGV", "XCPU", "XFSZ", "SYS"), strict=True
    )
}
"""Those whose default action is to dump core (signal(7)); the numbers are those of x86-64 and aarch64."""

Missing = tuple[str, str, str | None]
Attributes = MappingOf[str, str | int | float | bool | None]


class Unsupported(Exception):
    """A process that cannot be captured; `str()` says why, as the end of a sentence."""


class Captured(NamedTuple):
    """Everything but the memory, taken while the process stood still."""

    note: ObitNote
    process: Process
    threads: list[minicore.Thread]
    mappings: list[Mapping]
    layout: Layout
    dumped: list[tuple[int, int]] | None = None
    """[start, end) of what the kernel itself would write of each mapping; None when nobody asked it."""


def take(doomed: "Doomed", attributes: Attributes) -> Captured:
    """Stop the other threads, save all registers, read what /proc says. `Unsupported`."""
    from obit.capture.stopped import read_thread, stop_all

    layout = LAYOUTS.get(os.uname().machine)
    if layout is None:
        raise Unsupported(f"Obit does not know the registers of {os.uname().machine}")
    stopped = stop_all(doomed.pid, doomed.tid)
    # The kernel writes the fatal signal into every thread's status, and gdb believes the last.
    threads = [thread for tid in stopped.threads if (thread := read_thread(tid, layout, doomed.signal))]
    if not threads or threads[0].tid != doomed.tid:
        raise Unsupported("it is a 32-bit program, or was killed in that very moment")
    mappings = parse_maps(read_file(f"/proc/{doomed.tid}/maps", MAX_MAPS))
    missing: list[Missing] = [(f"the stack of thread {tid}", why, None) for tid, why in stopped.failed]
    note = _note(doomed, threads, mappings, attributes, missing)
    return Captured(note, _process(doomed, note["process"]), threads, mappings, layout)


def write(
    captured: Captured,
    fd: int,
    *,
    full: bool = False,
    budget: int = BUDGET,
    limit: int = LIMIT,
    memory: int | None = None,
    pagemap: int = -1,
) -> Written:
    """Write the core of a process that still stands, with memory within `budget` bytes or (`full`) what the kernel would dump, `limit`
    bytes at most; OSError.

    `memory` is its open /proc/PID/mem; with it no path is opened. `pagemap` is its open /proc/PID/pagemap (-1: none), which tells a
    full core where nothing is.
    """
    if memory is None:
        memory = os.open(f"/proc/{captured.threads[0].tid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return write(captured, fd, full=full, budget=budget, limit=limit, memory=memory, pagemap=pagemap)
        finally:
            os.close(memory)
    read = reader(memory)
    contents = Contents(captured.mappings, pagemap if full else -1)
    ranges = select(_victim(captured, read), budget)
    note = captured.note
    if full:
        whole, beyond = bounded(_everything(captured), contents, limit)
        ranges += whole
        if beyond:
            rest: Missing = (f"{beyond:,} bytes of memory", f"a full core is limited to {limit:,} bytes", None)
            note = {**note, "missing": [*note.get("missing", ()), rest]}
    vendor = minicore.note(NAME, TYPE, encode(note))
    notes = minicore.notes(captured.process, captured.threads, captured.mappings, (vendor,))
    return minicore.write(fd, captured.layout.machine, notes, minicore.plan(captured.mappings, ranges), read, contents.runs)


def meta(captured: Captured) -> dict[str, object]:
    """What meta.json says of it (`archive.layout` lists the names)."""
    note, crashed = captured.note, captured.threads[0]
    facts = note["process"]
    known = {name: facts[name] for name in ("start_time", "uid", "gid", "exe") if name in facts}
    return known | {
        "source": note["source"],
        "captured_at": note["captured_at"],
        "pid": captured.process.pid,
        "tid": crashed.tid,
        "application": os.path.basename(known.get("exe") or facts["comm"]),
        "signal": signal_of(crashed.signal, captured.process.siginfo),
        "attributes": dict(note.get("attributes", {})),
        "missing": [{"what": what, "why": why} | ({"fix": fix} if fix else {}) for what, why, fix in note.get("missing", ())],
    }


def signal_of(number: int, siginfo: bytes | None) -> dict[str, object] | None:
    """The document's `signal` as far as the kernel's numbers say it; None of a fault without a signal."""
    if not number:
        return None
    # The names are also in `signal`, whose enumerations cost the pipe handler milliseconds.
    code = int.from_bytes((siginfo or b"")[8:12], "little", signed=True)
    return {"number": number, "name": SIGNAL_NAMES.get(number, f"SIG{number}"), "code": code}


def reader(fd: int) -> minicore.Read:
    """`Read` over an open /proc/PID/mem."""

    def read(address: int, size: int) -> bytes:
        try:
            return os.pread(fd, size, address)
        except (OSError, OverflowError):  # not mapped; an address beyond what an offset can say
            return b""

    return read


def _victim(captured: Captured, read: minicore.Read) -> Victim:
    auxv = captured.process.auxv
    return Victim(
        read=read,
        mappings=_allowed(captured),
        threads=[thread_state(thread, captured.layout) for thread in captured.threads],
        auxv=dict(iter_unpack("<QQ", auxv[: len(auxv) & ~15])),
    )


def _allowed(captured: Captured) -> list[Mapping]:
    """Without the mappings of which the kernel would write nothing although they are no mere copies of files: coredump_filter,
    MADV_DONTDUMP, a device. Private memory that nobody has touched is among them; there is nothing in it.
    """
    if captured.dumped is None:
        return captured.mappings
    dumped = {start for start, _ in captured.dumped}
    return [mapping for mapping in captured.mappings if mapping.start in dumped or _is_copy(mapping)]


def _is_copy(mapping: Mapping) -> bool:
    return mapping.is_file and "w" not in mapping.flags and mapping.flags.endswith("p")


def _process(doomed: "Doomed", facts: dict[str, Any]) -> Process:
    root = f"/proc/{doomed.tid}"
    stat = parse_stat(read_file(f"{root}/stat") or b") " + b" 0" * 21)
    return Process(
        machine=LAYOUTS[os.uname().machine].machine,
        pid=doomed.pid,
        ppid=stat.ppid,
        pgrp=stat.pgrp,
        session=stat.session,
        uid=facts.get("uid", 0),
        gid=facts.get("gid", 0),
        state="R",  # as in the kernel's own cores: the state before the stop
        nice=stat.nice,
        flags=stat.flags,
        name=os.fsencode(facts["comm"]),
        arguments=read_file(f"{root}/cmdline", 4096).removesuffix(b"\0").replace(b"\0", b" "),
        auxv=read_file(f"{root}/auxv"),
        siginfo=doomed.siginfo,
    )


def _note(
    doomed: "Doomed", threads: list[minicore.Thread], mappings: list[Mapping], attributes: Attributes, missing: list[Missing]
) -> ObitNote:
    return {
        "captured_at": now(),
        "source": "ptrace",
        "process": process_facts(doomed.pid, doomed.tid),
        "host": host_facts(),
        "attributes": dict(attributes),
        "thread_names": {thread.tid: thread.name for thread in threads if thread.name is not None},
        "missing": missing,
        "maps": [(mapping.start, mapping.end, mapping.flags, mapping.offset, mapping.path) for mapping in mappings],
    }


def now() -> str:
    """The time as RFC 3339 in UTC, with microseconds."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"


def _everything(captured: Captured) -> list[tuple[int, int]]:
    if captured.dumped is None:
        return _all_memory(captured)
    # The kernel counts its own pages too, which only the process itself can read.
    special = {mapping.start for mapping in captured.mappings if not is_readable(mapping)}
    return [(start, end) for start, end in captured.dumped if start not in special]


def _all_memory(captured: Captured) -> list[tuple[int, int]]:
    """What the kernel's core would have by default: memory that is no mere copy of a file, and each file's first page.

    What was never touched, or is marked MADV_DONTDUMP, is left out: sanitizers and runtimes reserve terabytes.
    """
    resident = resident_mappings(read_file(f"/proc/{captured.threads[0].tid}/smaps", MAX_MAPS))
    whole = (
        (mapping.start, mapping.end if "w" in mapping.flags or not mapping.is_file else min(mapping.start + PAGE, mapping.end))
        for mapping in captured.mappings
        if mapping.flags[:3] != "---" and not (mapping.path or "").startswith(("[vvar", "[vsyscall", "/dev/dri"))
    )
    return [(start, end) for start, end in whole if start in resident]


def resident_mappings(raw: bytes) -> set[int]:
    """Where the mappings start that hold any memory worth dumping, from /proc/PID/smaps."""
    found: set[int] = set()
    start = 0
    for line in raw.splitlines():
        name, _, value = line.partition(b":")
        if name in (b"Rss", b"Swap") and value.strip() != b"0 kB":
            found.add(start)
        elif name == b"VmFlags" and b" dd" in value:
            found.discard(start)
        elif b"-" in name.split(b" ", 1)[0]:
            start = int(name.split(b"-", 1)[0], 16)
    return found
