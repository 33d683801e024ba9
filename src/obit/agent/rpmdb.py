"""The owner of a file in rpm's database, read with sqlite and nothing of rpm's.

Tables: Packages(hnum, blob), Basenames(key, hnum, idx): `idx` is the file's place in the header's BASENAMES. The blob is a header: two
big-endian counts (entries, bytes of data), the entries (tag, type, offset, count), the data.
Sources: rpm's docs/manual/format_header.md and lib/backend/sqlite.c (table layout), rpmtag.h (tag numbers).
"""

import os
from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite3 import Connection

PLACES = ("/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite")
HEADER_LIMIT = 32 << 20
"""Bytes; a kernel's package has about 2 MB."""
MOST_ENTRIES = 4096
MOST_DEPENDENCIES = 512
_MOST_PACKAGES = 64
"""Packages that have a file of the same name."""

NAME, VERSION, RELEASE, EPOCH, REQUIRES, DIRINDEXES, DIRNAMES = 1000, 1001, 1002, 1003, 1049, 1116, 1118
_INT32, _STRING, _STRING_ARRAY = 4, 6, 8
_COUNTS = Struct(">II")
_ENTRY = Struct(">IIII")

Owner = tuple[str, str, tuple[str, ...]]
"""Name, version (`EPOCH:VERSION-RELEASE`), what it requires."""


class Header:
    """An rpm header; what is damaged in it is not there."""

    def __init__(self, blob: bytes) -> None:
        self._entries: dict[int, tuple[int, int, int]] = {}
        self._data = b""
        if len(blob) < _COUNTS.size:
            return
        entries, size = _COUNTS.unpack_from(blob)
        start = _COUNTS.size + entries * _ENTRY.size
        if entries <= MOST_ENTRIES and start + size <= len(blob):
            self._data = blob[start : start + size]
            table = _ENTRY.iter_unpack(blob[_COUNTS.size : start])
            self._entries = {tag: (kind, offset, count) for tag, kind, offset, count in table if offset <= size}

    def texts(self, tag: int, most: int) -> list[str]:
        """The first texts of a tag."""
        kind, offset, count = self._entries.get(tag, (0, 0, 0))
        if kind not in (_STRING, _STRING_ARRAY):
            return []
        found = []
        for _ in range(min(count, most)):
            end = self._data.find(b"\0", offset)
            if end < 0:
                break
            found.append(self._data[offset:end].decode(errors="replace"))
            offset = end + 1
        return found

    def text(self, tag: int) -> str | None:
        """The one text of a tag."""
        return next(iter(self.texts(tag, 1)), None)

    def number(self, tag: int, index: int = 0) -> int | None:
        """A number of a tag's array."""
        kind, offset, count = self._entries.get(tag, (0, 0, 0))
        at = offset + 4 * index
        if kind != _INT32 or not 0 <= index < count or at + 4 > len(self._data):
            return None
        return int.from_bytes(self._data[at : at + 4], "big")

    def directory(self, index: int) -> str | None:
        """The directory, with its slash, of the file at this place in BASENAMES."""
        number = self.number(DIRINDEXES, index)
        names = self.texts(DIRNAMES, number + 1) if number is not None and number < HEADER_LIMIT else []
        return names[number] if number is not None and number < len(names) else None

    def owner(self) -> Owner | None:
        """The package that it describes."""
        name, version, release, epoch = self.text(NAME), self.text(VERSION), self.text(RELEASE), self.number(EPOCH)
        if not name or not version:
            return None
        whole = f"{version}-{release}" if release else version
        return name, f"{epoch}:{whole}" if epoch else whole, tuple(dict.fromkeys(self.texts(REQUIRES, MOST_DEPENDENCIES)))


class RpmDatabase:
    """An rpmdb.sqlite; "" is that of a machine without rpm."""

    def __init__(self, path: str) -> None:
        self._path = path

    @classmethod
    def below(cls, root: str) -> "RpmDatabase":
        """That of a file system."""
        return cls(next((root + place for place in PLACES if os.path.isfile(root + place)), ""))

    def owner(self, path: str) -> Owner | None:
        """The package that owns a file; None when none does or the database cannot be read."""
        if not self._path:
            return None
        import sqlite3

        try:
            connection = self._open()
        except sqlite3.Error:
            return None
        try:
            return next((owner for each in _both_names(path) if (owner := _search(connection, each))), None)
        except sqlite3.Error:
            return None
        finally:
            connection.close()

    def _open(self) -> "Connection":
        """Read-only. With a journal at work sqlite needs its lock; without one nothing but the file is touched."""
        from sqlite3 import connect
        from urllib.parse import quote

        journal = f"{self._path}-wal"
        mode = "mode=ro" if os.path.exists(journal) and os.path.getsize(journal) else "mode=ro&immutable=1"
        return connect(f"file:{quote(self._path)}?{mode}", uri=True, timeout=1)


def _search(connection: "Connection", path: str) -> Owner | None:
    folder, name = os.path.split(path)
    query = (
        "SELECT idx, blob FROM Basenames JOIN Packages USING (hnum) "
        "WHERE key = ? AND typeof(blob) = 'blob' AND length(blob) <= ? AND typeof(idx) = 'integer' LIMIT ?"
    )
    for index, blob in connection.execute(query, (name, HEADER_LIMIT, _MOST_PACKAGES)):
        header = Header(blob)
        if header.directory(index) == f"{folder.rstrip('/')}/":
            return header.owner()
    return None


def _both_names(path: str) -> tuple[str, ...]:
    """/lib and /usr/lib are one directory on merged systems, and a package may list either."""
    for name in ("/lib", "/bin", "/sbin"):
        if path.startswith(f"/usr{name}"):
            return path, path.removeprefix("/usr")
        if path.startswith(name):
            return path, f"/usr{path}"
    return (path,)
