"""Printing values that a crashed program chose."""

from time import process_time

import pytest

from obit.snapshot import format as formats


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cart.c", "cart.c"),
        ("\x1b[2J", "\\e[2J"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x07\x9b31m", "\\x07\\x9b31m"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("\udcff\ud800", "\\xff\\ud800"),
        ("naïve 日本", "naïve 日本"),
        ("a\u00a0b", "a b"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_printable_spells_out_what_a_terminal_would_obey(text: str, shown: str) -> None:
    assert formats.printable(text) == shown


@pytest.mark.parametrize(("text", "columns"), [("cart", 4), ("日本", 4), ("e\u0301", 1), ("a日", 3)])
def test_width_counts_columns(text: str, columns: int) -> None:
    assert formats.width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "shown"), [("abcdef", 6, "abcdef"), ("abcdef", 4, "abc…"), ("日本語", 5, "日本…"), ("ab cd", 4, "ab…")]
)
def test_truncate_never_exceeds(text: str, columns: int, shown: str) -> None:
    assert formats.truncate(text, columns) == shown


@pytest.mark.parametrize(
    ("path", "columns", "shown"),
    [
        ("/a/b/cart.c", 20, "/a/b/cart.c"),
        ("/home/me/src/cart.c", 12, "…/src/cart.c"),
        ("/home/me/src/cart.c", 11, "…/cart.c"),
        ("/home/averylongname.c", 8, "…gname.c"),
    ],
)
def test_a_path_loses_directories_from_the_left(path: str, columns: int, shown: str) -> None:
    assert formats.shorten_path(path, columns) == shown


def test_wrap_breaks_between_words_and_inside_one_that_is_too_long() -> None:
    assert formats.wrap("it read through a null pointer", 12) == ["it read", "through a", "null pointer"]
    assert formats.wrap("an abcdefghijkl x", 5) == ["an", "abcde", "fghij", "kl x"]
    assert formats.wrap("", 5) == []
    assert all(formats.width(line) <= 5 for line in formats.wrap("日本語日本語 ab", 5))


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.25, "250 ms"), (2.5, "2.5 s"), (45, "45 s"), (60, "1 m"), (11530, "3 h 12 m"), (90000, "1 d 1 h")]
)
def test_durations(seconds: float, shown: str) -> None:
    assert formats.duration_text(seconds) == shown


@pytest.mark.parametrize(("count", "shown"), [(0, "0 B"), (999, "999 B"), (606_000, "606 kB"), (4_200_000_000, "4.2 GB")])
def test_sizes(count: int, shown: str) -> None:
    assert formats.size_text(count) == shown


def test_counts() -> None:
    assert formats.count_text(1, "frame") == "1 frame"
    assert formats.count_text(39936, "frame") == "39,936 frames"
    assert formats.count_text(2, "process", "processes") == "2 processes"


def test_a_word_of_megabytes_is_wrapped_in_no_time() -> None:
    start = process_time()
    lines = formats.wrap("A" * 2_000_000 + "é" + "\u0301" * 1000, 76)
    assert process_time() - start < 5
    assert {formats.width(line) for line in lines[:26_000]} == {76}
    assert "".join(lines) == "A" * 2_000_000 + "é" + "\u0301" * 1000
