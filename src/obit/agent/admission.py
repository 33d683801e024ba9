"""Whether a fault is stored, folded into one that is, or only counted: decided before a byte of it is written.

    admission = Admission(home, Limits.of({"limits.per_program": "5/1h", …}))
    facts = CrashFacts(exe, uid, gid, cgroup, build_id, pc_offset, return_addresses, size_hint)
    verdict = admission.admit(fault_id, facts)          well under 0.3 ms; never raises
    Accept(full)             store it under this very ID; `full`: the whole core, not the minicore. When nothing could be stored,
                             whoever knows says so:  archive.ledger.Ledger(home).suppress(fault_id, NOT_STORED)
    Fold(target, reason)     REJECT: it is one more occurrence of `target`; already counted
    Suppress(reason)         REJECT: it leaves nothing; already counted

The fault ID is drawn when the connection is accepted and names the fault from then on (`archive.writer.begin(…, fault_id=ID)`). Asking
twice about one ID gives the same answer and counts once: so the process that decides may be killed at any moment, and another asks
again. What is said here is in the ledger when `admit` returns (`archive.ledger`: kill -9 loses none); the levels of the buckets and
the duplicates are in small tables under HOME/limits. Whoever answers past a deadline without asking says `suppress(fault_id, DEADLINE)`
to the ledger, whatever had been decided before. A supervisor that starts calls `archive.recovery.recover(home)` and then
`archive.settlement.repair(home)`.

With `[limits] per_program = "off"` every fault is stored: no rate limit, of programs or cgroups, and no folding; the limits that keep
the machine alive (disk, archive) still hold. `Limits.concurrent` is best kept by not accepting more connections: a crash waits in the
backlog then, and nothing is suppressed. Standard library only.
"""

import os
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import islice
from typing import NamedTuple, Self

from obit.agent.buckets import Buckets, Rate
from obit.agent.duplicates import Duplicates
from obit.agent.duplicates import key as duplicate_key
from obit.agent.quantities import parse_duration, parse_share, parse_size
from obit.agent.table import digest
from obit.archive import ledger
from obit.archive.layout import ANALYZING, DONE, FAILED, INCOMING, PENDING, SENDING
from obit.archive.ledger import ACCEPTED, FOLDED, Ledger
from obit.errors import UsageError

DUPLICATE = "duplicate"
PROGRAM = "program-rate"
CGROUP = "cgroup-rate"
DISK = "disk-reserve"
ARCHIVE = "archive-full"
CONCURRENT = "concurrent"
DEADLINE = "deadline"
NOT_STORED = "not-stored"
REASONS = (DUPLICATE, PROGRAM, CGROUP, DISK, ARCHIVE, CONCURRENT, DEADLINE, NOT_STORED)
"""Why a fault is not stored, in one word."""

IN_FLIGHT_SECONDS = 120
"""How long an accepted fault without a folder is taken to be on its way into the archive."""

_USEFUL = (DONE, PENDING, ANALYZING, SENDING)
_LOOKED_AFTER = 4
"""Of the faults in flight; looking after all of them would take longer than a decision may."""
_REMEMBERED = 1000
"""Verdicts that are kept for the case that somebody asks again."""

USAGE = "limits/usage"
"""In HOME: the archive's allocated bytes, as housekeeping measured them last."""


class CrashFacts(NamedTuple):
    """What is known of a fault before it is accepted. `size_hint`: bytes that it may take (the budget, of a full core its estimate).

    `build_id` is whatever names the build (the GNU build-id, else device, inode and change time); `pc_offset` and `return_addresses`
    are as `duplicates.Places` gives them. What is not known is None, or empty.
    """

    exe: str
    uid: int
    gid: int = 0
    cgroup: str | None = None
    build_id: str | None = None
    pc_offset: str | None = None
    return_addresses: tuple[str, ...] = ()
    size_hint: int = 0


class Accept(NamedTuple):
    """Store it; `full`: its whole core."""

    full: bool = False


