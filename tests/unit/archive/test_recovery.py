"""What a killed writer left is finished or marked."""

import json
from pathlib import Path

import pytest

from obit.archive.layout import FAILED, PENDING
from obit.archive.reader import Archive
from obit.archive.recovery import recover
from obit.archive.writer import begin
from tests.builders import archives

ID = "3f2a91c07b5e4d1f8a6b2c3d4e5f6071"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def leftover(home: Path, **files: bytes) -> None:
    folder = home / "incoming" / ID
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)


def test_no_archive_has_no_leftovers(home: Path) -> None:
    assert recover(str(home)) == {}
    assert not home.exists()


def test_a_folder_without_meta_held_nothing(home: Path) -> None:
    leftover(home, _meta_json=b"{")
    assert recover(str(home)) == {}
    assert list((home / "incoming").iterdir()) == []


def test_meta_without_memory_is_failed_with_a_reason(home: Path) -> None:
    leftover(home, meta_json=b'{"pid": 7}', core=b"")
    assert recover(str(home)) == {ID: FAILED}
    fault = Archive(str(home)).find(ID)
    assert fault.pid == 7
    assert fault.reason
    assert "killed before it had saved any memory" in fault.reason


def test_half_a_core_is_analysed_and_says_that_it_is_half(home: Path) -> None:
    leftover(home, meta_json=b'{"pid": 7, "missing": [{"what": "heap", "why": "budget"}]}', core=b"\x7fELF", snapshot_obit=b"half")
    assert recover(str(home)) == {ID: PENDING}
    fault = Archive(str(home)).find(ID)
    meta = json.loads(Path(fault.path, "meta.json").read_bytes())
    assert [missing["what"] for missing in meta["missing"]] == ["heap", "the end of the core"]
    assert not fault.has("snapshot.obit")


@pytest.mark.parametrize("state", ["pending", "done", "failed"])
def test_a_commit_that_had_begun_is_finished(home: Path, state: str) -> None:
    meta = {"state": state, "sizes": {"core": 4, "snapshot.obit": 2}}
    leftover(home, meta_json=json.dumps(meta).encode(), core=b"\x7fELF", snapshot_obit=b"ok")
    assert recover(str(home)) == {ID: state}
    assert Archive(str(home)).find(ID).has("snapshot.obit")


def test_a_writer_at_work_is_left_alone(home: Path) -> None:
    with begin(str(home), {}) as incoming:
        assert recover(str(home)) == {}
        incoming.write("core", b"\x7fELF")
        incoming.commit(PENDING)
    assert Archive(str(home)).find(incoming.id).state == PENDING


def test_damaged_meta_does_not_lose_the_core(home: Path) -> None:
    leftover(home, meta_json=b"\x00\x00", core=b"\x7fELF")
    assert recover(str(home)) == {ID: PENDING}


def test_whole_faults_are_not_touched(home: Path) -> None:
    fault_id = archives.pending(str(home))
    assert recover(str(home)) == {}
    assert Archive(str(home)).find(fault_id).state == PENDING
