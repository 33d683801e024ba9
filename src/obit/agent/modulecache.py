"""The executables and libraries seen in faults, each build once, so that an analysis tomorrow sees the code of today: containers vanish,
packages are upgraded, programs are built again.

    cache = ModuleCache(home, limit)
    cache.keep(descriptor)                 of the very file that was mapped (/proc/PID/map_files), deleted or not; its build-id
    cache.files(build_id, uid)             paths to look at; `FileFinder(kept=…)` checks their build-id again

HOME/modules holds BUILDID.OWNER.module. The build-id is read from the copy; but a build-id is only what a file says of itself, so a file
is kept under the name of its owner as well, and an analysis takes files of root and of the user whose process crashed: nobody can make
others' reports lie. The directory is for the archive's owner only, for executables may be private.
"""

import os
import stat
from fcntl import ioctl

from obit.debuginfo.buildid import build_id_of_descriptor
from obit.debuginfo.cache import Cache, Entry
from obit.errors import BadInput

DIRECTORY = "modules"
DEFAULT_LIMIT = 2 << 30
LARGEST_SHARE = 4
"""One file may take a quarter of the limit."""
_FICLONE = 0x40049409
"""ioctl_ficlonerange(2), include/uapi/linux/fs.h."""
_BLOCK = 8 << 20


class ModuleCache:
    """The cache of the archive at `home`, kept below `limit` bytes by dropping what was in no fault for longest."""

    def __init__(self, home: str, limit: int = DEFAULT_LIMIT) -> None:
        directory = f"{home}/{DIRECTORY}"
        try:
            owner = os.stat(directory).st_uid
        except OSError:
            owner = os.geteuid()
        # Who may read the archive as root may read what its agent, under another user, has kept.
        self._cache = Cache(directory, limit, owner=owner if os.geteuid() == 0 else os.geteuid())
        self._limit = limit

    def keep(self, source: int) -> str | None:
        """Keep the file behind a descriptor; its build-id, or None when it has none, is too large, or cannot be kept."""
        try:
            status = os.fstat(source)
            if not stat.S_ISREG(status.st_mode) or status.st_size > self._limit // LARGEST_SHARE:
                return None
            build_id = build_id_of_descriptor(source)
            if build_id is None or self._cache.find(_name(build_id, status.st_uid)):
                return build_id
            return self._copied(source, build_id, status)
        except (OSError, BadInput):
            return None

    def files(self, build_id: str, uid: int | None) -> list[str]:
        """Files that say to be this build: root's, then those of `uid`."""
        names = [_name(build_id, owner) for owner in dict.fromkeys((0, uid)) if owner is not None]
        return [path for name in names if (path := self._cache.find(name))]

    def _copied(self, source: int, build_id: str, status: os.stat_result) -> str | None:
        os.makedirs(self._cache.directory, mode=0o700, exist_ok=True)
        with Entry(self._cache, _name(build_id, status.st_uid)) as entry:
            os.fchmod(entry.descriptor, 0o600)
            copy(source, entry.descriptor, status.st_size)
            # It may have been written to meanwhile: what counts is what we have.
            if build_id_of_descriptor(entry.descriptor) != build_id:
                return None
            entry.commit()
        return build_id


def copy(source: int, target: int, size: int) -> None:
    """The file's first `size` bytes: shared with it where the file system can do that, else copied."""
    try:
        ioctl(target, _FICLONE, source)
        return
    except OSError:
        pass  # another file system, or one without reflinks
    at = 0
    while at < size:
        done = os.sendfile(target, source, at, min(size - at, _BLOCK))
        if not done:
            return
        at += done


def _name(build_id: str, owner: int) -> str:
    return f"{build_id}.{owner}.module"
