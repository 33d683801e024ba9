"""What an analyser leaves in its memfd: a snapshot and the listing's summary of it, or why there is none."""

import os
from itertools import accumulate, pairwise
from struct import Struct
from typing import NamedTuple

from obit.archive.folder import write_all

MOST = 64 << 20
"""Bytes of a result."""
_SIZES = Struct("<IIII")


class Result(NamedTuple):
    """`snapshot` and `summary` are the files of that name, `entry` the log's line (JSON); all are empty when `failure` says why."""

    snapshot: bytes = b""
    summary: bytes = b""
    entry: bytes = b""
    failure: str = ""


def write(fd: int, result: Result) -> None:
    """Put it into a memfd."""
    parts = (result.snapshot, result.summary, result.entry, result.failure.encode(errors="replace"))
    write_all(fd, _SIZES.pack(*map(len, parts)) + b"".join(parts))


def read(fd: int) -> Result | None:
    """What was written there; None when it is not whole. Only the sizes are looked at: an analyser is not trusted."""
    size = os.fstat(fd).st_size
    if not _SIZES.size <= size <= MOST:
        return None
    data = os.pread(fd, size, 0)
    sizes = _SIZES.unpack_from(data)
    if sum(sizes) + _SIZES.size != len(data):
        return None
    ends = list(accumulate(sizes, initial=_SIZES.size))
    snapshot, summary, entry, failure = (data[start:end] for start, end in pairwise(ends))
    return Result(snapshot, summary, entry, failure.decode(errors="replace"))