class Fold(NamedTuple):
    """It is one more occurrence of the fault `target`."""

    target: str
    reason: str


class Suppress(NamedTuple):
    """It leaves nothing."""

    reason: str


Verdict = Accept | Fold | Suppress


class Limits(NamedTuple):
    """The settings as numbers: bytes and seconds; None is no limit. `reserve` is a size, or a share of the file system as in 5%."""

    per_program: Rate | None
    per_cgroup: Rate | None
    reserve: str
    archive: int
    concurrent: int
    window: float
    full: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Self:
        """From the values of the settings by name; `UsageError`, naming the setting."""

        def text(name: str) -> str:
            return str(settings[name])

        programs = settings["full.programs"]
        concurrent = settings["limits.concurrent"]
        try:
            parse_share(text("limits.disk_reserve"), 1)
            return cls(
                Rate.of(text("limits.per_program")),
                Rate.of(text("limits.per_cgroup")),
                text("limits.disk_reserve"),
                parse_size(text("limits.archive")),
                max(concurrent, 1) if isinstance(concurrent, int) else 1,
                0.0 if text("duplicates.window") == "off" else parse_duration(text("duplicates.window")),
                tuple(map(str, programs)) if isinstance(programs, tuple | list) else (),
            )
        except UsageError as error:
            raise UsageError(f"{error}: [limits] and [duplicates] of the configuration, see `obit config`") from None


