"""Puts a dump into the archive, unless its core is there already.

The core is kept plain, with holes (what becomes of it later is the policy's business); meta.json has `import`: {path, size,
modified (ns), digest}, the digest that of the plain core. One import works on an archive at a time.
"""

import os
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from obit.agent.importing.dump import Dump, Refused
from obit.analysis.scrub import NO_PATTERNS, Patterns
from obit.archive.folder import Folder
from obit.archive.layout import ASSETS, CORE, INCOMING, META, PENDING, VISIBLE_STATES, is_id
from obit.archive.writer import Incoming, begin, explained
from obit.capture.assets import scrubbed
from obit.capture.minicore import write_sparsely
from obit.capture.ustar import END, member
from obit.image.compressed import EndsEarly, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

_ELF, _ET_CORE, _HEADER = b"\x7fELF", 4, 64
_MOST_META = 1 << 20
_BLOCK = 1 << 20

Key = tuple[str, int, int]


class Origin(msgspec.Struct, frozen=True):
    """`import` of a meta.json."""

    path: str
    size: int
    modified: int
    digest: str


class _Meta(msgspec.Struct, frozen=True):
    origin: Origin | None = msgspec.field(default=None, name="import")


class Taken(NamedTuple):
    """The fault that a dump is in; `is_new`: since now."""

    path: str
    id: str
    is_new: bool


class Importer:
    """Imports into the archive at `home`, of whose file system `reserve` bytes stay free; `patterns` are hidden in assets.

    A context manager; `CannotStore`.
    """

    def __init__(self, home: str, reserve: int = 0, patterns: Patterns = NO_PATTERNS) -> None:
        self._home = home
        self._patterns = patterns
        self._reserve = reserve
        self._digests: dict[str, str] = {}
        self._keys: dict[Key, str] = {}

    def __enter__(self) -> "Importer":
        with explained(self._home), Folder.at(self._home) as home:
            self._lock = home.ensure(INCOMING)
            self._lock.lock(wait=True)
            for state in VISIBLE_STATES:
                self._learn(home, state)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def take(self, dump: Dump, progress: Progress) -> Taken | Refused:
        """Import a dump; `CannotStore`."""
        key = os.path.abspath(dump.path), dump.size, dump.modified
        if key in self._keys:
            return Taken(dump.path, self._keys[key], is_new=False)
        self._check_room()
        pieces = dump.pieces(progress)
        try:
            first = _beginning(pieces)
        except EndsEarly as error:
            return Refused(dump.path, f"is not imported: {error}")
        if first[:4] != _ELF or int.from_bytes(first[16:18], "little") != _ET_CORE:
            return Refused(dump.path, "is no core: give cores, or what systemd-coredump, apport or ABRT kept")
        with begin(self._home, {**dump.meta, "source": "import"}) as incoming:
            digest = _write(incoming, first, pieces)
            if digest in self._digests:
                return Taken(dump.path, self._digests[digest], is_new=False)
            incoming.describe({"import": {"path": key[0], "size": dump.size, "modified": dump.modified, "digest": digest}})
            if dump.assets:
                incoming.write(ASSETS, _tar(dump.assets, self._patterns))
            incoming.commit(PENDING)
            self._digests[digest] = self._keys[key] = incoming.id
            return Taken(dump.path, incoming.id, is_new=True)

    def _check_room(self) -> None:
        with explained(self._home):
            disk = os.statvfs(self._home)
            if disk.f_bavail * disk.f_frsize < self._reserve:
                import errno

                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _learn(self, home: Folder, state: str) -> None:
        try:
            with home.child(state) as states:
                for name in filter(is_id, states.names()):
                    origin = _origin(states, name)
                    if origin:
                        self._digests[origin.digest] = name
                        self._keys[origin.path, origin.size, origin.modified] = name
        except FileNotFoundError:
            return


def _origin(states: Folder, fault_id: str) -> Origin | None:
    try:
        with states.child(fault_id) as folder:
            return msgspec.json.decode(folder.read(META, _MOST_META), type=_Meta).origin
    except (OSError, msgspec.MsgspecError):
        return None


def _beginning(pieces: "Iterator[bytes]") -> bytes:
    """Enough to see whether it is a core: an unpacker gives nothing for its first bytes."""
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= _HEADER:
            break
    return first


def _write(incoming: Incoming, first: bytes, pieces: "Iterator[bytes]") -> str:
    """The core, with holes where zeros are; the digest of what is in it."""
    digest, size = blake2b(digest_size=32), 0
    with incoming.create(CORE) as core:
        try:
            for block in _blocks(first, pieces):
                digest.update(block)
                write_sparsely(core.fileno(), size, block)
                size += len(block)
        except _CutOff as cut:
            digest.update(cut.rest)
            write_sparsely(core.fileno(), size, cut.rest)
            size += len(cut.rest)
            incoming.describe({"missing": [{"what": f"the core beyond its first {size:,} bytes", "why": str(cut)}]})
        os.ftruncate(core.fileno(), size)
    return digest.hexdigest()


class _CutOff(Exception):
    """`EndsEarly`, with what came since the last whole block."""

    def __init__(self, why: str, rest: bytes) -> None:
        super().__init__(why)
        self.rest = rest


def _blocks(first: bytes, pieces: "Iterator[bytes]") -> "Iterator[bytes]":
    """The same bytes in blocks of one size, so that holes are where the file system can have them. `_CutOff`."""
    waiting = bytearray(first)
    try:
        for piece in pieces:
            waiting += piece
            while len(waiting) >= _BLOCK:
                yield bytes(waiting[:_BLOCK])
                del waiting[:_BLOCK]
    except EndsEarly as error:
        raise _CutOff(str(error), bytes(waiting)) from None
    yield bytes(waiting)


def _tar(assets: dict[str, bytes], patterns: Patterns) -> bytes:
    return b"".join(member(name, scrubbed(name, data, patterns)) for name, data in assets.items()) + END
