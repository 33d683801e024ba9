"""What an analyser leaves in its memfd: a snapshot and the listing's summary of it, or why there is none."""

import os
from struct import Struct
from typing import NamedTuple

from obit.archive.folder import write_all

MOST = 64 << 20
"""Bytes of a result."""
_SIZES = Struct("<III")


class Result(NamedTuple):
    """`snapshot` and `summary` are the files of that name; both are empty when `failure` says why."""

    snapshot: bytes = b""
    summary: bytes = b""
    failure: str = ""


def write(fd: int, result: Result) -> None:
    """Put it into a memfd."""
    parts = (result.snapshot, result.summary, result.failure.encode(errors="replace"))
    write_all(fd, _SIZES.pack(*map(len, parts)) + b"".join(parts))


def read(fd: int) -> Result | None:
    """What was written there; None when it is not whole. Only the sizes are looked at: an analyser is not trusted."""
    size = os.fstat(fd).st_size
    if not _SIZES.size <= size <= MOST:
        return None
    data = os.pread(fd, size, 0)
    snapshot, summary, failure = _SIZES.unpack_from(data)
    if _SIZES.size + snapshot + summary + failure != len(data):
        return None
    at = _SIZES.size
    return Result(
        data[at : at + snapshot], data[at + snapshot : at + snapshot + summary], data[at + snapshot + summary :].decode(errors="replace")
    )
