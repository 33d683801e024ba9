"""The archive as its readers see it: listing, finding, totals."""

from collections.abc import Iterable, Iterator

import msgspec

from obit.archive.counts import Counts
from obit.archive.folder import Folder
from obit.archive.layout import ID_DIGITS, SHORTEST_PREFIX, VISIBLE_STATES, is_id, is_prefix
from obit.archive.settlement import peek
from obit.archive.stored import StoredFault, read_stored
from obit.errors import NothingFound, UsageError


class Total(msgspec.Struct, frozen=True):
    """What a state holds; `bytes` are allocated bytes."""

    count: int = 0
    bytes: int = 0


class Archive:
    """The faults under one home. Reading creates nothing; a home that is not there is an empty archive."""

    def __init__(self, home: str) -> None:
        self.home = home

    def faults(self) -> list[StoredFault]:
        """Every visible fault, the newest first."""
        found: dict[str, StoredFault] = {}
        # In the order in which a fault passes through the states: one that moves while we read is seen, and once.
        for state in VISIBLE_STATES:
            found.update((fault.id, fault) for fault in self._in_state(state))
        counts = self.counts()
        for removed in counts.removing:
            found.pop(removed, None)
        for folded in found.keys() & counts.folding:
            found[folded] = msgspec.structs.replace(found[folded], occurrences=counts.folding[folded])
        return sorted(found.values(), key=lambda fault: (fault.captured_at, fault.id), reverse=True)

    def newest(self) -> StoredFault:
        """The fault captured last; `NothingFound`."""
        faults = self.faults()
        if not faults:
            raise NothingFound(f"there is no fault in {self.home} yet; `obit run -- CMD` catches one")
        return faults[0]

    def find(self, prefix: str) -> StoredFault:
        """The fault whose ID begins so; `NothingFound`, or `UsageError` when it is too short, no ID, or names several."""
        prefix = prefix.lower()
        if not is_prefix(prefix) or len(prefix) < SHORTEST_PREFIX:
            raise UsageError(f"{prefix!r} is no fault ID: give {SHORTEST_PREFIX} to {ID_DIGITS} hex digits, as `obit list` shows them")
        ids = {fault_id for state in VISIBLE_STATES for fault_id in self._ids(state) if fault_id.startswith(prefix)}
        ids.difference_update(self.counts().removing)
        if len(ids) > 1:
            raise UsageError(f"{prefix} begins the IDs of {len(ids)} faults ({', '.join(sorted(ids)[:3])}…); give more digits")
        for fault_id in ids:
            for state in VISIBLE_STATES:
                fault = self._read(state, fault_id)
                if fault:
                    return fault
        raise NothingFound(f"no fault in {self.home} begins with {prefix}; `obit list --all` shows those that are there")

    def suppressed(self) -> int:
        """How many caught faults have no folder and are in no fault's `occurrences`."""
        counts = self.counts()
        return counts.suppressed + sum(counts.waiting.values())

    def counts(self) -> Counts:
        """The faults that left no folder, those that are being removed, and what the ledger adds to each."""
        try:
            with Folder.existing(self.home) as home:
                return peek(home)
        except FileNotFoundError:
            return Counts()

    def _ids(self, state: str) -> list[str]:
        try:
            with Folder.existing(self.home) as home, home.child(state) as folder:
                return [name for name in folder.names() if is_id(name)]
        except FileNotFoundError:
            return []

    def _in_state(self, state: str) -> Iterator[StoredFault]:
        try:
            with Folder.existing(self.home) as home, home.child(state) as folder:
                yield from filter(None, (read_stored(folder, state, name) for name in folder.names() if is_id(name)))
        except FileNotFoundError:
            return

    def _read(self, state: str, fault_id: str) -> StoredFault | None:
        try:
            with Folder.existing(self.home) as home, home.child(state) as folder:
                return read_stored(folder, state, fault_id)
        except FileNotFoundError:
            return None


def totals(faults: Iterable[StoredFault]) -> dict[str, Total]:
    """What each visible state holds; every state is there."""
    result = dict.fromkeys(VISIBLE_STATES, Total())
    for fault in faults:
        before = result[fault.state]
        result[fault.state] = Total(before.count + 1, before.bytes + fault.bytes)
    return result
