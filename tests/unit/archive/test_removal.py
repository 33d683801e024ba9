"""Removed faults leave the listing, not the count."""

import os
from pathlib import Path

import pytest

from obit.archive.claim import claim
from obit.archive.folder import Folder
from obit.archive.reader import Archive
from obit.archive.recovery import recover
from obit.archive.removal import remove
from obit.archive.retention import Limits, retain
from tests.builders import archives, faults


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


def caught(archive: Archive) -> int:
    return sum(fault.occurrences for fault in archive.faults()) + archive.suppressed()


def test_retention_removes_the_oldest_and_keeps_the_sum(home: str) -> None:
    ids = [archives.done(home, faults.fault((), captured_at=f"2026-11-{day:02}T00:00:00Z")) for day in (1, 2, 3)]
    Path(home, "done", ids[0], "occurrences").write_text("5")
    archive = Archive(home)
    assert [fault.id for fault in retain(archive, Limits(count=1))] == ids[:2]
    assert [fault.id for fault in archive.faults()] == [ids[2]]
    assert os.listdir(f"{home}/done") == [ids[2]]
    assert archive.suppressed() == 6
    assert caught(archive) == 7


def test_a_fault_that_a_process_has_is_not_removed(home: str) -> None:
    fault_id = archives.done(home, faults.fault(()))
    archive = Archive(home)
    with claim(home, fault_id):
        assert remove(home, archive.faults()) == []
    assert [fault.id for fault in archive.faults()] == [fault_id]
    assert archive.suppressed() == 0


def test_a_removal_that_is_killed_half_way_is_finished(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {archives.done(home, faults.fault(())) for _ in range(3)}
    archive = Archive(home)
    removed = Folder.remove_tree
    calls = []

    def killed(folder: Folder, name: str) -> None:
        calls.append(name)
        if len(calls) > 1:
            raise KeyboardInterrupt
        removed(folder, name)

    faults_before = archive.faults()
    monkeypatch.setattr(Folder, "remove_tree", killed)
    with pytest.raises(KeyboardInterrupt):
        remove(home, faults_before)
    monkeypatch.setattr(Folder, "remove_tree", removed)
    assert len(set(os.listdir(f"{home}/done")) & ids) == 3
    assert archive.faults() == []
    assert caught(archive) == 3
    recover(home)
    assert os.listdir(f"{home}/done") == []
    assert caught(archive) == 3
