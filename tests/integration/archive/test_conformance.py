"""Every writer of the archive does the same, whatever happens to it: one suite over `conformance.WRITERS`."""

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from obit.archive.layout import STATES, is_id
from obit.archive.reader import Archive
from obit.archive.recovery import recover
from tests.integration.archive.conformance import WRITERS, disturb, save, trace

pytestmark = pytest.mark.parametrize("writer", WRITERS)

NEEDS = {"pending": {"meta.json", "core"}, "done": {"meta.json", "core", "snapshot.obit"}, "failed": {"meta.json", "reason"}}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def visible(home: Path) -> list[Path]:
    return [path for state in STATES[1:] for path in sorted((home / state).glob("*"))]


def assert_whole(fault: Path) -> None:
    assert is_id(fault.name)
    assert NEEDS[fault.parent.name] <= {path.name for path in fault.iterdir()}
    if (fault / "core").exists():
        assert (fault / "core").read_bytes()[:4] == b"\x7fELF"
    assert Archive(str(fault.parents[1])).find(fault.name).application == r"caf\xe9"


def assert_sound(home: Path) -> None:
    """What is visible is whole; what is not is a leftover that recovery ends."""
    for fault in visible(home):
        assert_whole(fault)
    described = {path.parent.name for path in (home / "incoming").glob("*/meta.json")}
    assert set(recover(str(home))) == described
    assert not list((home / "incoming").glob("*"))
    for fault in visible(home):
        assert NEEDS[fault.parent.name] <= {path.name for path in fault.iterdir()}


@pytest.mark.parametrize("state", ["pending", "done", "failed"])
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_fault_is_a_private_folder_in_its_state(writer: str, home: Path, state: str, umask: int) -> None:
    result = save(writer, home, state, umask=umask)
    assert (result.returncode, result.stderr) == (0, "")
    (fault,) = visible(home)
    assert fault.parent.name == state
    assert_whole(fault)
    assert list((home / "incoming").iterdir()) == []
    for path in (home, *home.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_files_are_created_anew_by_descriptor_and_meta_first(writer: str, home: Path, tmp_path: Path) -> None:
    calls = trace(writer, home, tmp_path / "log", "done")
    created = [call for call in calls if "O_CREAT" in call.arguments]
    assert created
    for call in created:
        assert {"O_EXCL", "O_NOFOLLOW"} <= set(re.split(r"[|, ]", call.arguments)), call
        assert re.match(r"\d+<HOME/incoming/\w{32}>, ", call.arguments), call
    assert "meta.json" in created[0].arguments


def test_everything_is_synced_before_it_is_visible_and_both_parents_after(writer: str, home: Path, tmp_path: Path) -> None:
    calls = trace(writer, home, tmp_path / "log", "done")
    (commit,) = (index for index, call in enumerate(calls) if call.name.startswith("rename") and "<HOME/done>" in call.arguments)
    (fault,) = visible(home)
    folder = f"HOME/incoming/{fault.name}"

    def last(names: str, path: str) -> int:
        return max(index for index, call in enumerate(calls[:commit]) if re.match(names, call.name) and f"<{path}>" in call.arguments)

    for name in os.listdir(fault):
        written = last("write|pwrite", f"{folder}/{'.meta.json' if name == 'meta.json' else name}")
        assert last("fsync|fdatasync", f"{folder}/{name}") > written, name
    assert last("fsync", folder) > max(last("fsync|fdatasync", f"{folder}/{name}") for name in os.listdir(fault))
    assert {call.arguments.split("<")[1] for call in calls[commit:] if call.name == "fsync"} == {"HOME/done>", "HOME/incoming>"}


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "obit-test", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.needs_root
def test_a_full_disk_is_one_sentence_and_no_fault(writer: str, mounted: Path) -> None:
    home = mounted / "home"
    result = save(writer, home, "done")
    assert result.returncode == 3
    assert len(result.stderr.splitlines()) == 1
    assert "No space left on device" in result.stderr
    assert visible(home) == []
    assert list((home / "incoming").iterdir()) == []


@pytest.mark.parametrize("state", ["done", "pending"])
def test_killed_at_any_step_it_leaves_nothing_or_something_to_recover(writer: str, tmp_path: Path, state: str) -> None:
    for number, call in enumerate(trace(writer, tmp_path / "home", tmp_path / "log", state)):
        home = tmp_path / f"killed-{number}"
        result = disturb(writer, home, call, "signal=KILL", state)
        assert result.returncode in (-9, 137), (call, result.stderr)
        if home.exists():
            assert_sound(home)


def test_refused_at_any_step_it_says_so_or_manages(writer: str, tmp_path: Path) -> None:
    for number, call in enumerate(trace(writer, tmp_path / "home", tmp_path / "log", "done")):
        home = tmp_path / f"refused-{number}"
        result = disturb(writer, home, call, "error=ENOSPC", "done")
        assert "Traceback" not in result.stderr, (call, result.stderr)
        if result.returncode == 0:
            assert [fault.parent.name for fault in visible(home)] == ["done"], call
        else:
            assert len(result.stderr.splitlines()) == 1, (call, result.stderr)
        if home.exists():
            assert_sound(home)


@pytest.mark.parametrize("name", ["incoming", "done"])
def test_a_link_in_the_home_is_not_followed(writer: str, home: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home.mkdir(0o700)
    (home / name).symlink_to(elsewhere)
    result = save(writer, home, "done")
    assert result.returncode == 3
    assert len(result.stderr.splitlines()) == 1
    assert list(elsewhere.iterdir()) == []
