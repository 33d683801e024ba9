"""The journal of decisions, and what it comes to."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from obit.archive import settlement
from obit.archive.counts import Counts
from obit.archive.layout import LEDGER
from obit.archive.ledger import ACCEPTED, FOLDED, SUPPRESSED, Decision, Ledger, parse, recent
from obit.archive.reader import Archive
from obit.archive.settlement import repair, settle, settled
from tests.builders.crashes import caught, store

A, B, C, D = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


def test_what_was_said_is_read_again(home: str) -> None:
    book = Ledger(home)
    book.accept(A)
    book.fold(B, A)
    book.suppress(C, "disk-reserve")
    said = [Decision(ACCEPTED, A, "-"), Decision(FOLDED, B, A), Decision(SUPPRESSED, C, "disk-reserve")]
    assert recent(home) == {decision.fault_id: decision for decision in said}
    book.suppress(A, "not-stored")
    assert recent(home)[A].kind == SUPPRESSED
    assert recent(f"{home}/nowhere") == {}


@pytest.mark.parametrize("line", [b"", b"A", b"X " + A.encode() + b" -", b"A abc -", b"F " + A.encode() + b" short", b"\xff\0 b c", b"S  "])
def test_a_damaged_line_is_left_out(line: bytes) -> None:
    whole = f"S {B} disk\n".encode()
    assert parse(whole + line + b"\n" + whole) == [Decision(SUPPRESSED, B, "disk")] * 2


def test_a_decision_that_the_disk_refuses_is_written_later(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Ledger(home)
    book.suppress(A, "disk")
    real = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) > 20:
            return real(fd, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    book.suppress(B, "disk")
    book.fold(C, A)
    assert (book.unwritten, set(recent(home))) == (2, {A})
    monkeypatch.setattr(os, "write", real)
    book.suppress(D, "disk")
    assert (book.unwritten, set(recent(home))) == (0, {A, B, C, D})
    assert Archive(home).suppressed() == 4


def test_a_writer_follows_the_ledger_that_was_put_aside(home: str) -> None:
    books = Ledger(home), Ledger(home)
    for number, book in enumerate(books):
        book.suppress(f"{number:032x}", "disk")
    settle(home)
    for number, book in enumerate(books, 2):
        book.suppress(f"{number:032x}", "disk")
    assert settle(home).suppressed == 4


def test_settled_ledgers_are_kept_for_a_minute(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger(home).suppress(A, "disk")
    settle(home)
    assert recent(home)[A].detail == "disk"
    Ledger(home).suppress(A, "disk")
    assert settle(home).suppressed == 1
    monkeypatch.setattr(settlement, "KEEP_SECONDS", -1)
    Ledger(home).suppress(B, "disk")
    assert settle(home).suppressed == 2
    assert recent(home) == {}
    assert [name for name in os.listdir(home) if name.startswith("ledger")] == []


def test_settling_nothing_writes_nothing(home: str) -> None:
    assert settle(home) == Counts()
    os.makedirs(home)
    assert settle(home) == Counts()
    assert os.listdir(home) == []


def test_a_reader_sees_what_is_not_settled_yet(home: str) -> None:
    store(home, A)
    book = Ledger(home)
    book.fold(B, A)
    book.suppress(C, "disk")
    archive = Archive(home)
    assert ([fault.occurrences for fault in archive.faults()], archive.suppressed()) == ([2], 1)
    settle(home)
    assert ([fault.occurrences for fault in archive.faults()], archive.suppressed()) == ([2], 1)
    assert Path(home, "done", A, "occurrences").read_text() == "2\n"


def test_what_an_earlier_supervisor_took_with_it_is_counted(home: str) -> None:
    book = Ledger(home)
    book.accept(A)
    book.accept(B)
    book.fold(C, A)
    book.fold(D, B)
    store(home, B)
    assert repair(home) == 1
    assert caught(home) == 4
    assert repair(home) == 0
    assert Archive(home).suppressed() == 2


def held(*ids: str) -> Callable[[str], int | None]:
    return lambda fault_id: 5 if fault_id in ids else None


@pytest.mark.parametrize(
    ("counts", "said", "held_ids", "wanted"),
    [
        (Counts(), [Decision(ACCEPTED, A, "-")], (), Counts(accepted=(A,))),
        (Counts(), [Decision(ACCEPTED, A, "-")], (A,), Counts()),
        (Counts(accepted=(A,)), [], (A,), Counts()),
        (Counts(accepted=(A,)), [Decision(SUPPRESSED, A, "lost")], (), Counts(suppressed=1)),
        (Counts(), [Decision(SUPPRESSED, A, "deadline")], (A,), Counts()),
        (Counts(), [Decision(FOLDED, B, A)], (A,), Counts(folding={A: 6})),
        (Counts(folding={A: 7}), [Decision(FOLDED, B, A), Decision(FOLDED, C, A)], (A,), Counts(folding={A: 9})),
        (Counts(), [Decision(FOLDED, B, A)], (), Counts(suppressed=1)),
        (Counts(accepted=(A,)), [Decision(FOLDED, B, A)], (), Counts(accepted=(A,), waiting={A: 1})),
        (Counts(accepted=(A,), waiting={A: 2}), [Decision(SUPPRESSED, A, "lost")], (), Counts(suppressed=3)),
        (Counts(accepted=(A,), waiting={A: 2}), [], (A,), Counts(folding={A: 7})),
    ],
)
def test_what_decisions_come_to(counts: Counts, said: list[Decision], held_ids: tuple[str, ...], wanted: Counts) -> None:
    assert settled(counts, {decision.fault_id: decision for decision in said}, held(*held_ids)) == wanted


def test_the_ledger_is_no_link(home: str, tmp_path: Path) -> None:
    os.makedirs(home)
    os.symlink(tmp_path / "elsewhere", f"{home}/{LEDGER}")
    book = Ledger(home)
    book.suppress(A, "disk")
    assert book.unwritten == 1
    assert not (tmp_path / "elsewhere").exists()
