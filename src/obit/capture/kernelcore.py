"""From the head of the kernel's core (`stream`) and /proc to a `Captured`, from which the minicore is written. Standard library only.

Sources: fill_note_info() in fs/binfmt_elf.c for the notes and their order; vma_dump_size() in fs/coredump.c for what the kernel would
dump of a mapping; core(5).
"""

import marshal
import os
from collections.abc import Iterator, Sequence
from struct import Struct, unpack_from
from typing import Any, NamedTuple

from obit.capture.facts import host_facts, process_facts, read_file
from obit.capture.minicore import NT_AUXV, NT_FILE, NT_PRPSINFO, NT_PRSTATUS, NT_SIGINFO, PRSTATUS_HEAD, Process, Thread
from obit.capture.procfs import PAGE, Mapping, parse_maps, parse_stat, parse_status
from obit.capture.registers import LAYOUTS, Layout
from obit.capture.stream import Head
from obit.capture.victim import MAX_MAPS, Attributes, Captured, Missing, Unsupported, now

MAX_NAMED_THREADS = 1024
"""Names of more threads are not read while the process waits."""
MAX_FILES = 1 << 20

_PROCESS_WIDE = frozenset((NT_PRPSINFO, NT_SIGINFO, NT_AUXV, NT_FILE))
_NHDR = Struct("<III")
_BY_MACHINE = {layout.machine: layout for layout in LAYOUTS.values()}
_FILTER_ANONYMOUS = 1
_NO_STAT = b") " + b" 0" * 21


class Notes(NamedTuple):
    """The notes taken apart: threads as the kernel lists them, the crashed one first, ids of the victim's own pid namespace."""

    threads: list[Thread]
    process: dict[int, bytes]
    """Note type → descriptor of those that are the process's."""


def captured_of(
    head: Head,
    pid: int,
    *,
    source: str,
    proc: str = "",
    attributes: Attributes | None = None,
    host: dict[str, Any] | None = None,
) -> Captured:
    """Everything but the memory of a process that the kernel is dumping; `Unsupported`.

    `proc` is the way to its directory in /proc, such as /proc/self/fd/N of an open one; `host` spares reading `host_facts` again.
    """
    proc = proc or f"/proc/{pid}"
    layout = _BY_MACHINE.get(head.machine)
    if layout is None or head.bits != 64:
        raise Unsupported(f"it is a {head.bits}-bit program for machine {head.machine}")
    notes = parse_notes(head.notes, layout)
    if not notes.threads:
        raise Unsupported(head.cut or "the kernel sent no registers")
    threads = _renamed(notes.threads, proc)
    mappings = parse_maps(read_file(f"{proc}/task/{threads[0].tid}/maps", MAX_MAPS)) or _mappings(head, notes)
    missing: list[Missing] = [("a part of the registers", head.cut, None)] if head.cut else []
    facts = process_facts(pid, threads[0].tid, proc)
    missing += _filtered(proc)
    return Captured(
        {
            "captured_at": now(),
            "source": source,
            "process": facts,
            "host": host if host is not None else host_facts(),
            "attributes": dict(attributes or {}),
            "thread_names": _names(threads, proc),
            "missing": missing,
            "maps": [(mapping.start, mapping.end, mapping.flags, mapping.offset, mapping.path) for mapping in mappings],
        },
        _process(pid, facts, notes, layout, proc),
        threads,
        mappings,
        layout,
        _dumped(head),
    )


def pack(captured: Captured) -> bytes:
    """As bytes, for a process of ours that trusts us."""
    note: dict[str, Any] = {**captured.note}
    rows = [[tuple(row) for row in table] for table in (captured.threads, captured.mappings)]
    return marshal.dumps((note, tuple(captured.process), captured.layout.machine, rows, captured.dumped))


def unpack(data: bytes) -> Captured:
    """What was packed. Only for bytes of our own."""
    note, process, machine, (threads, mappings), dumped = marshal.loads(data)  # noqa: S302  from the receiver, which is root
    return Captured(
        note, Process(*process), [Thread(*row) for row in threads], [Mapping(*row) for row in mappings], _BY_MACHINE[machine], dumped
    )


def parse_notes(data: bytes, layout: Layout) -> Notes:
    """The notes of a core of the kernel's. What is cut off or damaged is left out."""
    threads: list[Thread] = []
    process: dict[int, bytes] = {}
    for kind, descriptor in _walk(data):
        if kind == NT_PRSTATUS:
            if len(descriptor) >= PRSTATUS_HEAD.size + layout.size:
                threads.append(_thread(descriptor, layout))
        elif kind in _PROCESS_WIDE:
            process.setdefault(kind, descriptor)
        elif threads:
            threads[-1].others[kind] = descriptor
    return Notes(threads, process)


