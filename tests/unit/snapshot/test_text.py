"""The text report, compared with what it should be (`tests/golden/`, `OBIT_GOLDEN=write` writes it anew: look at the difference)."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from obit.snapshot import format as formats
from obit.snapshot.model import Fault, Missing, Thread
from obit.snapshot.text import render
from tests.builders import faults

GOLDEN = Path(__file__).parents[2] / "golden" / "text"
NEXT = ("obit view 3f2a91", "obit debug 3f2a91", "obit show 3f2a91 --threads all")
EVERY = pytest.mark.parametrize("make", faults.ALL.values(), ids=faults.ALL.keys())
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("OBIT_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@EVERY
def test_the_report_is_the_golden_one(make: Callable[[], Fault], request: pytest.FixtureRequest) -> None:
    golden(request.node.callspec.id, render(make(), next_commands=NEXT))


@pytest.mark.parametrize("name", ["null-read", "stack-overflow", "cxx-exception"])
def test_the_long_report_is_the_golden_one(name: str) -> None:
    golden(f"{name}-all", render(faults.ALL[name](), all_threads=True))


@EVERY
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_hold_their_width(make: Callable[[], Fault], width: int) -> None:
    """Commands to be copied may be longer; nothing else."""
    fault = msgspec.structs.replace(make(), missing=tuple(msgspec.structs.replace(item, fix=None) for item in make().missing))
    for text in (render(fault, width=width, next_commands=NEXT), render(fault, width=width, all_threads=True)):
        assert [line for line in text.splitlines() if formats.width(line) > width] == []


@EVERY
def test_colour_adds_nothing_but_styles(make: Callable[[], Fault]) -> None:
    for all_threads in (False, True):
        plain, colored = (render(make(), all_threads=all_threads, color=color) for color in (False, True))
        assert STYLE.sub("", colored) == plain
        assert "\x1b" not in plain
        assert colored != plain


def test_nothing_that_the_process_chose_reaches_the_terminal() -> None:
    for all_threads in (False, True):
        text = render(faults.hostile(), all_threads=all_threads)
        assert all(line.isprintable() for line in text.splitlines())


def test_the_cause_is_on_the_first_screen() -> None:
    for make in (faults.null_read, faults.cxx_exception, faults.failed_assert, faults.stack_overflow, faults.many_threads):
        first = render(make()).splitlines()[:24]
        assert any("▸ thread" in line for line in first)
        assert any(faults.ALL["null-read"]().fingerprint_frames[0] in line or make().fingerprint_frames[0] in line for line in first)


def test_a_stack_overflow_is_a_few_lines_and_counts_every_frame() -> None:
    text = render(faults.stack_overflow())
    assert len(text.splitlines()) < 20
    assert "again 19,998 times: 39,996 more frames" in text
    assert "39998 main" in text


@pytest.mark.parametrize("phase", [0, 1])
def test_recursion_is_followed_across_the_gap_in_any_phase(phase: int) -> None:
    """The 64 frames after the gap begin with either function of the cycle."""
    fault = faults.stack_overflow()
    thread = fault.threads[0]
    pair, ends = thread.frames[phase : phase + 2], thread.frames[-2:]
    frames = (*thread.frames[:256], *(pair * 31), *ends)
    text = render(msgspec.structs.replace(fault, threads=(msgspec.structs.replace(thread, frames=frames, frames_omitted=1000 + phase),)))
    assert "left out" not in text
    assert f"{256 - 2 + 1000 + phase + 62:,} more frames" in text


def test_frames_left_out_of_a_stack_that_does_not_repeat_are_counted() -> None:
    frames = tuple(faults.frame(f"f{index}", "deep.c", index + 1) for index in range(320))
    deep = Thread(tid=1, crashed=True, frames=frames, frames_omitted=100)
    text = render(faults.fault((deep,)), all_threads=True)
    assert "… 100 frames left out" in text
    assert re.search(r"^ *419 f319 ", text, re.MULTILINE)


def test_identical_stacks_are_told_once() -> None:
    assert "489 threads in epoll_wait < loop" in render(faults.many_threads())
    assert "the same stack: thread 4713" in render(faults.null_read(), all_threads=True)


def test_a_tagged_part_of_a_value_has_its_own_line() -> None:
    assert re.search(r"cart->owner = 0x0 +⚑ null$", render(faults.null_read()), re.MULTILINE)


def test_a_command_to_copy_is_never_broken() -> None:
    fix = "apt-get install " + " ".join(f"package-{index}-dbgsym" for index in range(12))
    fault = faults.fault((), missing=(Missing(what="symbols", why="none", fix=fix),))
    assert f"            {fix}\n" in render(fault)


def test_a_message_that_the_explanation_has_is_not_repeated() -> None:
    fault = faults.fault((), message="balance is -40", explanation="It stopped: balance is -40.")
    assert render(fault).count("balance is -40") == 1


@pytest.mark.parametrize(("count", "most"), [(3, 0.005), (500, 0.040)])
def test_rendering_is_fast(count: int, most: float) -> None:
    fault = faults.many_threads(count)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        render(fault)
        times.append(time.perf_counter() - start)
    assert min(times) < most
