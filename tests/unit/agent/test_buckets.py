"""Rates, token buckets and the table that keeps them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obit.agent.buckets import Buckets, Rate
from obit.agent.quantities import parse_duration, parse_share, parse_size
from obit.agent.table import Table, digest
from obit.errors import UsageError

KEY = digest("/bin/a", 1000)
NOON = 1_900_000_000.0


@pytest.mark.parametrize(
    ("text", "rate"), [("5/1h", Rate(5, 3600)), ("1/30s", Rate(1, 30)), (" 100 / 1d ", Rate(100, 86_400)), ("off", None)]
)
def test_rates(text: str, rate: Rate | None) -> None:
    assert Rate.of(text) == rate


@pytest.mark.parametrize("text", ["", "5", "5/", "/1h", "0/1h", "-1/1h", "1.5/1h", "5/0s", "5/h", "on"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(UsageError):
        Rate.of(text)


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("10", 10), ("1K", 1024), ("1.5 MiB", 3 << 19), ("10G", 10 << 30), ("2tb", 2 << 40), ("7B", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == parse_share(text, 7) == size


@pytest.mark.parametrize("text", ["", "G", "-1", "10X", "1e3", "1,5G"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


def test_shares() -> None:
    assert (parse_share("5%", 1000), parse_share("0.5%", 1000), parse_share("100%", 1000)) == (50, 5, 1000)
    for text in ("101%", "-1%", "%", "x%"):
        with pytest.raises(UsageError):
            parse_share(text, 1000)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1h30m", 5400), ("2 d", 172_800), ("1w", 604_800), ("250ms", 0.25), ("1.5h", 5400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "1h30", "h", "1y", "-1h", "1h,2m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(text)


@given(st.lists(st.floats(0, 1000), max_size=60))
def test_never_more_than_the_bucket_and_what_flowed_in(pauses: list[float]) -> None:
    buckets = Buckets("/dev/null/none", Rate(5, 100))
    now, taken = NOON, 0
    for pause in pauses:
        now += pause
        if buckets.has(KEY, now):
            buckets.take(KEY, now)
            taken += 1
    assert taken <= 5 + (now - NOON) * 5 / 100 + 1e-6
    assert taken >= min(len(pauses), 5)


def test_a_clock_that_is_set_back_gives_nothing(tmp_path: Path) -> None:
    buckets = Buckets(str(tmp_path / "b"), Rate(1, 60))
    buckets.take(KEY, NOON)
    assert not buckets.has(KEY, NOON - 1_000_000)
    assert buckets.has(digest("other"), NOON)


def rows(table: Table, keys: int) -> list[int]:
    return [number for number in range(keys) if table.get(digest(number))]


def test_a_full_table_forgets_what_was_touched_longest_ago(tmp_path: Path) -> None:
    path = str(tmp_path / "t")
    table = Table(path, 3, "d")
    for now, number in enumerate((0, 1, 2, 0, 3)):
        table.put(digest(number), now, float(number))
    assert rows(table, 4) == rows(Table(path, 3, "d"), 4) == [0, 2, 3]
    size = os.path.getsize(path)
    for number in range(100):
        table.put(digest(number), number, 1.0)
    assert os.path.getsize(path) == size
    assert rows(Table(path, 3, "d"), 100) == [97, 98, 99]


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"obittab1", None])
def test_a_damaged_table_begins_anew(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "t"
    if content is None:
        Table(str(path), 3, "Q").put(KEY, NOON, 7)
    else:
        path.write_bytes(content)
    table = Table(str(path), 3, "d")
    assert table.get(KEY) is None
    table.put(KEY, NOON, 1.5)
    assert Table(str(path), 3, "d").get(KEY) == (NOON, (1.5,))


def test_a_table_that_was_cut_off_keeps_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "t"
    table = Table(str(path), 3, "d")
    for number in range(3):
        table.put(digest(number), NOON + number, 1.0)
    path.write_bytes(path.read_bytes()[:-1])
    assert rows(Table(str(path), 3, "d"), 3) == [0, 1]


def test_a_table_without_a_file_holds_in_memory(tmp_path: Path) -> None:
    table = Table("/dev/null/none/t", 3, "d")
    table.put(KEY, NOON, 1.0)
    assert table.get(KEY) == (NOON, (1.0,))
    (tmp_path / "link").symlink_to(tmp_path / "target")
    Table(str(tmp_path / "link"), 3, "d").put(KEY, NOON, 1.0)
    assert not (tmp_path / "target").exists()
