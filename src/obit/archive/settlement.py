"""Turning the ledger's decisions into counts, exactly once whenever the process is killed.

Under the home's lock: the ledger is put aside under a number, what the decisions come to is worked out (`settled`, pure), one write of
`counts.json` makes it so, and the `occurrences` files follow. Readers do the same sum without writing (`peek`), so that what was
decided a moment ago is already in what they show. Ledgers that are settled stay for a minute: a decision that is said again meanwhile
(its receiver was killed and another took over) is known and not counted again.

    settle(home)      by the agent's housekeeping, and before faults are removed
    repair(home)      by the supervisor when it starts, after `recover`: what an earlier one had accepted and took with it is suppressed
"""

import os
import time
from collections.abc import Callable, Mapping

import msgspec

from obit.archive import ledger
from obit.archive.counts import Counts, occurrences, read_counts, write_counts
from obit.archive.folder import Folder
from obit.archive.layout import LEDGER, OCCURRENCES, VISIBLE_STATES
from obit.archive.ledger import ACCEPTED, FOLDED, SUPPRESSED, Decision
from obit.archive.writer import explained

KEEP_SECONDS = 60
"""How long a settled ledger is kept."""

Held = Callable[[str], int | None]
"""The occurrences of the fault with this ID; None when it is not in the archive."""


def settle(home: str) -> Counts:
    """Settle the ledger of an archive; the counts then. `CannotStore`."""
    if not os.path.isdir(home):
        return Counts()
    with explained(home), Folder.existing(home) as root:
        root.lock(wait=True)
        return settle_locked(root)


def repair(home: str) -> int:
    """Count what was accepted and never stored as suppressed; how many. Nothing may be in flight. `CannotStore`."""
    if not os.path.isdir(home):
        return 0
    with explained(home), Folder.existing(home) as root:
        root.lock(wait=True)
        counts = settle_locked(root)
        lost = len(counts.accepted)
        if lost:
            suppressed = counts.suppressed + lost + sum(counts.waiting.values())
            write_counts(root, msgspec.structs.replace(counts, suppressed=suppressed, accepted=(), waiting={}))
        return lost


def settle_locked(home: Folder) -> Counts:
    """`settle` for a caller that holds the home's lock."""
    before = read_counts(home)
    _fold(home, before)
    ledger.put_aside(home.fd, max([before.ledger, *(number + 1 for number in ledger.numbers(home.fd))]))
    after = _settled(home, msgspec.structs.replace(before, folding={}))
    after = msgspec.structs.replace(after, ledger=max([before.ledger, *(number + 1 for number in ledger.numbers(home.fd))]))
    if after != before:
        write_counts(home, after)
        _fold(home, after)
    _forget(home, after.ledger)
    return after


def peek(home: Folder) -> Counts:
    """What `settle` would come to; nothing is written."""
    for _ in range(5):
        before = read_counts(home)
        after = _settled(home, before)
        if read_counts(home).ledger == before.ledger:
            break
    return after


def settled(counts: Counts, decisions: Mapping[str, Decision], held: Held) -> Counts:
    """The counts after these decisions. Pure but for `held`."""
    accepted = set(counts.accepted)
    waiting = dict(counts.waiting)
    suppressed = counts.suppressed
    for decision in decisions.values():
        accepted.discard(decision.fault_id)
        if decision.kind == ACCEPTED:
            accepted.add(decision.fault_id)
        elif held(decision.fault_id) is not None:
            pass  # stored after all: its folder counts
        elif decision.kind == FOLDED:
            waiting[decision.detail] = waiting.get(decision.detail, 0) + 1
        elif decision.kind == SUPPRESSED:
            suppressed += 1
    accepted = {fault_id for fault_id in accepted if held(fault_id) is None}
    folding = dict(counts.folding)
    for target in [target for target in waiting if target not in accepted]:
        folds = waiting.pop(target)
        stands_for = held(target)
        if stands_for is None:
            suppressed += folds
        else:
            folding[target] = folding.get(target, stands_for) + folds
    return msgspec.structs.replace(counts, suppressed=suppressed, folding=folding, waiting=waiting, accepted=tuple(sorted(accepted)))


def _settled(home: Folder, counts: Counts) -> Counts:
    decisions = ledger.read(home.fd, counts.ledger)
    if not decisions and not counts.accepted:
        return counts
    done = ledger.read(home.fd, 0, counts.ledger)
    fresh = {fault_id: decision for fault_id, decision in decisions.items() if not _counted(done.get(fault_id), decision)}
    return settled(counts, fresh, _Faults(home, frozenset(counts.removing)).occurrences)


def _counted(before: Decision | None, now: Decision) -> bool:
    """Whether the same decision is settled already. An acceptance is: only what became of it is news."""
    return before is not None and (before.kind != ACCEPTED or now.kind == ACCEPTED)


class _Faults:
    """The faults of an archive by ID, looked up as they are now."""

    def __init__(self, home: Folder, removing: frozenset[str]) -> None:
        self._home = home
        self._removing = removing
        self._ids: frozenset[str] | None = None

    def occurrences(self, fault_id: str) -> int | None:
        if self._ids is None:
            # Twice: a fault that goes back from analyzing to pending may slip past the first look.
            self._ids = frozenset(name for state in VISIBLE_STATES * 2 for name in _names(self._home, state)) - self._removing
        return (_read(self._home, fault_id) or 1) if fault_id in self._ids else None


def _names(home: Folder, state: str) -> list[str]:
    try:
        with home.child(state) as states:
            return states.names()
    except FileNotFoundError:
        return []


def _read(home: Folder, fault_id: str) -> int | None:
    folder = _folder(home, fault_id)
    if folder is None:
        return None
    with folder:
        return occurrences(folder)


def _folder(home: Folder, fault_id: str) -> Folder | None:
    for state in VISIBLE_STATES * 2:
        try:
            with home.child(state) as states:
                return states.child(fault_id)
        except (FileNotFoundError, NotADirectoryError):
            continue
    return None


def _fold(home: Folder, counts: Counts) -> None:
    """Put the new occurrences into the folders that do not have them yet. Nobody else changes them."""
    for fault_id, number in counts.folding.items():
        folder = _folder(home, fault_id)
        if folder is not None:
            with folder:
                if occurrences(folder) != number:
                    folder.replace_durably(OCCURRENCES, b"%d\n" % number)


def _forget(home: Folder, end: int) -> None:
    for number in ledger.numbers(home.fd):
        name = f"{LEDGER}.{number}"
        if number < end and time.time() - os.stat(name, dir_fd=home.fd).st_mtime > KEEP_SECONDS:
            home.remove(name)
