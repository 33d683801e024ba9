"""Which faults are stored, and that every caught one is counted once, whatever is killed when."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from obit.agent.admission import (
    ARCHIVE,
    CGROUP,
    CONCURRENT,
    DISK,
    DUPLICATE,
    IN_FLIGHT_SECONDS,
    PROGRAM,
    USAGE,
    Accept,
    Admission,
    CrashFacts,
    Fold,
    Suppress,
    Verdict,
)
from obit.archive.layout import new_id
from obit.archive.reader import Archive
from obit.archive.settlement import settle
from obit.archive.writer import begin
from obit.errors import UsageError
from tests.builders.crashes import caught, crash, limits, store

NOON = 1_900_000_000.0
HOUR = 3600.0


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


@pytest.fixture
def admit(home: str) -> Iterator[Callable[..., Verdict]]:
    """`admit(facts, now)` under the default limits; every fault gets an ID of its own."""
    admission = Admission(home, limits())
    yield lambda facts, now=NOON: admission.admit(new_id(), facts, now)
    admission.close()


def test_the_same_stack_within_the_window_is_folded_into_the_first(home: str) -> None:
    first = new_id()
    with_first = Admission(home, limits())
    assert with_first.admit(first, crash(), NOON) == Accept(full=False)
    store(home, first)
    assert with_first.admit(new_id(), crash(), NOON + HOUR - 1) == Fold(first, DUPLICATE)
    assert with_first.admit(new_id(), crash(), NOON + HOUR + 1) == Accept(full=False)
    assert [fault.occurrences for fault in Archive(home).faults()] == [2]


@pytest.mark.parametrize(
    "other",
    [
        crash(1),
        crash(uid=1001),
        crash(build_id="b2"),
        crash(pc_offset="/usr/bin/shop-cart+0x11aa"),
        crash(exe="/usr/bin/shop-Cart"),
    ],
    ids=["stack", "user", "build", "pc", "program"],
)
def test_what_differs_in_anything_is_another_fault(admit: Callable[..., Verdict], other: CrashFacts) -> None:
    assert admit(crash()) == Accept()
    assert admit(other) == Accept()


@pytest.mark.parametrize("unknown", [{"build_id": None}, {"pc_offset": None}, {"return_addresses": ("main+1",)}])
def test_of_what_too_little_is_known_nothing_is_folded(admit: Callable[..., Verdict], unknown: dict[str, Any]) -> None:
    assert [admit(crash(**unknown)) for _ in range(3)] == [Accept()] * 3


def test_a_fault_that_is_gone_or_failed_is_stored_again(home: str) -> None:
    admission, first, second = Admission(home, limits()), new_id(), new_id()
    admission.admit(first, crash(), NOON)
    later = NOON + IN_FLIGHT_SECONDS + 1
    assert admission.admit(second, crash(), later) == Accept()
    with begin(home, {}, second) as incoming:
        incoming.commit("failed")
    assert admission.admit(new_id(), crash(), later) == Accept()


def test_a_program_has_its_tokens_and_gets_new_ones(admit: Callable[..., Verdict]) -> None:
    assert [admit(crash(number)) for number in range(10)] == [Accept()] * 10
    assert admit(crash(10)) == Suppress(PROGRAM)
    assert admit(crash(10, exe="/usr/bin/other")) == Accept()
    assert admit(crash(10), NOON + HOUR / 10 - 1) == Suppress(PROGRAM)
    assert admit(crash(10), NOON + HOUR / 10) == Accept()
    assert admit(crash(11), NOON + HOUR / 10) == Suppress(PROGRAM)


def test_over_the_limit_a_known_stack_is_folded_and_not_lost(home: str) -> None:
    admission = Admission(home, limits(limits__per_program="1/10h"))
    first = new_id()
    assert admission.admit(first, crash(), NOON) == Accept()
    store(home, first)
    assert admission.admit(new_id(), crash(), NOON + 2 * HOUR) == Fold(first, PROGRAM)
    assert admission.admit(new_id(), crash(1), NOON + 2 * HOUR) == Suppress(PROGRAM)


def test_a_cgroup_has_its_own_tokens(home: str) -> None:
    admission = Admission(home, limits(limits__per_cgroup="2/1h"))
    verdicts = [admission.admit(new_id(), crash(exe=f"/bin/{name}"), NOON) for name in "abc"]
    assert verdicts == [Accept(), Accept(), Suppress(CGROUP)]
    assert admission.admit(new_id(), crash(exe="/bin/c", cgroup="/user.slice"), NOON) == Accept()


def test_off_stores_every_fault(home: str) -> None:
    admission = Admission(home, limits(limits__per_program="off", limits__per_cgroup="1/1h", limits__concurrent=1))
    assert [admission.admit(new_id(), crash(), NOON) for _ in range(50)] == [Accept()] * 50


def test_the_disk_keeps_its_reserve_also_when_nothing_else_is_limited(home: str) -> None:
    free = os.statvfs("/").f_bavail * os.statvfs("/").f_frsize
    os.makedirs(home)
    admission = Admission(home, limits(limits__per_program="off", limits__disk_reserve="100%"))
    assert admission.admit(new_id(), crash(), NOON) == Suppress(DISK)
    admission = Admission(home, limits())
    assert admission.admit(new_id(), crash(size_hint=free * 1000), NOON) == Suppress(DISK)


def test_the_archive_has_a_size_and_what_was_accepted_since_it_was_measured_counts(home: str) -> None:
    admission = Admission(home, limits(limits__archive="10M"))
    assert admission.admit(new_id(), crash(1, size_hint=6 << 20), NOON) == Accept()
    assert admission.admit(new_id(), crash(2, size_hint=6 << 20), NOON) == Suppress(ARCHIVE)
    Path(home, USAGE).write_text(str(1 << 20))
    assert admission.admit(new_id(), crash(3, size_hint=6 << 20), NOON) == Accept()


def test_no_more_are_in_flight_than_allowed(home: str) -> None:
    admission, first = Admission(home, limits(limits__concurrent=2)), new_id()
    assert admission.admit(first, crash(1), NOON) == Accept()
    assert admission.admit(new_id(), crash(2), NOON) == Accept()
    assert admission.admit(new_id(), crash(3), NOON) == Suppress(CONCURRENT)
    store(home, first)
    assert admission.admit(new_id(), crash(4), NOON) == Accept()


def test_the_patterns_choose_the_full_core(home: str) -> None:
    admission = Admission(home, limits(full__programs=("/opt/*/bin/*", "/usr/bin/shop-cart")))
    verdicts = [admission.admit(new_id(), crash(exe=exe), NOON) for exe in ("/opt/a/bin/b", "/usr/bin/shop-cart", "/usr/bin/shop")]
    assert verdicts == [Accept(full=True), Accept(full=True), Accept(full=False)]


def test_a_restart_forgets_neither_tokens_nor_duplicates(home: str) -> None:
    first = new_id()
    before = Admission(home, limits(limits__per_program="2/1h"))
    before.admit(first, crash(1), NOON)
    before.admit(new_id(), crash(2), NOON)
    after = Admission(home, limits(limits__per_program="2/1h"))
    assert after.admit(new_id(), crash(1), NOON + 1) == Fold(first, DUPLICATE)
    assert after.admit(new_id(), crash(3), NOON + 1) == Suppress(PROGRAM)


@pytest.mark.parametrize("verdict", [Accept(), Suppress(PROGRAM)])
def test_who_asks_again_hears_the_same_and_nothing_is_counted_twice(home: str, verdict: Verdict) -> None:
    fault_id = new_id()
    number = 1 if isinstance(verdict, Accept) else 0
    for _ in range(2):
        admission = Admission(home, limits(limits__per_program="1/1h"))
        if not number:
            admission.admit("0" * 32, crash(9), NOON)
        assert [admission.admit(fault_id, crash(1), NOON) for _ in range(2)] == [verdict] * 2
        settle(home)
    assert caught(home) == 1 - number


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limits.per_program", "5"),
        ("limits.per_program", "0/1h"),
        ("limits.per_program", "5/0s"),
        ("limits.per_cgroup", "many"),
        ("limits.disk_reserve", "101%"),
        ("limits.archive", "big"),
        ("duplicates.window", "soon"),
    ],
)
def test_a_setting_that_makes_no_sense_is_said(name: str, value: str) -> None:
    with pytest.raises(UsageError, match="see `obit config`"):
        limits(**{name.replace(".", "__"): value})


def test_a_decision_takes_less_than_a_third_of_a_millisecond(home: str) -> None:
    admission = Admission(home, limits())
    facts = [crash(number % 50) for number in range(1000)]
    start = time.process_time()
    for each in facts:
        admission.admit(new_id(), each)
    assert (time.process_time() - start) / len(facts) < 0.0003
