"""The quality score and its reasons."""

import pytest

from obit.analysis.quality import quality
from obit.snapshot.model import Frame, Missing, Module, Thread, Variable
from tests.builders.crash import frame, stack_of, variable

SHOP = Module(path="/usr/bin/shop", build_id=None, start="0x0", end="0x1", debug="full")
PQ = "/opt/pq/libpq.so.5"


def judged(*frames: Frame, others: tuple[Thread, ...] = (), missing: tuple[Missing, ...] = ()) -> tuple[int, tuple[str, ...]]:
    found = quality((Thread(tid=1, crashed=True, frames=frames), *others), (SHOP,), missing)
    return found.score, found.reasons


def test_everything_known_is_100_without_reasons() -> None:
    removed = Variable(name="y", kind="local", type="int", value=None, status="optimized-out")
    assert judged(frame("a", variables=(variable("x", "int", "1"), removed)), *stack_of("main")) == (100, ())


def test_nothing_is_0_with_one() -> None:
    assert judged() == (0, ("the crashed thread has no frames",))
    assert quality((), (), ()).score == 0


def test_missing_debug_information_names_the_command_that_mends_it() -> None:
    missing = (Missing(what=PQ, why="no debug file", fix="apt-get install libpq5-dbgsym"),)
    score, reasons = judged(frame("PQexec", PQ, None), frame("main"), missing=missing)
    assert 50 < score < 95
    assert reasons == ("libpq.so.5 has only symbols: apt-get install libpq5-dbgsym", "1 frame without a source position")
    lower, reasons = judged(frame(None, PQ, None), frame("main"))
    assert lower < score
    assert reasons == ("libpq.so.5 has no debug information and no symbols",)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (frame("f", trust="scan"), "1 frame of the crashed thread found by scanning the stack only"),
        (frame(None, None, None), "1 frame of the crashed thread in no module"),
        (
            frame("f", variables=(Variable(name="x", kind="local", type="int", value=None, status="unavailable"),)),
            "1 value of the crashed thread's variables not captured",
        ),
    ],
)
def test_what_lowers_it(bad: Frame, reason: str) -> None:
    score, reasons = judged(bad, frame("main"))
    assert score < 100
    assert reasons[-1] == reason


def test_the_innermost_frames_weigh_most() -> None:
    good, bad = frame("f"), frame("f", trust="scan")
    assert judged(*[bad] * 5, *[good] * 5)[0] < judged(*[good] * 5, *[bad] * 5)[0]


def test_a_stack_that_is_cut_off_is_not_the_whole_truth() -> None:
    found = quality((Thread(tid=1, crashed=True, frames=(frame("f"),)),), (SHOP,), (), cut_off=True)
    assert found.score < 50
    assert found.reasons == ("the crashed thread's stack goes on in memory that is absent",)


def test_a_thread_without_frames_is_a_reason() -> None:
    score, reasons = judged(frame("main"), others=(Thread(tid=2), Thread(tid=3, frames=(frame("work"),))))
    assert (score, reasons) == (92, ("1 thread without frames",))
    lineless = (Thread(tid=2, frames=(frame("wait", line=None),)),)
    assert judged(frame("main"), others=lineless) == (94, ("1 frame without a source position",))
