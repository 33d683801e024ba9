"""What stays of the faults that are done: cores, and the faults themselves. Run off every victim's clock.

A core is large and its snapshot says nearly all of it. So, once the snapshot is durable, the core goes (`keep = "never"`), or stays for
the first few of a fingerprint (`"first"`, the default: someone will want a debugger on one of them), or stays (`"always"`). What stays
is compressed. Faults go by age, size and number (`archive.retention`), and never from the count.

    rules = Rules.of({"core.keep": "first", …})                    UsageError, naming the setting
    done = keep_house(home, rules)                                 settles the ledger, removes, compresses, measures; CannotStore
    done.removed, done.dropped, done.compressed                    faults removed; cores removed, cores compressed
    done.bytes, done.totals                                        allocated bytes of the archive, {state: Total}
    done.next_in                                                   seconds until a fault grows too old; None: nothing to wait for

The agent runs it in a process that may write to the archive, when something has happened, a few seconds after the last fault and once
a minute at most, and after `next_in`; a kill at any moment leaves every fault whole. What admission needs to know of the archive's
size is written to HOME/limits/usage.
"""

import os
import time
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from obit.agent.admission import USAGE
from obit.agent.rules import Rules
from obit.archive.claim import Claim, claim_leftover
from obit.archive.folder import Folder
from obit.archive.layout import CORE, DONE, FAILED, SNAPSHOT
from obit.archive.reader import Archive, Total, totals
from obit.archive.retention import retain
from obit.archive.settlement import settle
from obit.archive.stored import StoredFault
from obit.archive.writer import explained

COMPRESSED = f"{CORE}.zst"


class Done(NamedTuple):
    """What was done, and what the archive holds now."""

    removed: Sequence[StoredFault]
    dropped: int
    compressed: int
    bytes: int
    totals: dict[str, Total]
    next_in: float | None


def keep_house(home: str, rules: Rules, now: float | None = None) -> Done:
    """Bring the archive into the state that the rules ask for; `CannotStore`."""
    now = time.time() if now is None else now
    settle(home)
    archive = Archive(home)
    removed = retain(archive, rules.limits(now))
    counts = {"drop": 0, "compress": 0}
    for fault, action in core_plan(archive.faults(), rules):
        counts[action] += _do(home, fault, action)
    left = archive.faults()
    held = totals(left)
    size = sum(total.bytes for total in held.values())
    _measured(home, size)
    return Done(removed, counts["drop"], counts["compress"], size, held, next_in(left, rules, now))


Action = Literal["drop", "compress"]


def core_plan(faults: Iterable[StoredFault], rules: Rules) -> list[tuple[StoredFault, Action]]:
    """The cores that are not as they should be, the oldest first. Pure. Only faults with a snapshot lose their core."""
    seen: dict[str | None, int] = {}
    plan: list[tuple[StoredFault, Action]] = []
    for fault in sorted(faults, key=lambda fault: (fault.captured_at, fault.id)):
        if fault.state not in (DONE, FAILED) or not (fault.has(CORE) or fault.has(COMPRESSED)):
            continue
        number = seen[fault.fingerprint] = seen.get(fault.fingerprint, 0) + 1
        explained_enough = fault.state == DONE and fault.has(SNAPSHOT)
        if explained_enough and (rules.keep == "never" or (rules.keep == "first" and fault.fingerprint and number > rules.first)):
            plan.append((fault, "drop"))
        elif rules.compress and fault.has(CORE):
            plan.append((fault, "compress"))
    return plan


def next_in(faults: Iterable[StoredFault], rules: Rules, now: float) -> float | None:
    """Seconds until the first of the faults that may go is too old; None when none ever will be."""
    captured = min((fault.captured_at for fault in faults if fault.state in (DONE, FAILED)), default=None)
    if rules.age is None or captured is None:
        return None
    return max(seconds(captured) + rules.age - now, 1.0)


def seconds(text: str) -> float:
    """The other way round; 0 of what is no time."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _do(home: str, fault: StoredFault, action: Action) -> bool:
    """Whether it was done: not to a fault that somebody has at hand."""
    taken = claim_leftover(home, fault.state, fault.id)
    if taken is None:
        return False
    with taken, explained(home):
        if action == "compress":
            _compress(taken)
        else:
            taken.folder.remove(COMPRESSED)
        taken.folder.remove(CORE)
        taken.folder.sync()
    return True


def _compress(taken: Claim) -> None:
    """core.zst, whole and durable, before core goes."""
    from obit.capture.fullcore import compress

    hidden = f".{COMPRESSED}"
    taken.folder.remove(hidden)
    source = os.open(CORE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=taken.folder.fd)
    with open(source, "rb") as core, open(taken.folder.create(hidden), "wb") as target:
        compress(core.fileno(), target.fileno())
        os.fsync(target.fileno())
    os.rename(hidden, COMPRESSED, src_dir_fd=taken.folder.fd, dst_dir_fd=taken.folder.fd)
    taken.folder.sync()


def _measured(home: str, size: int) -> None:
    if not os.path.isdir(home):
        return
    place, _, name = USAGE.rpartition("/")
    with explained(home), Folder.existing(home) as root, root.ensure(place) as folder:
        os.close(folder.replace(name, b"%d" % size))
