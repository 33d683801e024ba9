"""Retention by hand: which faults a limit does not allow, and removing them."""

from collections.abc import Iterable

import msgspec

from obit.archive.layout import DONE, FAILED
from obit.archive.reader import Archive
from obit.archive.removal import remove
from obit.archive.stored import StoredFault

_REMOVABLE = (DONE, FAILED)
"""A fault that still waits to be analysed or sent is not removed by a limit; it counts all the same."""


class Limits(msgspec.Struct, frozen=True):
    """What an archive may keep; None is no limit. `oldest` is the earliest `captured_at` (RFC 3339 UTC) that stays."""

    oldest: str | None = None
    bytes: int | None = None
    count: int | None = None


def expired(faults: Iterable[StoredFault], limits: Limits) -> list[StoredFault]:
    """The faults that the limits do not allow, the oldest first. Pure."""
    ordered = sorted(faults, key=lambda fault: (fault.captured_at, fault.id))
    count, size = len(ordered), sum(fault.bytes for fault in ordered)
    gone = []
    for fault in ordered:
        too_old = limits.oldest is not None and fault.captured_at < limits.oldest
        too_many = limits.count is not None and count > limits.count
        too_big = limits.bytes is not None and size > limits.bytes
        if fault.state in _REMOVABLE and (too_old or too_many or too_big):
            gone.append(fault)
            count, size = count - 1, size - fault.bytes
    return gone


def retain(archive: Archive, limits: Limits) -> list[StoredFault]:
    """Remove what the limits do not allow; what was removed, the oldest first. `CannotStore`."""
    return remove(archive.home, expired(archive.faults(), limits))
