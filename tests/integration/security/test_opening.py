"""What root's parts open, by itself: debug files, sources, the archive, the lock."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from obit.agent import pattern
from obit.agent.broker import Broker, open_as
from obit.agent.crashes import Crash, is_still
from obit.agent.places import Runtime
from obit.archive.folder import Folder
from obit.archive.writer import CannotStore, begin
from obit.debuginfo.cache import Cache

pytestmark = pytest.mark.needs_root
SOMEBODY = (65534, 65534, ())
BUILD_ID = "abcdef0123"


@pytest.fixture
def reachable(tmp_path: Path) -> Path:
    for place in (tmp_path, *tmp_path.parents):
        if str(place).startswith("/tmp/"):
            place.chmod(place.stat().st_mode | 0o055)
    return tmp_path


def opened(root: Path, path: str, user: tuple[int, int, tuple[int, ...]] = SOMEBODY) -> str | None:
    directory = os.open(root, os.O_PATH)
    try:
        fd = open_as(user, directory, path.encode())
    finally:
        os.close(directory)
    if fd < 0:
        return None
    with open(fd) as file:
        return file.read()


def test_a_file_is_opened_with_the_rights_of_its_reader(reachable: Path) -> None:
    file = reachable / "f"
    file.write_text("text")
    assert opened(reachable, "/f") == "text"
    file.chmod(0o600)
    assert opened(reachable, "/f") is None
    assert opened(reachable, "/f", (0, 0, ())) == "text"
    file.chmod(0o640)
    os.chown(file, 0, 4242)
    assert opened(reachable, "/f") is None
    assert opened(reachable, "/f", (65534, 65534, (4242,))) == "text"


def make_link(place: Path) -> None:
    place.symlink_to("f")


def make_fifo(place: Path) -> None:
    os.mkfifo(place, 0o666)


def make_device(place: Path) -> None:
    os.mknod(place, 0o666 | 0o020000, os.makedev(1, 5))
    place.chmod(0o666)


def make_directory(place: Path) -> None:
    place.mkdir()


SPECIAL = [make_link, make_fifo, make_device, make_directory]


@pytest.mark.parametrize("make", SPECIAL)
def test_only_regular_files_are_opened(reachable: Path, make: Callable[[Path], None]) -> None:
    (reachable / "f").write_text("text")
    make(reachable / "x")
    assert opened(reachable, "/x") is None
    assert opened(reachable, "/x", (0, 0, ())) is None


@pytest.mark.parametrize("path", ["/../../../../../../etc/passwd", "/out/passwd", "/proc/self/fd/0"])
def test_nothing_outside_the_victims_root_is_opened(reachable: Path, path: str) -> None:
    (reachable / "out").symlink_to("/etc")
    assert opened(reachable, path) is None


def broker(directory: Path) -> Broker:
    return Broker((str(directory),), Cache(None))


def kinds() -> tuple[bytes, bytes]:
    from obit.agent.broker import DEBUG, NAMED

    return DEBUG, NAMED


def ask(directory: Path, kind: bytes, word: bytes) -> bool:
    """Whether the broker opens something."""
    _, found = broker(directory)._answer(None, kind, word)  # type: ignore[arg-type]  # neither kind uses the client
    if found >= 0:
        os.close(found)
    return found >= 0


@pytest.fixture
def debug(tmp_path: Path) -> Path:
    place = tmp_path / "debug"
    (place / ".build-id/ab").mkdir(parents=True)
    (place / ".build-id/ab/cdef0123.debug").write_text("debug")
    (place / "app").mkdir()
    (place / "app/x.debug").write_text("debug")
    (tmp_path / "outside").write_text("text")
    return place


def test_debug_files_of_roots_directories_are_opened(debug: Path) -> None:
    by_id, by_name = kinds()
    assert ask(debug, by_id, f"{BUILD_ID}.debug".encode())
    assert ask(debug, by_name, b"/app/x.debug")


@pytest.mark.parametrize(
    "word", [b"../outside", b"/../outside", b"../../../../../../etc/shadow", b"app/../../outside", b"/app/x.debug\0", b"", b"/", b"."]
)
def test_a_debuglink_leads_nowhere_else(debug: Path, word: bytes) -> None:
    assert not ask(debug, kinds()[1], word)


@pytest.mark.parametrize(
    "word", [b"../../../outside.debug", b"ab/../../x.debug", b"abcdef0123.debug/../x", b"ABCD.debug", b"ab", b"/etc/shadow"]
)
def test_a_build_id_is_digits(debug: Path, word: bytes) -> None:
    assert not ask(debug, kinds()[0], word)


@pytest.mark.parametrize("make", SPECIAL[1:])
def test_a_debug_file_is_a_regular_one(debug: Path, make: Callable[[Path], None]) -> None:
    (debug / "app/x.debug").unlink()
    make(debug / "app/x.debug")
    assert not ask(debug, kinds()[1], b"/app/x.debug")


@pytest.mark.parametrize(("owner", "mode"), [(65534, 0o644), (0, 0o664), (0, 0o646)])
def test_a_debug_file_that_others_can_change_is_none(debug: Path, owner: int, mode: int) -> None:
    file = debug / ".build-id/ab/cdef0123.debug"
    file.chmod(mode)
    os.chown(file, owner, 0)
    assert not ask(debug, kinds()[0], f"{BUILD_ID}.debug".encode())


def test_a_number_that_was_given_to_another_process_is_noticed() -> None:
    """The pidfd is of one process, the number is by now another's."""
    with subprocess.Popen(["sleep", "60"]) as one, subprocess.Popen(["sleep", "60"]) as other:
        handle = os.pidfd_open(one.pid)
        try:
            assert is_still(Crash(-1, True, one.pid, handle, 1, "kernel-socket"))
            assert not is_still(Crash(-1, True, other.pid, handle, 1, "kernel-socket"))
            one.kill()
            one.wait()
            assert not is_still(Crash(-1, True, one.pid, handle, 1, "kernel-socket"))
        finally:
            os.close(handle)
            other.kill()


