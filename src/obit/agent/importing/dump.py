"""A crash that somebody else kept."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from time import gmtime, strftime
from typing import Any, NamedTuple

from obit.capture.victim import SIGNAL_NAMES
from obit.image.compressed import Progress

Pieces = Callable[[Progress], Iterator[bytes]]
"""The core's bytes from the beginning, unpacked; `image.compressed.EndsEarly` where damage begins."""


class Dump(NamedTuple):
    """`meta` as `archive.layout` lists it, `assets` members of assets.tar by name, `size` and `modified` (ns) of the file with the core."""

    path: str
    size: int
    modified: int
    pieces: Pieces
    meta: dict[str, Any]
    assets: dict[str, bytes]


class Refused(NamedTuple):
    """What was found and is not imported; `why` ends a sentence that begins with the path."""

    path: str
    why: str


def open_regular(name: str, directory: int | None = None) -> int:
    """A descriptor of a regular file; OSError. What somebody put into a directory is not followed when it is a link."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if directory is None else os.O_NOFOLLOW)
    fd = os.open(name, flags, dir_fd=directory)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise OSError(0, "it is no regular file")


def signal(number: int | None) -> dict[str, object] | None:
    """The document's `signal` as far as a number says it."""
    return {"number": number, "name": SIGNAL_NAMES.get(number, f"SIG{number}")} if number else None


def rfc3339(seconds: float) -> str | None:
    """A time since 1970 in UTC, with microseconds; None of one that no calendar has."""
    try:
        return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"
    except (OverflowError, ValueError, OSError):
        return None


def number(text: object) -> int | None:
    """A decimal number of up to 18 digits; None when it is none."""
    found = text.strip() if isinstance(text, str) else ""
    return int(found) if found.isascii() and found.isdigit() and len(found) <= 18 else None


def known(meta: Mapping[str, object]) -> dict[str, Any]:
    """Without what is not known."""
    return {name: value for name, value in meta.items() if value is not None}


def owned(meta: dict[str, Any], status: os.stat_result) -> dict[str, Any]:
    """With the user to whom the fault will be shown: whoever wrote the file, whatever is in it, unless root did."""
    return meta if status.st_uid == 0 else {**meta, "uid": status.st_uid, "gid": status.st_gid}
