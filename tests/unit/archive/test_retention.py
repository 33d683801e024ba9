"""Which faults a limit does not allow."""

import pytest

from obit.archive.layout import ANALYZING, DONE, FAILED, PENDING
from obit.archive.retention import Limits, expired
from obit.archive.stored import StoredFault


def stored(day: int, state: str = DONE, size: int = 100) -> StoredFault:
    return StoredFault(
        id=f"{day:032x}",
        state=state,
        path="",
        application=None,
        pid=None,
        signal=None,
        captured_at=f"2026-11-{day:02}T00:00:00Z",
        bytes=size,
        title=None,
        fingerprint=None,
        occurrences=1,
        reason=None,
        files=frozenset(),
    )


@pytest.mark.parametrize(
    ("limits", "days"),
    [
        (Limits(), []),
        (Limits(oldest="2026-11-03T00:00:00Z"), [1, 2]),
        (Limits(count=3), [1]),
        (Limits(count=0), [1, 2, 3, 4]),
        (Limits(bytes=250), [1, 2]),
        (Limits(bytes=399), [1]),
        (Limits(bytes=400, count=4), []),
        (Limits(oldest="2026-11-02T00:00:00Z", count=2), [1, 2]),
    ],
)
def test_the_oldest_go_until_the_limits_hold(limits: Limits, days: list[int]) -> None:
    faults = [stored(day) for day in (4, 2, 1, 3)]
    assert [int(fault.id, 16) for fault in expired(faults, limits)] == days


def test_what_still_waits_counts_but_stays() -> None:
    faults = [stored(1, PENDING), stored(2, FAILED), stored(3, ANALYZING), stored(4)]
    assert [int(fault.id, 16) for fault in expired(faults, Limits(count=3))] == [2]
    assert [int(fault.id, 16) for fault in expired(faults, Limits(count=0))] == [2, 4]
