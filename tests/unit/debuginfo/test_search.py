"""Which file is used for a module: the build-id decides, and what is not found says why and what would mend it."""

import os
import zlib
from pathlib import Path

import pytest

from obit.debuginfo.cache import Cache
from obit.debuginfo.packages import Packages
from obit.debuginfo.search import FileFinder, crc_of_file
from tests.builders.elf import BUILD_ID, compressed, make, note

KEY = BUILD_ID.hex()
OTHER = make(notes=note(b"GNU", 3, b"\xee" * 20))
TEXT = b"debug information " * 50


def finder(root: Path, **options: object) -> FileFinder:
    settings: dict[str, object] = {"debug_directories": (f"{root}/debug",), "packages": Packages(f"{root}/dpkg")}
    return FileFinder(**{**settings, **options})  # type: ignore[arg-type]


def put(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


@pytest.fixture(autouse=True)
def _no_files_of_this_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(tmp_path / "client"))


def test_the_recorded_path(tmp_path: Path) -> None:
    path = put(tmp_path / "bin/app", make())
    assert finder(tmp_path).module(path, KEY).path == path
    assert finder(tmp_path).module(path + " (deleted)", KEY).path == path


def test_another_build_is_not_used(tmp_path: Path) -> None:
    path = put(tmp_path / "bin/app", OTHER)
    found = finder(tmp_path).module(path, KEY, main=True)
    assert found.path is None
    assert found.why == f"{path} is another build (build-id {'ee' * 20}, the process had {KEY})"
    assert found.fix is not None
    assert "--exe" in found.fix


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = finder(tmp_path).module("/nowhere/libx.so.1", KEY)
    assert (found.path, found.why) == (None, "/nowhere/libx.so.1 is not on this machine")
    assert found.fix is not None
    assert "--sysroot" in found.fix


def test_the_users_executable_comes_first_when_it_is_the_right_one(tmp_path: Path) -> None:
    path = put(tmp_path / "bin/app", make())
    mine = put(tmp_path / "build/app", make())
    assert finder(tmp_path, executables=(mine,)).module(path, KEY, main=True).path == mine
    put(tmp_path / "build/app", OTHER)
    found = finder(tmp_path, executables=(mine,)).module(path, KEY, main=True)
    assert (found.path, found.why) == (path, f"{mine} is another build and was not used")


def test_the_sysroot_before_this_machine(tmp_path: Path) -> None:
    inside = put(tmp_path / f"root{tmp_path}/bin/app", make())
    path = put(tmp_path / "bin/app", make())
    assert finder(tmp_path, sysroot=f"{tmp_path}/root/").module(path, KEY).path == inside
    os.unlink(inside)
    assert finder(tmp_path, sysroot=f"{tmp_path}/root").module(path, KEY).path == path


def test_a_path_does_not_climb_out_of_the_sysroot(tmp_path: Path) -> None:
    put(tmp_path / "secret", make())
    assert finder(tmp_path, sysroot=f"{tmp_path}/root").module("/../secret", KEY).path is None


def test_without_a_build_id_the_path_is_believed_and_that_is_said(tmp_path: Path) -> None:
    path = put(tmp_path / "bin/app", make())
    found = finder(tmp_path).module(path, None)
    assert found.path == path
    assert found.why is not None
    mine = put(tmp_path / "mine", make())
    assert finder(tmp_path, executables=(mine,)).module(path, None, main=True).path == mine
    assert finder(tmp_path, executables=(mine,)).module(path, None).path == path
    assert finder(tmp_path).module("/nowhere", None).path is None


@pytest.mark.parametrize("path", ["/proc/self/exe", "/dev/../proc/self/exe", "[vdso]", "/memfd:x (deleted)", "relative", "/a\0b", ""])
def test_what_is_no_file_is_not_opened(tmp_path: Path, path: str) -> None:
    assert finder(tmp_path).module(path, None).path is None
    assert finder(tmp_path).module(path, KEY).path is None


