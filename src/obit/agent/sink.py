"""Sending faults away: from `sending` to `done` or `failed`, through refusals, outages and restarts.

    uploader = Uploader(home, sink)             sink: whatever has `send(fault_id, snapshot) -> Outcome`
    wait = uploader.step()                      sends what is due, one fault; seconds until the next is, None: nothing waits

A fault whose analysis is kept with `Claim.finish(fault, snapshot, SENDING)` waits in `sending`; `upload.json` in its folder says how
often it was tried and when it may be again, so a restart goes on where it was. `send` answers

    Delivered(receipt)       the other side has it durably: `done`
    Retry(reason, after)     not now; `after` seconds at least (Retry-After) when it said so: again, later and later, up to an hour
    Refused(reason)          never: `failed`, with the reason

and raises OSError for what the network does, which is Retry. A kill between the delivery and the note of it sends the fault again: its
ID tells the other side that it has it. One that is down is asked once per pause, not once per fault. What waits is bounded like the
archive: over `spool` bytes the oldest are given up (`failed`), so that an outage cannot keep new faults from being stored.
`next_upload` and `overflow` are pure.
"""

import random
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from obit.archive.claim import Claim, claim_leftover
from obit.archive.layout import DONE, SENDING, SNAPSHOT
from obit.archive.reader import Archive
from obit.archive.stored import StoredFault

UPLOAD = "upload.json"
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 3600.0
LONGEST_RETRY_AFTER = 86_400.0
"""Seconds; whoever asks for more gets this."""
_MOST_BYTES = 64 << 20
_MOST_NOTE = 4096


class Delivered(msgspec.Struct, frozen=True):
    """The other side has it."""

    receipt: str | None = None


class Retry(msgspec.Struct, frozen=True):
    """Not now; `after` seconds at least."""

    reason: str
    after: float | None = None


class Refused(msgspec.Struct, frozen=True):
    """Never."""

    reason: str


Outcome = Delivered | Retry | Refused


class Sink(Protocol):
    """The other side."""

    def send(self, fault_id: str, snapshot: bytes) -> Outcome:
        """Hand over one fault, idempotent by its ID; OSError."""


class Upload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `upload.json` says: `not_before` is the time (seconds of time.time()) of the next attempt, `reason` why the last failed."""

    attempts: int = 0
    not_before: float = 0.0
    reason: str | None = None
    receipt: str | None = None


def next_upload(upload: Upload, outcome: Outcome, now: float, jitter: float) -> Upload:
    """After an attempt. `jitter` in [0, 1) spreads those who failed together: the pause is half to the whole of 1, 2, 4 … seconds."""
    attempts = upload.attempts + 1
    if isinstance(outcome, Delivered):
        return Upload(attempts, receipt=outcome.receipt)
    if isinstance(outcome, Refused):
        return Upload(attempts, reason=outcome.reason)
    pause = min(FIRST_PAUSE * 2 ** min(attempts - 1, 30), LONGEST_PAUSE) * (1 + jitter) / 2
    asked = min(max(outcome.after or 0.0, 0.0), LONGEST_RETRY_AFTER)
    return Upload(attempts, now + max(pause, asked), outcome.reason)


def overflow(faults: Iterable[StoredFault], spool: int | None) -> list[StoredFault]:
    """The oldest of those that wait to be sent, as far as they are over `spool` bytes."""
    waiting = sorted((fault for fault in faults if fault.state == SENDING), key=lambda fault: (fault.captured_at, fault.id))
    size = sum(fault.bytes for fault in waiting)
    given_up = []
    for fault in waiting:
        if spool is None or size <= spool:
            break
        given_up.append(fault)
        size -= fault.bytes
    return given_up


class Uploader:
    """Sends what waits, in the order of capture. `spool` bytes may wait; `clock` and `jitter` are for tests."""

    def __init__(
        self,
        home: str,
        sink: Sink,
        spool: int | None = None,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._archive = Archive(home)
        self._sink = sink
        self._spool = spool
        self._clock = clock
        self._jitter = jitter
        self._pause = Upload()
        """Of the other side as a whole."""

    def step(self) -> float | None:
        """Send one fault if one is due; seconds until the next is, None when none waits. `CannotStore`."""
        faults = self._archive.faults()
        given_up = overflow(faults, self._spool)
        for fault in given_up:
            self._give_up(fault)
        waiting = sorted((each for each in faults if each.state == SENDING and each not in given_up), key=lambda each: each.captured_at)
        if not waiting:
            return None
        pause = self._wait(self._pause)
        if pause > 0:
            return pause
        waits = [self._due_in(fault) for fault in waiting]
        for fault, due_in in zip(waiting, waits, strict=True):
            if due_in <= 0 and self._attempt(fault):
                return max(self._wait(self._pause), 0.0)
        return max(min(waits), FIRST_PAUSE)

    def _wait(self, upload: Upload) -> float:
        """Seconds; a clock that was set back makes nobody wait for years."""
        return min(upload.not_before - self._clock(), LONGEST_RETRY_AFTER)

    def _due_in(self, fault: StoredFault) -> float:
        from obit.archive.folder import Folder

        try:
            with Folder.existing(fault.path) as folder:
                return self._wait(read_upload(folder.read(UPLOAD, _MOST_NOTE)))
        except OSError:
            return 0.0

    def _attempt(self, fault: StoredFault) -> bool:
        """Whether there was one: not when another process has the fault."""
        taken = claim_leftover(self._archive.home, SENDING, fault.id)
        if taken is None:
            return False
        with taken:
            try:
                outcome = self._sink.send(fault.id, _read(taken, SNAPSHOT, _MOST_BYTES))
            except OSError as error:
                outcome = Retry(error.strerror or str(error) or type(error).__name__)
            now = self._clock()
            if isinstance(outcome, Retry):
                self._pause = next_upload(self._pause, outcome, now, self._jitter())
            else:
                self._pause = Upload()
            self._note(taken, next_upload(read_upload(_read(taken, UPLOAD, _MOST_NOTE)), outcome, now, self._jitter()), outcome)
        return True

    def _note(self, taken: Claim, upload: Upload, outcome: Outcome) -> None:
        taken.write(UPLOAD, msgspec.json.encode(upload))
        if isinstance(outcome, Delivered):
            taken.move(DONE)
        elif isinstance(outcome, Refused):
            taken.fail(f"it could not be sent: {outcome.reason}")

    def _give_up(self, fault: StoredFault) -> None:
        taken = claim_leftover(self._archive.home, SENDING, fault.id)
        if taken is not None:
            with taken:
                reason = read_upload(_read(taken, UPLOAD, _MOST_NOTE)).reason or "newer ones were waiting"
                taken.fail(f"it could not be sent while there was room to wait: {reason}")


def read_upload(raw: bytes) -> Upload:
    """What the file says; as of one that was never tried when it is empty or damaged."""
    try:
        return msgspec.json.decode(raw, type=Upload)
    except msgspec.DecodeError:
        return Upload()


def _read(taken: Claim, name: str, limit: int) -> bytes:
    try:
        return taken.folder.read(name, limit)
    except FileNotFoundError:
        return b""
