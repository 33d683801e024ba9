"""How a run is judged, with command lines that misbehave in every way there is."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fuzz import worker


def verdict(entry: "Entry", folder: Path) -> str | None:
    return worker.analyze(entry, [], str(folder)).problem


class Entry:
    """A command line made of a function."""

    def __init__(self, act: "object", status: int = 0) -> None:
        self.act, self.status = act, status

    def __call__(self, arguments: Sequence[str]) -> int:
        if callable(self.act):
            self.act()
        return self.status


def fail() -> None:
    raise IndexError("out of range")


def complain() -> None:
    sys.stderr.write("it is no core: give a core\n")


def chatter() -> None:
    sys.stderr.write("one\ntwo\n")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_one_sentence_and_status_4_is_right(tmp_path: Path) -> None:
    assert verdict(Entry(complain, 4), tmp_path) is None


@pytest.mark.parametrize(
    ("act", "status", "expected"),
    [
        (fail, 0, "traceback: IndexError: out of range"),
        (chatter, 4, "status 4 with 2 lines"),
        (None, 1, "status 1"),
        (die, 0, "dies of SIGKILL"),
        (None, 0, "prints no document"),
    ],
)
def test_everything_else_is_a_problem(act: object, status: int, expected: str, tmp_path: Path) -> None:
    problem = verdict(Entry(act, status), tmp_path)
    assert problem is not None
    assert problem.startswith(expected)


def test_what_sleeps_for_ever_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "WALL_SECONDS", 0.2)
    assert verdict(Entry(lambda: time.sleep(60)), tmp_path) == "hangs"


def test_too_much_memory_and_too_much_time_are_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RSS_BYTES", 1 << 20)
    assert str(verdict(Entry(complain, 4), tmp_path)).endswith(" MB")
    monkeypatch.setattr(worker, "SECONDS", -1)
    assert str(verdict(Entry(complain, 4), tmp_path)).endswith(" s")


def test_a_step_that_failed_is_a_problem_though_the_user_sees_a_report(tmp_path: Path) -> None:
    from obit.snapshot.encode import encode_json
    from obit.snapshot.model import Fault, Missing

    note = Missing(what="the frames", why=f"{worker.GUARDED}: IndexError: x")
    fault = Fault(
        id="0" * 32,
        captured_at="2026-01-01T00:00:00Z",
        source="import",
        signal=None,
        message=None,
        explanation="",
        classifiers=(),
        fingerprint="",
        fingerprint_frames=(),
        strict_fingerprint="",
        quality=0,
        process={},
        missing=(note,),
    )
    document = encode_json(fault).decode()
    assert verdict(Entry(lambda: sys.stdout.write(document)), tmp_path) == f"guarded: the frames: {note.why}"
