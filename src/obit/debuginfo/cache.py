"""A cache of files by build-id: decompressed copies of debug files, and what debuginfod sent.

One flat directory with `KEY.KIND` in it: "debug" and "executable" for copies, "fetched-debug" and "fetched-executable" for what came
from a server. Files appear whole, by rename; writers need no lock. The cache is an economy: whatever fails in it, the original is used.
"""

import os
import stat
import time

from obit.debuginfo.buildid import file_reader, open_regular
from obit.debuginfo.elf import Elf
from obit.debuginfo.inflate import inflate, is_compressed
from obit.errors import BadInput

DEFAULT_LIMIT = 2 << 30
_USED_EVERY = 3600
_STALE_AFTER = 3600


def default_directory() -> str:
    """$OBIT_CACHE, or /var/cache/obit for root, or $XDG_CACHE_HOME/obit/debug."""
    chosen = os.environ.get("OBIT_CACHE")
    if chosen:
        return chosen
    if os.geteuid() == 0:
        return "/var/cache/obit"
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "obit", "debug")


class Cache:
    """The cache in a directory, kept under `limit` bytes by dropping what was used longest ago. The directory must belong to `owner` (the
    user who runs this) and be writable to no one else: root's cache follows nobody's links and trusts nobody's files."""

    def __init__(self, directory: str | None = None, limit: int = DEFAULT_LIMIT, *, owner: int | None = None) -> None:
        self.directory = directory or default_directory()
        self.limit = limit
        self._owner = os.geteuid() if owner is None else owner

    def decompressed(self, path: str, build_id: str, kind: str = "debug") -> str:
        """Path of a copy of the ELF file at `path` without compressed sections; `path` itself when it has none or a copy cannot be kept."""
        if not _is_key(build_id):
            return path
        name = f"{build_id}.{kind}"
        kept = self.find(name)
        if kept is not None:
            return kept
        try:
            source = open_regular(path)
        except OSError:
            return path
        try:
            return self._inflated(source, name) or path
        except (OSError, BadInput, MemoryError):
            return path
        finally:
            os.close(source)

    def _inflated(self, source: int, name: str) -> str | None:
        if os.fstat(source).st_uid not in (0, os.geteuid()) or not is_compressed(Elf(file_reader(source))):
            return None
        with Entry(self, name) as entry:
            inflate(source, entry.descriptor, self.limit)
            return entry.commit()

    def find(self, name: str) -> str | None:
        """Path of a cached file, or None. Finding it counts as a use."""
        path = f"{self.directory}/{name}"
        try:
            directory = self._open(create=False)
        except OSError:
            return None
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != self._owner or status.st_size == 0:
                return None
            if status.st_mtime < time.time() - _USED_EVERY:
                _touch(name, directory)
            return path
        except OSError:
            return None
        finally:
            os.close(directory)

    def _open(self, *, create: bool) -> int:
        """Descriptor of the directory; `OSError` when it is not ours alone."""
        if create:
            os.makedirs(self.directory, mode=0o755, exist_ok=True)
        descriptor = os.open(self.directory, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        status = os.fstat(descriptor)
        if status.st_uid == self._owner and not status.st_mode & 0o022:
            return descriptor
        os.close(descriptor)
        raise PermissionError(f"{self.directory} can be written by others")

    def evict(self, directory: int) -> None:
        """Drop the files used longest ago until the limit holds, and what writers that died left behind."""
        now = time.time()
        files = []
        for name in os.listdir(directory):
            try:
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
                if name.startswith(".") and status.st_mtime < now - _STALE_AFTER:
                    os.unlink(name, dir_fd=directory)
                elif stat.S_ISREG(status.st_mode) and not name.startswith("."):
                    files.append((status.st_mtime, status.st_blocks * 512, name))
            except OSError:
                continue
        total = sum(size for _, size, _ in files)
        for _, size, name in sorted(files):
            if total <= self.limit:
                return
            _unlink(name, directory)
            total -= size


class Entry:
    """A file being written into the cache: use as a context manager, write to `descriptor`, then `commit`; else it is gone."""

    def __init__(self, cache: Cache, name: str) -> None:
        self._cache = cache
        self._name = name
        self._directory = -1
        self.descriptor = -1

    def __enter__(self) -> "Entry":
        self._directory = self._cache._open(create=True)  # noqa: SLF001 - an entry is a part of its cache
        self._temporary = f".{self._name}.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            self.descriptor = os.open(
                self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=self._directory
            )
        except OSError:
            os.close(self._directory)
            raise
        return self

    def commit(self) -> str:
        """Give the file its name, make room for it, and return its path."""
        os.rename(self._temporary, self._name, src_dir_fd=self._directory, dst_dir_fd=self._directory)
        self._cache.evict(self._directory)
        return f"{self._cache.directory}/{self._name}"

    def __exit__(self, *_: object) -> None:
        _unlink(self._temporary, self._directory)
        os.close(self.descriptor)
        os.close(self._directory)


def _touch(name: str, directory: int) -> None:
    try:
        os.utime(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return  # one may use what one may not change


def _unlink(name: str, directory: int) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        return


def _is_key(build_id: str) -> bool:
    """Whether it is hex: it becomes a file's name."""
    return 0 < len(build_id) <= 128 and all(character in "0123456789abcdef" for character in build_id)
