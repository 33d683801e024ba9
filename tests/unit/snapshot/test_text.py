"""The text report, compared with what it should be (`tests/golden/`, `OBIT_GOLDEN=write` writes it anew: look at the difference)."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from obit.snapshot import format as formats
from obit.snapshot.model import Access, Evidence, Fault, Missing, Thread
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
    assert '489 threads "pool" in epoll_wait < loop' in render(faults.many_threads())
    assert "the same stack: thread 4713" in render(faults.null_read(), all_threads=True)


def test_a_tagged_part_of_a_value_has_its_own_line() -> None:
    assert re.search(r"cart->owner = 0x0 +⚑ null$", render(faults.null_read()), re.MULTILINE)


def test_a_command_to_copy_is_never_broken() -> None:
    fix = "apt-get install " + " ".join(f"package-{index}-dbgsym" for index in range(12))
    fault = faults.fault((), missing=(Missing(what="symbols", why="none", fix=fix),))
    assert f"            {fix}\n" in render(fault)


def test_a_long_command_to_go_on_with_is_not_cut() -> None:
    command = "obit analyze /var/lib/obit/" + "x" * 80 + " --full"
    assert render(faults.fault(()), next_commands=("obit view 1", command)).endswith(f"next      obit view 1\n          {command}\n")


@pytest.mark.parametrize("remark", ["", "  # from Debian's archive bookworm-debug"])
def test_debug_files_that_one_command_installs_are_told_together(remark: str) -> None:
    missing = tuple(
        Missing(what=f"debug information of /usr/lib/{name}.so", why="none is installed", fix=f"apt-get install {name}-dbgsym{remark}")
        for name in ("liba", "libb", "libc", "libd", "liba")
    )
    frames = tuple(faults.frame("f", "f.c", 1) for _ in missing)
    text = render(faults.fault((Thread(tid=1, crashed=True, frames=frames),), missing=missing), width=120)
    assert "debug information of liba.so, libb.so, libc.so, libd.so: none is installed" in text
    assert f"            apt-get install liba-dbgsym libb-dbgsym libc-dbgsym libd-dbgsym{remark}\n" in text


def test_who_was_killed_did_not_crash() -> None:
    assert render(faults.fault((), classifiers=("killed",))).startswith("shop-cart was killed")


def test_a_thread_waits_in_what_it_called_not_in_what_that_is_made_of() -> None:
    waiting = tuple(map(faults.libc_frame, ("__futex_abstimed_wait_common64", "__futex_abstimed_wait", "pthread_cond_wait")))
    other = Thread(tid=2, frames=(*waiting, faults.frame("worker", "w.c", 1)))
    crashed = Thread(tid=1, crashed=True, frames=(faults.frame("main", "m.c", 1),))
    assert "thread 2 in pthread_cond_wait < worker" in render(faults.fault((crashed, other)))
    inner = tuple(map(faults.libc_frame, ("__futex_abstimed_wait", "___pthread_cond_wait")))
    other = Thread(tid=2, frames=(*inner, faults.frame("worker", "w.c", 1)))
    assert "thread 2 in pthread_cond_wait < worker" in render(faults.fault((crashed, other)))


def test_evidence_that_says_it_all_spares_the_rest() -> None:
    evidence = tuple(
        Evidence(classifier=word, confidence="certain", text=f"{word}: `call rax` went there") for word in ("wild-jump", "memory.execute")
    )
    text = render(faults.fault((), classifiers=("wild-jump", "memory.execute"), evidence=evidence, access=Access(instruction="call rax")))
    assert "memory.execute" not in text
    assert "code " not in text


def test_the_runtimes_frames_of_rust_are_folded() -> None:
    rust = ("shop::main", "core::ops::function::FnOnce::call_once", "std::rt::lang_start")
    frames = [msgspec.structs.replace(faults.frame(name, "x.rs", 1), language="rust") for name in rust]
    frames += [faults.frame("main", "", 0), faults.libc_frame("__libc_start_main")]
    text = render(faults.fault((Thread(tid=1, crashed=True, frames=tuple(frames)),), fingerprint_frames=("shop::main",)))
    assert "[4 more, in the runtime]" in text
    assert "lang_start" not in text


def test_the_numbers_of_frames_stand_under_each_other() -> None:
    frames = (
        faults.libc_frame("strlen"),
        *(faults.frame(f"f{index}", "f.c", index + 1) for index in range(9)),
        faults.frame("main", "m.c", 1),
    )
    text = render(faults.fault((Thread(tid=1, crashed=True, frames=frames),), fingerprint_frames=("f0",)))
    assert "\n   0 strlen\n   1 f0 " in text


def test_a_message_that_the_explanation_has_is_not_repeated() -> None:
    fault = faults.fault((), message="balance is -40", explanation="It stopped: balance is -40.")
    assert render(fault).count("balance is -40") == 1


def test_evidence_for_the_most_specific_classifier_comes_first() -> None:
    evidence = (
        Evidence(classifier="abort", confidence="certain", text="it aborted"),
        Evidence(classifier="assert", confidence="likely", text="perhaps an assertion"),
        Evidence(classifier="assert", confidence="certain", text="an assertion"),
    )
    text = render(faults.fault((), classifiers=("assert", "abort"), evidence=evidence))
    assert text.index("an assertion\n") < text.index("perhaps an assertion") < text.index("it aborted")


def test_a_library_that_had_no_part_in_it_is_not_missed() -> None:
    absent = Missing(what=f"debug information of {faults.LIBC}", why="none", fix="apt-get install libc6-dbg")
    frames = (faults.frame("main", "main.c", 1),)
    alone = faults.fault((Thread(tid=1, crashed=True, frames=frames),), missing=(absent,))
    within = faults.fault((Thread(tid=1, crashed=True, frames=(faults.libc_frame("strlen"), *frames)),), missing=(absent,))
    assert "libc6-dbg" not in render(alone)
    assert "libc6-dbg" in render(within)
    assert "libc6-dbg" in render(alone, all_threads=True)


def test_variables_that_nobody_wrote_are_for_the_long_report() -> None:
    frame = faults.frame("f", "f.c", 1, faults.variable("__for_range", "int", "1"), faults.variable("sum", "int", "2"))
    fault = faults.fault((Thread(tid=1, crashed=True, frames=(frame,)),))
    assert "__for_range" not in render(fault)
    assert "__for_range" in render(fault, all_threads=True)


@pytest.mark.parametrize(("count", "most"), [(3, 0.005), (500, 0.040)])
def test_rendering_is_fast(count: int, most: float) -> None:
    fault = faults.many_threads(count)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        render(fault)
        times.append(time.perf_counter() - start)
    assert min(times) < most