class Admission:
    """Decides, and has it written down. One process at a time uses it; another may take over at any moment."""

    def __init__(self, home: str, limits: Limits) -> None:
        self._home = home
        self._limits = limits
        self._ledger = Ledger(home)
        self._verdicts: dict[str, Verdict] = {}
        self._decided = ledger.recent(home)
        self._in_flight: dict[str, float] = {}
        self._usage = _Usage(home)
        strict = limits.per_program is not None
        self._program = Buckets(f"{home}/limits/programs", limits.per_program) if limits.per_program else None
        self._cgroup = Buckets(f"{home}/limits/cgroups", limits.per_cgroup) if strict and limits.per_cgroup else None
        self._duplicates = Duplicates(f"{home}/limits/duplicates") if strict and limits.window else None

    @property
    def in_flight(self) -> int:
        """Accepted faults that may still be on their way into the archive."""
        return len(self._in_flight)

    def admit(self, fault_id: str, facts: CrashFacts, now: float | None = None) -> Verdict:
        """The verdict on a fault, which is written down when this returns. `now`: seconds of time.time()."""
        now = time.time() if now is None else now
        verdict = self._verdicts.get(fault_id) or self._before(fault_id, facts) or self._decide(facts, now, fault_id)
        self._verdicts[fault_id] = verdict
        if len(self._verdicts) > _REMEMBERED:
            del self._verdicts[next(iter(self._verdicts))]
        if isinstance(verdict, Accept):
            self._in_flight[fault_id] = now
        return verdict

    def close(self) -> None:
        """Let go of every file."""
        for part in (self._ledger, self._program, self._cgroup, self._duplicates):
            if part is not None:
                part.close()

    def _decide(self, facts: CrashFacts, now: float, fault_id: str) -> Verdict:
        key = duplicate_key(facts.exe, facts.uid, facts.build_id, facts.pc_offset, facts.return_addresses)
        stored = self._duplicates.find(key) if self._duplicates and key else None
        target = stored[1] if stored and self._is_there(stored[1], now - stored[0]) else None
        if stored and target and 0 <= now - stored[0] < self._limits.window:
            return self._fold(fault_id, target, DUPLICATE)
        refused = self._refusal(facts, now)
        if refused:
            return self._fold(fault_id, target, refused) if target else self._suppress(fault_id, refused)
        self._ledger.accept(fault_id)
        self._take(facts, now)
        if self._duplicates and key:
            self._duplicates.add(key, fault_id, now)
        return self._accepted(facts)

    def _before(self, fault_id: str, facts: CrashFacts) -> Verdict | None:
        """What the process before this one decided."""
        before = self._decided.get(fault_id)
        if before is None:
            return None
        if before.kind == ACCEPTED:
            return self._accepted(facts)
        return Fold(before.detail, DUPLICATE) if before.kind == FOLDED else Suppress(before.detail)

    def _accepted(self, facts: CrashFacts) -> Accept:
        return Accept(any(fnmatchcase(facts.exe, pattern) for pattern in self._limits.full))

    def _fold(self, fault_id: str, target: str, reason: str) -> Fold:
        self._ledger.fold(fault_id, target)
        return Fold(target, reason)

    def _suppress(self, fault_id: str, reason: str) -> Suppress:
        self._ledger.suppress(fault_id, reason)
        return Suppress(reason)

    def _refusal(self, facts: CrashFacts, now: float) -> str | None:
        """The first limit that does not allow one more fault."""
        free, whole = _space(self._home)
        if free - facts.size_hint < parse_share(self._limits.reserve, whole):
            return DISK
        if self._usage.bytes() + facts.size_hint > self._limits.archive:
            return ARCHIVE
        if self._program and self._too_many(now):
            return CONCURRENT
        if self._program and not self._program.has(_program(facts), now):
            return PROGRAM
        if self._cgroup and facts.cgroup and not self._cgroup.has(digest(facts.cgroup), now):
            return CGROUP
        return None

    def _take(self, facts: CrashFacts, now: float) -> None:
        self._usage.expect(facts.size_hint)
        if self._program:
            self._program.take(_program(facts), now)
        if self._cgroup and facts.cgroup:
            self._cgroup.take(digest(facts.cgroup), now)

    def _too_many(self, now: float) -> bool:
        """Whether as many faults as may be are on their way. Of those some are looked after each time: one that has arrived is forgotten,
        and so is one that must have got lost."""
        for fault_id in list(islice(self._in_flight, _LOOKED_AFTER)):
            if len(self._in_flight) < self._limits.concurrent:
                break
            accepted_at = self._in_flight.pop(fault_id)
            if 0 <= now - accepted_at < IN_FLIGHT_SECONDS and not self._is_in(fault_id, (*_USEFUL, FAILED)):
                self._in_flight[fault_id] = accepted_at  # as the last
        return len(self._in_flight) >= self._limits.concurrent

    def _is_there(self, fault_id: str, age: float) -> bool:
        """Whether a fault that was accepted `age` seconds ago can be folded into: one that failed explains nothing."""
        if 0 <= age < IN_FLIGHT_SECONDS:
            return not self._is_in(fault_id, (FAILED,))
        return self._is_in(fault_id, (*_USEFUL, INCOMING))

    def _is_in(self, fault_id: str, states: tuple[str, ...]) -> bool:
        return any(os.path.isdir(f"{self._home}/{state}/{fault_id}") for state in states)


class _Usage:
    """The archive's bytes as they were measured last, and what was accepted since."""

    def __init__(self, home: str) -> None:
        self._path = f"{home}/{USAGE}"
        self._seen: tuple[int, int] | None = None
        self._measured = 0
        self._expected = 0

    def bytes(self) -> int:
        try:
            status = os.stat(self._path)
            if self._seen != (status.st_mtime_ns, status.st_ino):
                with open(self._path, "rb") as file:
                    self._measured = int(file.read(20))
                self._seen, self._expected = (status.st_mtime_ns, status.st_ino), 0
        except (OSError, ValueError):
            pass  # not measured yet
        return self._measured + self._expected

    def expect(self, size: int) -> None:
        self._expected += size


def _program(facts: CrashFacts) -> bytes:
    return digest(facts.exe, facts.uid)


def _space(home: str) -> tuple[int, int]:
    """Bytes that an ordinary user could still write to the archive's file system, and its size; no limit when nobody knows."""
    try:
        found = os.statvfs(home)
    except OSError:
        return 1 << 62, 1
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
