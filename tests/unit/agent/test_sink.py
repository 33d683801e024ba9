"""The upload: every fault gets there once it can, and whatever happens nothing is sent before its time or left without an end."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from obit.agent.sink import (
    LONGEST_PAUSE,
    LONGEST_RETRY_AFTER,
    UPLOAD,
    Delivered,
    Outcome,
    Refused,
    Retry,
    Upload,
    Uploader,
    next_upload,
    overflow,
    read_upload,
)
from obit.archive.claim import claim
from obit.archive.layout import DONE, FAILED, PENDING, SENDING
from obit.archive.reader import Archive
from obit.archive.stored import StoredFault
from obit.snapshot.encode import decode_snapshot
from tests.builders import archives, faults

NOON = 1_900_000_000.0


class Other:
    """A sink that answers as it is told, and remembers."""

    def __init__(self) -> None:
        self.answer: Callable[[], Outcome] = Delivered
        self.asked: list[str] = []
        self.has: list[str] = []

    def send(self, fault_id: str, snapshot: bytes) -> Outcome:
        decode_snapshot(snapshot)
        self.asked.append(fault_id)
        outcome = self.answer()
        if isinstance(outcome, Delivered):
            self.has.append(fault_id)
        return outcome


def sending(home: str, day: int = 1) -> str:
    fault_id = archives.done(home, faults.fault((), captured_at=f"2026-11-{day:02}T00:00:00Z"))
    with claim(home, fault_id) as taken:
        taken.move(SENDING)
    return fault_id


class Line:
    """An archive, the other side, and a clock."""

    def __init__(self, home: str) -> None:
        self.home, self.other, self.now = home, Other(), NOON
        self.restart()

    def restart(self, spool: int | None = None) -> None:
        self.uploader = Uploader(self.home, self.other, spool, clock=lambda: self.now, jitter=lambda: 0.5)

    def state(self, fault_id: str) -> str:
        return Archive(self.home).find(fault_id).state

    def note(self, fault_id: str) -> Upload:
        return read_upload(Path(Archive(self.home).find(fault_id).path, UPLOAD).read_bytes())


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(str(tmp_path / "home"))


def answering(outcome: Outcome) -> Callable[[], Outcome]:
    return lambda: outcome


def test_what_waits_is_sent_in_the_order_of_capture(line: Line) -> None:
    second, first = sending(line.home, 2), sending(line.home, 1)
    line.other.answer = answering(Delivered("rx-1"))
    assert [line.uploader.step(), line.uploader.step(), line.uploader.step()] == [0, 0, None]
    assert line.other.has == [first, second]
    assert (line.state(first), line.note(first)) == (DONE, Upload(1, receipt="rx-1"))


def test_nothing_waits_in_an_empty_archive(line: Line) -> None:
    assert line.uploader.step() is None


def test_an_outage_is_waited_out_and_asked_once_a_pause(line: Line) -> None:
    first, second = sending(line.home, 1), sending(line.home, 2)

    def down() -> Outcome:
        raise ConnectionRefusedError(111, "Connection refused")

    line.other.answer = down
    assert line.uploader.step() == 0.75
    assert line.uploader.step() == 0.75
    assert line.other.asked == [first]
    assert line.note(first) == Upload(1, NOON + 0.75, "Connection refused")
    line.now += 0.75
    line.other.answer = answering(Delivered())
    while line.uploader.step() is not None:
        line.now += 1
    assert {line.state(first), line.state(second)} == {DONE}


def test_retry_after_is_kept_across_a_restart(line: Line) -> None:
    fault_id = sending(line.home)
    line.other.answer = answering(Retry("busy", 500))
    assert line.uploader.step() == 500
    line.restart()
    line.now += 499
    assert line.uploader.step() == 1
    assert len(line.other.asked) == 1
    line.now += 1
    line.uploader.step()
    assert line.other.asked == [fault_id] * 2


def test_a_refusal_is_the_end_with_its_reason(line: Line) -> None:
    fault_id = sending(line.home)
    line.other.answer = answering(Refused("the token may not post"))
    line.uploader.step()
    stored = Archive(line.home).find(fault_id)
    assert (stored.state, stored.reason) == (FAILED, "it could not be sent: the token may not post")
    assert line.uploader.step() is None


def test_a_kill_after_the_delivery_sends_again_and_ends(line: Line) -> None:
    fault_id = sending(line.home)

    def killed() -> Outcome:
        line.other.has.append(fault_id)
        raise KeyboardInterrupt

    line.other.answer = killed
    with pytest.raises(KeyboardInterrupt):
        line.uploader.step()
    assert line.state(fault_id) == SENDING
    line.other.answer = Delivered
    line.restart()
    line.uploader.step()
    assert line.other.has == [fault_id] * 2
    assert line.state(fault_id) == DONE


def test_what_has_no_room_to_wait_is_given_up_the_oldest_first(line: Line) -> None:
    old, new = sending(line.home, 1), sending(line.home, 2)
    line.other.answer = answering(Retry("busy", 500))
    line.uploader.step()
    line.restart(spool=Archive(line.home).find(new).bytes)
    line.uploader.step()
    stored = Archive(line.home).find(old)
    assert (stored.state, stored.reason) == (FAILED, "it could not be sent while there was room to wait: busy")
    assert line.state(new) == SENDING


def test_a_fault_that_somebody_has_is_sent_later(line: Line) -> None:
    fault_id = sending(line.home)
    with claim(line.home, fault_id):
        assert line.uploader.step() == 1
        assert line.other.asked == []
    line.uploader.step()
    assert line.other.has == [fault_id]


def test_a_clock_that_was_set_back_makes_nobody_wait_for_years(line: Line) -> None:
    sending(line.home)
    line.other.answer = answering(Retry("busy"))
    line.uploader.step()
    line.now -= 10 * LONGEST_RETRY_AFTER
    assert line.uploader.step() == LONGEST_RETRY_AFTER


def test_a_damaged_note_is_none() -> None:
    assert read_upload(b"{oops") == read_upload(b"") == Upload()


def stored(number: int, size: int, state: str = SENDING) -> StoredFault:
    return StoredFault(
        id=f"{number:032x}",
        state=state,
        path="",
        application=None,
        pid=None,
        signal=None,
        captured_at=f"2026-11-{number:02}T00:00:00Z",
        bytes=size,
        title=None,
        fingerprint=None,
        occurrences=1,
        reason=None,
        files=frozenset(),
    )


@given(st.lists(st.tuples(st.integers(0, 1000), st.sampled_from([SENDING, PENDING, DONE])), max_size=20), st.none() | st.integers(0, 5000))
def test_overflow_gives_up_no_more_than_it_must(sizes: list[tuple[int, str]], spool: int | None) -> None:
    several = [stored(number, size, state) for number, (size, state) in enumerate(sizes, 1)]
    waiting = [fault for fault in several if fault.state == SENDING]
    gone = overflow(several, spool)
    assert gone == waiting[: len(gone)]
    left = sum(fault.bytes for fault in waiting[len(gone) :])
    assert spool is None or left <= spool
    assert not gone or (spool is not None and left + gone[-1].bytes > spool)


@given(st.integers(0, 100), st.none() | st.floats(-10, 1e9), st.floats(0, 0.999))
def test_the_pause_grows_to_a_limit_and_is_never_shorter_than_asked(attempts: int, after: float | None, jitter: float) -> None:
    upload = next_upload(Upload(attempts), Retry("busy", after), NOON, jitter)
    pause = upload.not_before - NOON
    assert upload.attempts == attempts + 1
    assert min(2.0**attempts, LONGEST_PAUSE) / 2 - 1e-6 <= pause <= max(LONGEST_PAUSE, LONGEST_RETRY_AFTER)
    assert after is None or pause >= min(after, LONGEST_RETRY_AFTER) - 1e-6


class Uploads(RuleBasedStateMachine):
    """Faults come, the other side does what it likes, time passes, the process is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.place = TemporaryDirectory()
        self.line = Line(f"{self.place.name}/home")
        self.faults: list[str] = []
        self.refused: list[str] = []
        self.kills = 0

    def teardown(self) -> None:
        self.line.other.answer = Delivered
        for _ in range(3 * len(self.faults) + 1):
            wait = self.line.uploader.step()
            self.line.now += wait or 0
        ends = {fault_id: self.line.state(fault_id) for fault_id in self.faults}
        assert ends == {fault_id: FAILED if fault_id in self.refused else DONE for fault_id in self.faults}
        assert len(self.line.other.has) <= len(self.faults) - len(self.refused) + self.kills
        self.place.cleanup()

    @rule()
    def capture(self) -> None:
        self.faults.append(sending(self.line.home))

    @precondition(lambda self: self.faults)
    @rule(outcome=st.sampled_from([Delivered("rx"), Retry("busy"), Retry("busy", 30), Refused("no"), None]))
    def step(self, outcome: Outcome | None) -> None:
        asked = len(self.line.other.asked)

        def answer() -> Outcome:
            note = Path(Archive(self.line.home).find(self.line.other.asked[-1]).path, UPLOAD)
            assert not note.exists() or read_upload(note.read_bytes()).not_before <= self.line.now
            if outcome is None:
                raise TimeoutError
            return outcome

        self.line.other.answer = answer
        self.line.uploader.step()
        assert len(self.line.other.asked) <= asked + 1
        if isinstance(outcome, Refused):
            self.refused += self.line.other.asked[asked:]

    @precondition(lambda self: self.faults)
    @rule(delivered=st.booleans())
    def kill(self, delivered: bool) -> None:
        def answer() -> Outcome:
            if delivered:
                self.line.other.has.append(self.line.other.asked[-1])
                self.kills += 1
            raise KeyboardInterrupt

        self.line.other.answer = answer
        try:
            self.line.uploader.step()
        except KeyboardInterrupt:
            self.line.restart()

    @rule(seconds=st.integers(0, 100))
    def time_passes(self, seconds: int) -> None:
        self.line.now += seconds

    @invariant()
    def nothing_is_refused_and_waits(self) -> None:
        assert all(self.line.state(fault_id) == FAILED for fault_id in self.refused)


TestUploads = Uploads.TestCase
TestUploads.settings = settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