def test_a_fifo_does_not_stop_the_search(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert finder(tmp_path).module(str(tmp_path / "fifo"), KEY).path is None


def test_a_module_by_build_id(tmp_path: Path) -> None:
    by_id = put(tmp_path / "debug/.build-id" / KEY[:2] / KEY[2:], make())
    assert finder(tmp_path).module("/nowhere", KEY).path == by_id
    os.unlink(by_id)
    fetched = put(tmp_path / "client" / KEY / "executable", make())
    assert finder(tmp_path).module("/nowhere", KEY).path == fetched


def test_a_debug_file_by_build_id(tmp_path: Path) -> None:
    path = put(tmp_path / "bin/app", make())
    by_id = put(tmp_path / "debug/.build-id" / KEY[:2] / f"{KEY[2:]}.debug", make())
    assert finder(tmp_path).debug(path, KEY).path == by_id
    put(tmp_path / "debug/.build-id" / KEY[:2] / f"{KEY[2:]}.debug", OTHER)
    found = finder(tmp_path).debug(path, KEY)
    assert (found.path, found.why) == (None, f"{by_id} is of another build")


def test_a_debug_file_that_a_client_fetched(tmp_path: Path) -> None:
    fetched = put(tmp_path / "client" / KEY / "debuginfo", make())
    assert finder(tmp_path).debug("/bin/app", KEY).path == fetched


@pytest.mark.parametrize("place", ["bin/app.debug", "bin/.debug/app.debug", "debug{root}/bin/app.debug"])
def test_a_debug_file_by_link(tmp_path: Path, place: str) -> None:
    path = put(tmp_path / "bin/app", make())
    linked = put(tmp_path / place.format(root=tmp_path), make(notes=b""))
    crc = zlib.crc32(make(notes=b""))
    assert finder(tmp_path).debug(path, None, ("app.debug", crc)).path == linked
    assert finder(tmp_path).debug(path, KEY, ("app.debug", crc)).path == linked
    found = finder(tmp_path).debug(path, KEY, ("app.debug", crc ^ 1))
    assert (found.path, found.why) == (None, f"{linked} is of another build")


def test_a_link_with_a_path_in_it_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "secret", make(notes=b""))
    path = put(tmp_path / "bin/app", make())
    assert finder(tmp_path).debug(path, None, ("../secret", zlib.crc32(make(notes=b"")))).path is None


def test_no_debug_file_names_the_package(tmp_path: Path) -> None:
    put(tmp_path / "dpkg/libx1:amd64.list", b"/.\n/usr/lib/libx.so.1\n")
    found = finder(tmp_path).debug("/usr/lib/libx.so.1", KEY)
    assert (found.why, found.fix) == ("no debug file is installed", "apt-get install libx1-dbgsym")
    mine = finder(tmp_path).debug("/home/me/app", KEY).fix
    assert mine is not None
    assert "debuginfod" in mine


def test_a_compressed_debug_file_is_served_from_the_cache(tmp_path: Path) -> None:
    data = compressed(zlib.compress(TEXT), len(TEXT))
    put(tmp_path / "debug/.build-id" / KEY[:2] / f"{KEY[2:]}.debug", data)
    cache = Cache(str(tmp_path / "cache"))
    found = finder(tmp_path, cache=cache)
    path = found.debug("/bin/app", KEY).path
    # Finding it costs nothing: most debug files are never read.
    assert path == f"{tmp_path}/debug/.build-id/{KEY[:2]}/{KEY[2:]}.debug"
    assert found.inflated(path, KEY) == f"{tmp_path}/cache/{KEY}.debug"
    app = put(tmp_path / "bin/app", data)
    assert finder(tmp_path, cache=cache).inflated(app, KEY, "executable") == f"{tmp_path}/cache/{KEY}.executable"
    assert finder(tmp_path).inflated(app, KEY, "executable") == app


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("../.dwz/common.debug", "debug/.dwz/common.debug"),
        ("common.debug", "debug/lib/common.debug"),
        ("/elsewhere/common.debug", "debug/.dwz/common.debug"),
        ("x", f"debug/.build-id/{KEY[:2]}/{KEY[2:]}.debug"),
    ],
)
def test_a_supplementary_file(tmp_path: Path, name: str, place: str) -> None:
    debug = put(tmp_path / "debug/lib/app.debug", make())
    common = put(tmp_path / place, make())
    assert finder(tmp_path).alternate(debug, name, KEY).path == common
    put(tmp_path / place, OTHER)
    found = finder(tmp_path).alternate(debug, name, KEY)
    assert found.path is None
    assert found.why is not None
    assert "supplementary" in found.why


def test_crc_of_what_cannot_be_read(tmp_path: Path) -> None:
    assert crc_of_file(str(tmp_path)) is None
    assert crc_of_file(put(tmp_path / "nine", b"123456789")) == 0xCBF43926
