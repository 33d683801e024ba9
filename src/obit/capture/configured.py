"""The ends of log files and the listings of directories that [assets] names for a program. Standard library only.

A setting is `PROGRAM=PATH`, or `PATH` for every program; PROGRAM is the executable's name or a pattern of fnmatch(3). The paths are the
administrator's, but what lies on them may belong to the program that crashed: no link is followed anywhere on the way, and only a
regular file with one name is read, so that nobody gets to read through us what he could not read himself.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from typing import Any

LINES = 100
LOG_LIMIT = 64 << 10
"""Bytes of the end of a log file."""
ENTRIES = 1000
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def of_program(settings: Sequence[str], exe: str) -> list[str]:
    """The absolute paths that are meant for the executable at `exe`."""
    from fnmatch import fnmatchcase

    pairs = (("*", text) if text.startswith("/") else text.partition("=")[::2] for text in settings)
    return [path for program, path in pairs if path.startswith("/") and fnmatchcase(os.path.basename(exe), program)]


def members(exe: str, logs: Sequence[str], directories: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Members of assets.tar: `logs/N` begins with its path on a line; `directories.json` {path: {name: [type, size, mtime, uid, mode]}}."""
    for index, path in enumerate(of_program(logs, exe)):
        end = log_end(path)
        if end is not None:
            yield f"logs/{index}", os.fsencode(path) + b"\n" + end
    listed = {path: listing for path in of_program(directories, exe) if (listing := list_directory(path)) is not None}
    if listed:
        import json

        from obit.archive.escape import json_safe

        yield "directories.json", json.dumps(json_safe(listed), ensure_ascii=False).encode()


def log_end(path: str) -> bytes | None:
    """The last `LINES` lines of a regular file; None when there is none."""
    fd = _open(path, _FILE)
    if fd is None:
        return None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            return None
        data = os.pread(fd, LOG_LIMIT, max(status.st_size - LOG_LIMIT, 0))
        return b"".join(data.splitlines(keepends=True)[-LINES:])
    except OSError:
        return None
    finally:
        os.close(fd)


def list_directory(path: str) -> dict[str, list[Any]] | None:
    """The first `ENTRIES` names in alphabetical order, with type, bytes, time of change (seconds), owner and mode."""
    fd = _open(path, _DIRECTORY)
    if fd is None:
        return None
    try:
        names = sorted(os.listdir(fd))[:ENTRIES]
        return {name: entry for name in names if (entry := _entry(fd, name))}
    except OSError:
        return None
    finally:
        os.close(fd)


def _entry(directory: int, name: str) -> list[Any] | None:
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return None
    return [stat.filemode(status.st_mode)[0], status.st_size, int(status.st_mtime), status.st_uid, f"{stat.S_IMODE(status.st_mode):o}"]


def _open(path: str, flags: int) -> int | None:
    """By one step at a time from the root, through no link; None when that does not lead there."""
    *folders, last = os.path.normpath(path).strip("/").split("/")
    at = os.open("/", _DIRECTORY)
    try:
        for folder in folders:
            before, at = at, os.open(folder, _DIRECTORY, dir_fd=at)
            os.close(before)
        return os.open(last, flags, dir_fd=at)
    except OSError:
        return None
    finally:
        os.close(at)
