"""A bounded table on disk that a kill leaves whole: one small write a change, nothing to replay, nothing to sync.

A file of fixed-size slots, each a 16-byte key, the time it was touched and a few numbers or an ID. Everything is in memory as well; when
the table is full the slot that was touched longest ago is taken. A file that cannot be opened, read or written only means that the
table does not outlive its process: limits are no evidence. Standard library only.

    table = Table(path, slots=4096, record="32s")
    table.put(key, now, fault_id)          key: `digest(…)`; now: seconds of time.time()
    table.get(key)                         (now, fault_id), or None
"""

import os
from hashlib import blake2b
from struct import Struct

KEY_BYTES = 16
_MAGIC = b"obittab1"
_FREE = bytes(KEY_BYTES)


def digest(*parts: object) -> bytes:
    """A key that stands for these values (texts, numbers, tuples of them)."""
    return blake2b("\0".join(map(str, parts)).encode(errors="surrogateescape"), digest_size=KEY_BYTES).digest()


class Table:
    """See above. `record` is what a slot holds behind key and time, in the letters of `struct`."""

    def __init__(self, path: str, slots: int, record: str) -> None:
        self._slot = Struct(f"<{KEY_BYTES}sd{record}")
        self._head = _MAGIC + digest(self._slot.format)
        self._slots = slots
        self._places: dict[bytes, int] = {}
        """Key → slot, the longest untouched first."""
        self._rows: dict[bytes, tuple[float, tuple[object, ...]]] = {}
        self._fd = self._open(path)

    def get(self, key: bytes) -> tuple[float, tuple[object, ...]] | None:
        """When the row was touched and what it holds; None when it is not there."""
        return self._rows.get(key)

    def put(self, key: bytes, now: float, *values: object) -> None:
        """Add or replace a row."""
        place = self._places.pop(key, None)
        if place is None:
            place = self._new_place()
        self._places[key] = place
        self._rows[key] = (now, values)
        if self._fd >= 0:
            try:
                os.pwrite(self._fd, self._slot.pack(key, now, *values), self._offset(place))
            except OSError:
                pass  # kept in memory

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _new_place(self) -> int:
        if len(self._places) < self._slots:
            return len(self._places)
        oldest = next(iter(self._places))
        del self._rows[oldest]
        return self._places.pop(oldest)

    def _offset(self, place: int) -> int:
        return len(self._head) + place * self._slot.size

    def _open(self, path: str) -> int:
        try:
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            raw = os.pread(fd, self._offset(self._slots), 0)
            if raw.startswith(self._head):
                self._load(raw)
            else:
                os.ftruncate(fd, 0)
                os.pwrite(fd, self._head, 0)
        except OSError:
            return -1
        return fd

    def _load(self, raw: bytes) -> None:
        whole = range(self._slots)[: max(len(raw) - len(self._head), 0) // self._slot.size]
        rows = [(self._slot.unpack_from(raw, self._offset(place)), place) for place in whole]
        for (key, touched, *values), place in sorted(rows, key=lambda row: row[0][1]):
            if key != _FREE and key not in self._places:
                self._places[key] = place
                self._rows[key] = (touched, tuple(values))
