"""Putting a fault on disk so that a kill or a power cut at any moment leaves it whole or not at all.

    incoming = begin(home(), {"source": "ptrace", "pid": 4711, …})
    with incoming.create(CORE) as core: …
    incoming.commit(PENDING)

The order: meta.json first, then the other files, all in `incoming/ID`; at the commit every file is synced, then the folder, then it is
renamed into its state, then both parents are synced. A writer at work holds a lock on its folder: one that nobody holds is a
leftover, and `recovery` finishes or marks it. Standard library only: the kernel's pipe handler runs this without site-packages.
"""

import errno
import io
import os

from obit.archive.escape import json_safe
from obit.archive.folder import Folder, write_all
from obit.archive.layout import DONE, FAILED, INCOMING, META, PENDING, SNAPSHOT, new_id
from obit.errors import EnvironmentLacks

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CannotStore(EnvironmentLacks):
    """The archive's file system refuses."""

    def __init__(self, home: str, error: OSError) -> None:
        super().__init__(
            f"cannot write to the fault archive {home}: {error.strerror or error}; make room there, or name another place in OBIT_HOME"
        )


class explained:  # noqa: N801 - a context manager reads as a word; contextlib costs the pipe handler its import
    """Turns every OSError inside into `CannotStore`."""

    __slots__ = ("home",)

    def __init__(self, home: str) -> None:
        self.home = home

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: object, _traceback: object) -> None:
        if isinstance(error, OSError):
            raise CannotStore(self.home, error) from error


class Incoming:
    """A fault that is being written; nobody else sees it. A context manager: leaving it without a commit discards it."""

    def __init__(self, home: Folder, states: Folder, folder: Folder, fault_id: str, meta: dict[str, object]) -> None:
        self.id = fault_id
        self._home = home
        self._incoming = states
        self._folder = folder
        self._meta = meta
        self._files: dict[str, int] = {}
        with explained(home.path):
            self._write_meta()

    def create(self, name: str) -> io.BufferedRandom:
        """A new file of the fault, to be closed before the commit; `CannotStore`.

        A disk that fills up while it is written becomes `CannotStore` at the end of the fault's `with`.
        """
        with explained(self._home.path):
            fd = self._folder.create(name)
        self._files[name] = fd
        return open(os.dup(fd), "w+b")

    def write(self, name: str, data: bytes) -> None:
        """A new file of the fault with these bytes; `CannotStore`."""
        with explained(self._home.path):
            self._files[name] = fd = self._folder.create(name)
            write_all(fd, data)

    def describe(self, meta: dict[str, object]) -> None:
        """What more is known of the fault; on disk with the commit."""
        self._meta.update(meta)

    def commit(self, state: str) -> None:
        """Make the fault durable and visible in `pending`, `failed`, or (with its snapshot) `done`.

        `CannotStore` when that fails; the fault is still incoming then.
        """
        if state not in (PENDING, DONE, FAILED) or (state == DONE and SNAPSHOT not in self._files):
            raise ValueError(f"a fault with {sorted(self._files)} cannot be committed to {state}")
        with explained(self._home.path):
            self._meta.update(state=state, sizes={name: os.fstat(fd).st_size for name, fd in self._files.items() if name != META})
            self._write_meta()
            for fd in self._files.values():
                os.fsync(fd)
            self._folder.sync()
            with self._home.ensure(state) as target:
                self._incoming.move(self.id, target)
        self._close()

    def discard(self) -> None:
        """Remove what was written; after a commit it does nothing."""
        if self._folder.fd < 0:
            return
        try:
            self._incoming.remove_tree(self.id)
        finally:
            self._close()

    def _write_meta(self) -> None:
        import json

        old = self._files.pop(META, None)
        self._files[META] = self._folder.replace(META, json.dumps(json_safe(self._meta), ensure_ascii=False, indent=1).encode())
        if old is not None:
            os.close(old)

    def _close(self) -> None:
        for fd in self._files.values():
            os.close(fd)
        self._files.clear()
        for folder in (self._folder, self._incoming, self._home):
            folder.close()

    def __enter__(self) -> "Incoming":
        return self

    def __exit__(self, _kind: object, error: object, _traceback: object) -> None:
        self.discard()
        if isinstance(error, OSError) and error.errno in _FULL:
            raise CannotStore(self._home.path, error) from error


def begin(home: str, meta: dict[str, object], fault_id: str | None = None) -> Incoming:
    """Start a fault in the archive at `home` with what is known of it (`layout` lists the names); `CannotStore`.

    `fault_id` is one that nobody else has; without it, one is drawn. Text in `meta` may hold bytes, or surrogates from `os.fsdecode`: what
    is no UTF-8 is kept reversibly (`escape`).
    """
    with explained(home):
        root = Folder.at(home)
        incoming = root.ensure(INCOMING)
        while True:
            chosen = fault_id or new_id()
            folder = incoming.make_locked(chosen)
            if folder:
                return _begun(root, incoming, folder, chosen, dict(meta))


def _begun(home: Folder, incoming: Folder, folder: Folder, fault_id: str, meta: dict[str, object]) -> Incoming:
    """A fault in a folder that is there; when not even meta.json can be written, it is not there any more."""
    try:
        return Incoming(home, incoming, folder, fault_id, meta)
    except CannotStore:
        incoming.remove_tree(fault_id)
        for each in (folder, incoming, home):  # and the lock with it: whoever tries again is this process
            each.close()
        raise