@pytest.mark.parametrize("make", SPECIAL)
def test_a_new_file_of_the_archive_is_never_one_that_is_there(tmp_path: Path, make: Callable[[Path], None]) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    with Folder.at(str(tmp_path / "d")) as folder:
        (tmp_path / "d/f").symlink_to(target)
        make(tmp_path / "d/x")
        for name in ("f", "x"):
            with pytest.raises(FileExistsError):
                folder.create(name)
    assert target.read_text() == "kept"


@pytest.mark.parametrize("name", ["incoming", "pending"])
def test_a_state_that_is_a_link_is_not_written_into(tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / name).symlink_to(elsewhere)
    with pytest.raises(CannotStore), begin(str(tmp_path / "home"), {"pid": 1}) as incoming:
        incoming.commit("pending")
    assert not list(elsewhere.iterdir())


def test_the_lock_is_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBIT_HOME", str(tmp_path))
    (tmp_path / "run").mkdir()
    target = tmp_path / "target"
    target.write_text("kept")
    runtime = Runtime(str(tmp_path))
    Path(runtime.directory).mkdir(parents=True, exist_ok=True)
    (Path(runtime.directory) / "agent.json").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        runtime.__enter__()
    assert target.read_text() == "kept"


def test_what_is_kept_of_core_pattern_replaces_a_link(tmp_path: Path) -> None:
    target, kernel, limit = tmp_path / "target", tmp_path / "core_pattern", tmp_path / "limit"
    target.write_text("kept")
    kernel.write_text("core\n")
    limit.write_text("0\n")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.core_pattern.json").symlink_to(target)
    pattern.Takeover(str(tmp_path / "home"), str(kernel), str(limit)).take("|/x")
    assert target.read_text() == "kept"
    assert not (tmp_path / "home/core_pattern.json").is_symlink()


def test_commands_are_no_set_user_programs() -> None:
    """`obit analyze` and `obit run` act as the user who runs them: there is nothing that would give them more."""
    from tests.system.agents import OBIT

    assert OBIT.stat().st_mode & 0o6000 == 0
