"""The files that a crashed program was made of, held open until its report is written: a test's executable is mostly gone by then.

Only what may change meanwhile is held: what lies outside the system's directories, or was deleted already. What is gone at the end of
the run, or lies in a directory for temporary files, is put into the archive's cache of modules, where later commands find it.
"""

import os
from typing import TYPE_CHECKING

from obit.agent.mapped import mapped_files
from obit.capture.procfs import DELETED

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingOf
    from collections.abc import Sequence

    from obit.agent.modulecache import ModuleCache
    from obit.capture.procfs import Mapping
    from obit.capture.victim import Captured

MOST = 128
"""Files held of one fault."""
MOST_OF_ALL = 512
"""Descriptors held by a run: a process may mostly have 1024."""
_SYSTEM = ("/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/nix/store/", "/gnu/store/")
_TEMPORARY = ("/tmp/", "/var/tmp/", "/dev/shm/")  # noqa: S108  compared, not created


class HeldFiles:
    """What a run holds. A file that crashed processes share is held once."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], int] = {}

    def hold(self, captured: "Captured") -> dict[str, int]:
        """Descriptors of the executable and the libraries of a process that still stands, by the paths that it has them under."""
        wanted = [mapping for mapping in captured.mappings if "x" in mapping.flags and mapping.is_file and _may_change(mapping.path or "")]
        most = min(MOST, MOST_OF_ALL - len(self._open))
        try:
            found = _opened(captured.threads[0].tid, wanted, most)
        except OSError:  # no descriptors are left: the report will do with what it finds
            return {}
        return {path.removesuffix(DELETED): self._once(fd) for path, fd in found.items()}

    def _once(self, fd: int) -> int:
        status = os.fstat(fd)
        held = self._open.setdefault((status.st_dev, status.st_ino), fd)
        if held != fd:
            os.close(fd)
        return held


def _may_change(path: str) -> bool:
    return path.endswith(DELETED) or not path.startswith(_SYSTEM)


def _opened(tid: int, mappings: "Sequence[Mapping]", most: int) -> dict[str, int]:
    """By what is mapped, which root may; else what the kernel says is the executable, and the libraries by their paths."""
    proc = os.open(f"/proc/{tid}", os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = mapped_files(proc, mappings, most)
        exe = os.readlink("exe", dir_fd=proc)
        for path in dict.fromkeys(mapping.path or "" for mapping in mappings):
            if path not in found and len(found) < most:
                name = "exe" if path == exe else f"root{path}"
                _open_regular(found, path, name, proc)
        return found
    finally:
        os.close(proc)


def _open_regular(found: dict[str, int], path: str, name: str, proc: int) -> None:
    from obit.debuginfo.buildid import open_regular

    try:
        found[path] = open_regular(name, proc)
    except OSError:
        return


def vanished(files: "MappingOf[str, int]") -> dict[str, str]:
    """Those that their path leads to no longer, by that path: where they can be read."""
    return {path: f"/proc/self/fd/{fd}" for path, fd in files.items() if not _is_still(path, fd)}


def keep(files: "MappingOf[str, int]", cache: "ModuleCache") -> None:
    """Put into the cache what has vanished or will soon."""
    temporary = (*_TEMPORARY, f"{os.path.realpath(os.environ.get('TMPDIR') or '/tmp')}/")  # noqa: S108
    for path, fd in files.items():
        if path.startswith(temporary) or not _is_still(path, fd):
            cache.keep(fd)


def _is_still(path: str, fd: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(fd))
    except OSError:
        return False
