"""Removing faults without losing them from the count, whenever the process is killed.

One write of `counts.json` adds a removed fault's occurrences to `suppressed` and lists it under `removing`: from then on it does not
exist. Whoever comes next deletes the folders that are still there.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from obit.archive.claim import claim_leftover
from obit.archive.counts import occurrences, read_counts, write_counts
from obit.archive.folder import Folder
from obit.archive.layout import STATES
from obit.archive.settlement import settle_locked
from obit.archive.stored import StoredFault
from obit.archive.writer import explained


def remove(home: str, faults: Sequence[StoredFault]) -> list[StoredFault]:
    """Remove faults in whatever state, except those that a process has taken; what was removed. `CannotStore`."""
    if not faults:
        return []
    with explained(home), Folder.existing(home) as root:
        root.lock(wait=True)
        finish_removals(root)
        counts = settle_locked(root)
        claims = {fault.id: taken for fault in faults if (taken := claim_leftover(home, fault.state, fault.id))}
        removed = [fault for fault in faults if fault.id in claims]
        suppressed = counts.suppressed + sum(occurrences(taken.folder) for taken in claims.values())
        write_counts(root, replace(counts, suppressed=suppressed, removing=tuple(claims)))
        finish_removals(root)
        for taken in claims.values():
            taken.close()
    return removed


def finish_removals(home: Folder) -> None:
    """Delete what `removing` lists. The caller holds the home's lock."""
    counts = read_counts(home)
    if not counts.removing:
        return
    for state in STATES:
        try:
            with home.child(state) as states:
                for fault_id in counts.removing:
                    states.remove_tree(fault_id)
                states.sync()
        except FileNotFoundError:
            continue
    write_counts(home, replace(counts, removing=()))


def add_suppressed(home: str, number: int) -> None:
    """Count caught faults that leave no folder; `CannotStore`."""
    with explained(home), Folder.at(home) as root:
        root.lock(wait=True)
        counts = read_counts(root)
        write_counts(root, replace(counts, suppressed=counts.suppressed + number))
