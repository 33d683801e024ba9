"""Listing, finding and counting faults."""

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from obit.archive.layout import DONE, PENDING, VISIBLE_STATES
from obit.archive.reader import Archive, Total, totals
from obit.archive.removal import add_suppressed
from obit.errors import NothingFound, UsageError
from obit.snapshot.names import title
from tests.builders import archives, faults


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


def test_a_home_that_is_not_there_is_empty_and_stays_so(home: str) -> None:
    archive = Archive(home)
    assert archive.faults() == []
    assert archive.suppressed() == 0
    assert totals(archive.faults()) == dict.fromkeys(VISIBLE_STATES, Total())
    with pytest.raises(NothingFound, match="obit run"):
        archive.newest()
    assert not os.path.exists(home)


def test_a_pending_fault_shows_what_its_capture_knew(home: str) -> None:
    signal = {"number": 11, "name": "SIGSEGV"}
    fault_id = archives.pending(home, signal=signal)
    (fault,) = Archive(home).faults()
    assert (fault.id, fault.state, fault.application, fault.pid, fault.signal) == (fault_id, PENDING, "shop-cart", 4711, signal)
    assert (fault.title, fault.fingerprint, fault.occurrences, fault.reason) == (None, None, 1, None)
    assert fault.has("core")
    assert not fault.has("snapshot.obit")


def test_an_analysed_fault_shows_its_summary(home: str) -> None:
    document = faults.fault((), classifiers=("null", "memory.read"), fingerprint_frames=("total", "main"))
    archives.done(home, document)
    (fault,) = Archive(home).faults()
    assert fault.state == DONE
    assert fault.title == title(document)
    assert fault.fingerprint == document.fingerprint
    assert fault.captured_at == document.captured_at
    assert fault.signal == (msgspec.to_builtins(document.signal) if document.signal else None)


def test_the_newest_come_first(home: str) -> None:
    ids = [archives.pending(home, f"2026-11-{day:02}T00:00:00Z") for day in (2, 3, 1)]
    archive = Archive(home)
    assert [fault.id for fault in archive.faults()] == [ids[1], ids[0], ids[2]]
    assert archive.newest().id == ids[1]


def test_bytes_are_what_du_says(home: str) -> None:
    fault_id = archives.pending(home)
    du = subprocess.run(["du", "--block-size=1", "-s", f"{home}/pending/{fault_id}"], capture_output=True, text=True, check=True)
    fault = Archive(home).find(fault_id)
    assert fault.bytes == int(du.stdout.split()[0])
    assert totals([fault])[PENDING] == Total(1, fault.bytes)


def test_find_takes_a_unique_prefix_in_any_case(home: str) -> None:
    fault_id = archives.pending(home)
    archive = Archive(home)
    assert archive.find(fault_id[:6].upper()).id == fault_id
    assert archive.find(fault_id).id == fault_id


@pytest.mark.parametrize("prefix", ["12345", "", "xyzxyz", "../../etc", "f" * 33])
def test_what_is_no_id_is_wrong_usage(home: str, prefix: str) -> None:
    with pytest.raises(UsageError, match="6 to 32 hex digits"):
        Archive(home).find(prefix)


def test_find_says_when_there_is_none_or_several(home: str) -> None:
    with pytest.raises(NothingFound, match="obit list"):
        Archive(home).find("abcdef")
    first = archives.pending(home)
    second = first[:8] + archives.pending(home)[8:]
    Path(home, "pending", second).mkdir()
    with pytest.raises(UsageError, match="2 faults"):
        Archive(home).find(first[:8])


def test_damaged_and_foreign_entries_do_not_stop_a_listing(home: str) -> None:
    fault_id = archives.pending(home)
    Path(home, "pending", fault_id, "meta.json").write_bytes(b'{"pid": "\xff')
    Path(home, "pending", "lost+found").mkdir()
    Path(home, "pending", "0" * 32).write_text("a file")
    Path(home, "pending", "1" * 32).symlink_to("/etc")
    (fault,) = Archive(home).faults()
    assert (fault.id, fault.pid, fault.application) == (fault_id, None, None)
    assert fault.captured_at.endswith("Z")


def test_occurrences_and_suppressed_are_read(home: str) -> None:
    fault_id = archives.pending(home)
    Path(home, "pending", fault_id, "occurrences").write_text("18\n")
    add_suppressed(home, 3)
    add_suppressed(home, 4)
    archive = Archive(home)
    assert archive.find(fault_id).occurrences == 18
    assert archive.suppressed() == 7


def test_what_is_no_file_does_not_stop_a_listing(home: str) -> None:
    """A link, a directory, a FIFO where a file should be: whoever may write there once broke every listing."""
    ids = [archives.pending(home) for _ in range(3)]
    folders = [f"{home}/{PENDING}/{fault_id}" for fault_id in ids]
    for folder in folders:
        os.remove(f"{folder}/meta.json")
        os.mkdir(f"{folder}/reason")
        os.mkfifo(f"{folder}/occurrences")
    os.symlink("/etc/passwd", f"{folders[0]}/meta.json")
    os.mkdir(f"{folders[1]}/meta.json")
    os.mkfifo(f"{folders[2]}/meta.json")
    os.mkdir(f"{home}/counts.json")
    found = Archive(home).faults()
    assert {fault.id for fault in found} == set(ids)
    assert {(fault.application, fault.reason, fault.occurrences) for fault in found} == {(None, "", 1)}
