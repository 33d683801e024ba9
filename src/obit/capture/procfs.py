"""The text files of /proc/PID as values. Pure parsers: the caller reads the files. Standard library only.

Source: Linux Documentation/filesystems/proc.rst, fs/proc/{array,task_mmu}.c. Names in these files are the program's to choose
(newlines, brackets, spaces): `stat` is split after its last ")", `maps` escapes newlines as \\012.
"""

import re
from typing import NamedTuple

PAGE = 4096
"""The unit in which memory is taken (bytes); a kernel with larger pages gives us whole ones all the same."""

DELETED = " (deleted)"


class Mapping(NamedTuple):
    """A line of /proc/PID/maps: [start, end) in bytes, `flags` like "rw-p", `offset` in the file in bytes."""

    start: int
    end: int
    flags: str
    offset: int
    path: str | None

    @property
    def is_file(self) -> bool:
        """Whether a file is mapped: not anonymous memory, nor a special mapping of the kernel's."""
        return self.path is not None and self.path.startswith("/")


class Dispositions(NamedTuple):
    """What a process does with signals: masks in which bit n-1 stands for signal n."""

    pending: int
    blocked: int
    ignored: int
    caught: int

    def is_default(self, signal: int) -> bool:
        """Whether the default action follows if this signal is delivered now."""
        return not (self.blocked | self.ignored | self.caught) >> (signal - 1) & 1


class Stat(NamedTuple):
    """Some fields of /proc/PID/stat; `start_time` in clock ticks after boot."""

    state: str
    ppid: int
    pgrp: int
    session: int
    flags: int
    nice: int
    start_time: int


_MAPS_LINE = re.compile(rb"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ \d+ *(.*)")


def parse_maps(raw: bytes) -> list[Mapping]:
    """/proc/PID/maps in address order; lines that are cut off are left out."""
    return [
        Mapping(int(start, 16), int(end, 16), flags.decode(), int(offset, 16), _path(path))
        for start, end, flags, offset, path in _MAPS_LINE.findall(raw)
    ]


def _path(raw: bytes) -> str | None:
    return raw.replace(b"\\012", b"\n").decode(errors="surrogateescape") or None


def parse_status(raw: bytes) -> dict[str, str]:
    """/proc/PID/status: field → value without the surrounding blanks."""
    lines = (line.partition(":") for line in raw.decode(errors="surrogateescape").splitlines())
    return {name: value.strip() for name, _, value in lines}


_MASKS = re.compile(rb"\nSigPnd:\t(\w+)\nShdPnd:\t\w+\nSigBlk:\t(\w+)\n")


def parse_thread_status(raw: bytes) -> tuple[str | None, int, int]:
    """Name, pending and blocked signals of a thread from its status; None and 0 when it is cut off. Many times faster than the whole."""
    found = _MASKS.search(raw)
    name = raw.removeprefix(b"Name:\t").partition(b"\n")[0].decode(errors="surrogateescape")
    return (name, int(found[1], 16), int(found[2], 16)) if found else (None, 0, 0)


def dispositions(status: dict[str, str]) -> Dispositions:
    """The signal masks of a parsed /proc/PID/status; what is not there counts as empty."""
    pending, blocked, ignored, caught = (int(status.get(name, "0"), 16) for name in ("SigPnd", "SigBlk", "SigIgn", "SigCgt"))
    return Dispositions(pending, blocked, ignored, caught)


def parse_stat(raw: bytes) -> Stat:
    """/proc/PID/stat; ValueError when it is not whole."""
    fields = raw.rpartition(b")")[2].split()
    if len(fields) < 20:
        raise ValueError("cut off")
    number = [int(field) for field in fields[1:20]]
    return Stat(fields[0].decode(), number[0], number[1], number[2], number[5], number[15], number[18])