def _walk(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _NHDR.size <= len(data):
        name_size, size, kind = _NHDR.unpack_from(data, at)
        start = at + _NHDR.size + (name_size + 3 & -4)
        at = start + (size + 3 & -4)
        if start + size > len(data):
            return
        yield kind, data[start : start + size]


def _thread(descriptor: bytes, layout: Layout) -> Thread:
    _, _, _, signal, pending, blocked, tid, *_ = PRSTATUS_HEAD.unpack_from(descriptor)
    start = PRSTATUS_HEAD.size
    return Thread(tid, descriptor[start : start + layout.size], {}, signal, pending, blocked)


def _renamed(threads: Sequence[Thread], proc: str) -> list[Thread]:
    """With the thread ids that we see, where the process is in another pid namespace than we are."""
    own = _ids(f"{proc}/status")
    if len(own) < 2:
        return list(threads)
    known = {ids[-1]: ids[0] for tid in _task_ids(proc) if (ids := _ids(f"{proc}/task/{tid}/status"))}
    return [thread._replace(tid=known.get(thread.tid, thread.tid)) for thread in threads]


def _ids(path: str) -> list[int]:
    """A task's ids from our pid namespace to its own."""
    return [int(word) for word in parse_status(read_file(path, PAGE)).get("NSpid", "").split()]


def _task_ids(proc: str) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"{proc}/task")]
    except OSError:
        return []


def _names(threads: Sequence[Thread], proc: str) -> dict[int, str]:
    names = {
        thread.tid: read_file(f"{proc}/task/{thread.tid}/comm", PAGE).removesuffix(b"\n").decode(errors="surrogateescape")
        for thread in threads[:MAX_NAMED_THREADS]
    }
    return {tid: name for tid, name in names.items() if name}


def _process(pid: int, facts: dict[str, Any], notes: Notes, layout: Layout, proc: str) -> Process:
    """The process-wide notes again, with ids as we see them: those of the kernel are of the victim's namespaces."""
    stat = parse_stat(read_file(f"{proc}/stat") or _NO_STAT)
    info = notes.process.get(NT_PRPSINFO, b"").ljust(136, b"\0")
    return Process(
        machine=layout.machine,
        pid=pid,
        ppid=stat.ppid,
        pgrp=stat.pgrp,
        session=stat.session,
        uid=facts.get("uid", 0),
        gid=facts.get("gid", 0),
        state="R",
        nice=stat.nice,
        flags=int.from_bytes(info[8:16], "little"),
        name=info[40:56].split(b"\0")[0],
        arguments=info[56:136].split(b"\0")[0],
        auxv=notes.process.get(NT_AUXV, b""),
        siginfo=notes.process.get(NT_SIGINFO),
    )


def _mappings(head: Head, notes: Notes) -> list[Mapping]:
    """The address space as the core describes it: for a process whose maps can no longer be read."""
    files = {start: (offset, path) for start, offset, path in _files(notes.process.get(NT_FILE, b""))}
    return [
        Mapping(segment.start, segment.start + segment.size, _letters(segment.flags), *files.get(segment.start, (0, None)))
        for segment in sorted(head.segments)
    ]


def _dumped(head: Head) -> list[tuple[int, int]] | None:
    """Not known when the table is not whole."""
    return [(one.start, one.start + one.file_size) for one in head.segments if one.file_size] if head.notes else None


def _letters(flags: int) -> str:
    return "".join(letter if flags & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1))) + "p"


def _files(data: bytes) -> Iterator[tuple[int, int, str]]:
    """(start, offset in bytes, path) of NT_FILE."""
    if len(data) < 16:
        return
    count, unit = unpack_from("<QQ", data)
    count = min(count, (len(data) - 16) // 24, MAX_FILES)
    names = data[16 + count * 24 :].split(b"\0")
    for index, name in enumerate(names[:count]):
        start, _, offset = unpack_from("<QQQ", data, 16 + index * 24)
        yield start, offset * unit, os.fsdecode(name)


def _filtered(proc: str) -> Iterator[Missing]:
    text = read_file(f"{proc}/coredump_filter", PAGE).strip()
    if text and not int(text, 16) & _FILTER_ANONYMOUS:
        fix = "echo 0x33 > /proc/self/coredump_filter before the program is started"
        yield "the program's private memory, its stacks too", f"its coredump_filter {text.decode()} excludes it from cores", fix
