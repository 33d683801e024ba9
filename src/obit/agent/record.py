"""What the receiver tells those after it about a fault: one sealed memfd, so that nobody in between can change it.

It comes from a process of root's and is read by processes with fewer rights; nothing in it needs a parser that could be fooled.
"""

import fcntl
import marshal
import os
from typing import Any, NamedTuple

from obit.archive.folder import write_all

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class Record(NamedTuple):
    """`meta` is meta.json, `captured` the packed `Captured` (empty: none), `user` (uid, gid, groups) of the crashing process, `modules`
    the paths (as it had them) of the files whose descriptors go along, `failure` why nothing was captured, `fold` the fault that this
    one is counted with."""

    meta: dict[str, Any]
    captured: bytes = b""
    user: tuple[int, int, tuple[int, ...]] = (65534, 65534, ())
    modules: tuple[str, ...] = ()
    failure: str = ""
    fold: str = ""


def write(fd: int, record: Record) -> None:
    """Put it into a memfd, for good."""
    write_all(fd, marshal.dumps(tuple(record)))
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)


def read(fd: int) -> Record:
    """What was written there."""
    return Record(*marshal.loads(os.pread(fd, os.fstat(fd).st_size, 0)))  # noqa: S302  sealed by the receiver
