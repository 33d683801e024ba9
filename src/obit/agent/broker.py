"""Opens files for analysers, who have no file system: by rule, and never because a name says so.

Debug files by build-id or bare name from directories of root's; modules and sources only where the crashing user could have opened
them, below the root directory that the process had.
"""

import ctypes
import os
import select
import stat
from collections.abc import Sequence
from socket import socket
from typing import NamedTuple

from obit.agent import messages, record
from obit.agent.messages import Job
from obit.agent.modulecache import ModuleCache
from obit.agent.packages import Installed, of_modules
from obit.debuginfo.cache import Cache
from obit.debuginfo.packages import Packages

DEBUG, NAMED, FILE, PACKAGE, VERSION, KEPT = b"d", b"n", b"f", b"p", b"v", b"k"
"""A request is one of these and a word: a build-id with its suffix; a bare file name in a debug directory's folder; a path; a path;
a build-id, a blank and a path; a build-id."""
LARGEST = 4 << 30
_OPENAT2 = 437
_RESOLVE_NO_MAGICLINKS, _RESOLVE_IN_ROOT = 0x02, 0x10
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_HEX = frozenset(b"0123456789abcdef")

_libc = ctypes.CDLL(None, use_errno=True)


class Client(NamedTuple):
    """An analyser, and the user for whom it works; `root` -1: files of that user are not opened."""

    channel: socket
    user: tuple[int, int, tuple[int, ...]]
    root: int


class Broker:
    """`directories` hold debug files and belong to root; what they have compressed, `cache` has decompressed from the second time on.
    `modules` are those that were in faults before."""

    def __init__(self, directories: Sequence[str], cache: Cache, modules: ModuleCache | None = None) -> None:
        self._cache = cache
        self._modules = modules
        self._installed = Installed()
        self._directories = (*directories, "/usr/lib/debug")
        self._clients: dict[int, Client] = {}
        self._poll = select.poll()
        self._packages = Packages()

    def main(self, channel: socket) -> None:
        """Serve until the channel ends."""
        self._poll.register(channel, select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor != channel.fileno():
                    self._serve(self._clients[descriptor])
                    continue
                data, descriptors = messages.receive(channel)
                if not data:
                    return
                self._meet(messages.decode_job(data, descriptors))

    def _meet(self, job: Job) -> None:
        known = record.read(job.one("facts"))
        root = job.one("root")
        if root < 0 and known.meta.get("on_host") is True:  # a fault that waited in the archive
            root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        client = Client(socket(fileno=job.one("analyser")), known.user, root)
        os.close(job.one("facts"))
        self._clients[client.channel.fileno()] = client
        self._poll.register(client.channel, select.POLLIN)

    def _serve(self, client: Client) -> None:
        data, descriptors = messages.receive(client.channel)
        messages.close_all(descriptors)
        if not data:
            self._leave(client)
            return
        answer, found = self._answer(client, data[:1], data[1:])
        try:
            messages.send(client.channel, answer or b"-", [found] if found >= 0 else [])
        except OSError:
            pass  # it has died: its channel says so next
        if found >= 0:
            os.close(found)

    def _leave(self, client: Client) -> None:
        self._poll.unregister(client.channel)
        del self._clients[client.channel.fileno()]
        client.channel.close()
        if client.root >= 0:
            os.close(client.root)

    def _answer(self, client: Client, kind: bytes, word: bytes) -> tuple[bytes, int]:
        if kind == DEBUG:
            build_id, _, suffix = word.partition(b".")
            if len(build_id) > 2 and _HEX.issuperset(build_id) and suffix in (b"", b"debug"):
                return self._in_directories(f".build-id/{build_id[:2].decode()}/{word[2:].decode()}", build_id.decode())
        elif kind == NAMED:
            path = os.path.normpath(os.fsdecode(word))
            if b"\0" not in word and not path.startswith(".."):
                return self._in_directories(path.lstrip("/"))
        elif kind == FILE and client.root >= 0:
            return word, open_as(client.user, client.root, word)
        elif kind == PACKAGE:
            return (self._packages.debug_command(os.fsdecode(word)) or "").encode(errors="replace"), -1
        elif kind == VERSION:
            return self._version(*os.fsdecode(word).partition(" ")[::2]), -1
        elif kind == KEPT and self._modules and _HEX.issuperset(word):
            return self._kept(word.decode(), client.user[0])
        return b"", -1

    def _version(self, build_id: str, path: str) -> bytes:
        """Package and version. The file is opened only where a package's list names it."""
        package, version = of_modules([(path, build_id)], self._installed).get(path, ("", ""))
        return f"{package} {version}".encode(errors="replace") if package else b""

    def _kept(self, build_id: str, uid: int) -> tuple[bytes, int]:
        for path in self._modules.files(build_id, uid) if self._modules else ():
            found = _regular(_open(path))
            if found >= 0:
                return os.fsencode(path), found
        return b"", -1

    def _in_directories(self, name: str, build_id: str | None = None) -> tuple[bytes, int]:
        for directory in self._directories:
            path = f"{directory}/{name}"
            found = _regular(_open(path))
            if found >= 0 and os.fstat(found).st_uid == 0 and not os.fstat(found).st_mode & 0o022:
                return self._decompressed(path, build_id, found) if build_id and name.endswith(".debug") else (os.fsencode(path), found)
            if found >= 0:
                os.close(found)
        return b"", -1

    def _decompressed(self, path: str, build_id: str, original: int) -> tuple[bytes, int]:
        """A debug file of root's: the only kind that is parsed here."""
        kept = self._cache.decompressed(path, build_id)
        found = _regular(_open(kept)) if kept != path else -1
        if found < 0:
            return os.fsencode(path), original
        os.close(original)
        return os.fsencode(kept), found


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_as(user: tuple[int, int, tuple[int, ...]], root: int, path: bytes) -> int:
    """A regular file as a user may open it below a root directory, the last step no link; -1."""
    uid, gid, groups = user
    privileged = os.geteuid() == 0
    if privileged:
        os.setgroups(groups)
        _libc.setfsgid(gid)
        _libc.setfsuid(uid)  # which takes root's power over files away as well
    try:
        how = _How(_FLAGS | os.O_NOFOLLOW, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
        return _regular(_libc.syscall(_OPENAT2, root, ctypes.c_char_p(path), ctypes.byref(how), ctypes.sizeof(how)))
    finally:
        if privileged:
            _libc.setfsuid(0)
            _libc.setfsgid(0)
            os.setgroups([])


def _open(path: str) -> int:
    try:
        return os.open(path, _FLAGS)
    except (OSError, ValueError):
        return -1


def _regular(fd: int) -> int:
    if fd >= 0 and not (stat.S_ISREG(os.fstat(fd).st_mode) and os.fstat(fd).st_size <= LARGEST):
        os.close(fd)
        return -1
    return fd
