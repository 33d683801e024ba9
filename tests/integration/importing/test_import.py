import base64
import json
import lzma
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lz4.frame  # type: ignore[import-untyped]  # it ships no types
import pytest
import zstandard

from obit.agent.importing.dump import Dump
from obit.agent.importing.search import find
from obit.agent.importing.store import Importer, Taken
from obit.archive.recovery import recover
from tests.programs.build import Crashed, crashed
from tests.programs.matrix import case

OBIT = Path(sys.executable).with_name("obit")
BOOT = "0123456789abcdef" * 2
SYSTEMD_NAME = f"core.my\\x20shop.1000.{BOOT}.4711.1700000000123456"


@pytest.fixture(scope="session")
def dump() -> Crashed:
    (one,) = crashed([case("c/aborts@gcc-O0")])
    return one


@pytest.fixture(scope="session")
def core(dump: Crashed) -> bytes:
    return dump.core.read_bytes()


class Obit:
    """The command on an archive of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *words: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "OBIT_HOME": str(self.home)}
        done = subprocess.run([OBIT, *words], env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def import_(self, *paths: Path, status: int = 0) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = json.loads(self.run("import", "--json", *paths, status=status).stdout)
        return found

    def document(self, fault_id: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("show", fault_id, "--json").stdout)
        return found

    def meta(self, fault_id: str) -> dict[str, Any]:
        (path,) = self.home.glob(f"*/{fault_id}/meta.json")
        found: dict[str, Any] = json.loads(path.read_text())
        return found


@pytest.fixture
def obit(tmp_path: Path) -> Obit:
    return Obit(tmp_path / "home")


def crash_report(core: bytes, *, chunks: int = 3, more: str = "") -> bytes:
    """As apport writes it: the gzip stream's header on a line of its own, then compressed chunks, then what ends the stream."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    step = len(core) // chunks + 1
    parts = [packer.compress(core[at : at + step]) + packer.flush(zlib.Z_SYNC_FLUSH) for at in range(0, len(core), step)] + [packer.flush()]
    encoded = b"".join(b" " + base64.b64encode(part) + b"\n" for part in parts)
    before = f"ProblemType: Crash\nArchitecture: amd64\n{more}CoreDump: base64\n"
    after = (
        "Date: Tue Nov 14 22:13:20 2023\nDistroRelease: Ubuntu 24.04\nExecutablePath: /usr/bin/shop-cart\n"
        "Package: shop 1.2-3 [modified: usr/bin/shop-cart]\nProcCmdline: shop-cart --password=hunter2 x\n"
        "ProcEnviron:\n LANG=C\n DB_PASSWORD=s3cret\nProcStatus:\n Name:\tshop-cart\n Pid:\t4711\n Uid:\t1000\t1000\t1000\t1000\n"
        "Signal: 6\nSignalName: SIGABRT\n"
    )
    return before.encode() + encoded + after.encode()


def problem(folder: Path, core: bytes) -> Path:
    folder.mkdir(parents=True)
    texts = {
        "executable": "/usr/bin/shop-cart",
        "cmdline": "shop-cart --token abc",
        "time": "1700000000",
        "uid": "1000",
        "pid": "4711",
        "reason": "shop-cart killed by SIGABRT",
        "package": "shop-1.2-3.el9",
        "hostname": "web1",
        "limits": "Limit   Soft Limit   Hard Limit   Units\nMax open files   1024   4096   files\n",
        "cgroup": "0::/system.slice/shop.service\n",
        "open_fds": "0:/dev/null\npos:\t0\nflags:\t0100002\n3:socket:[4711]\npos:\t0\n",
        "environ": "LANG=C\nAPI_TOKEN=s3cret\n",
        "pwd": "/srv",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "coredump").write_bytes(core)
    return folder


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".zst": zstandard.ZstdCompressor().compress,
    ".lz4": lz4.frame.compress,
    ".xz": lzma.compress,
}


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_core_of_systemds(obit: Obit, tmp_path: Path, core: bytes, suffix: str) -> None:
    path = tmp_path / (SYSTEMD_NAME + suffix)
    path.write_bytes(PACKERS[suffix](core))
    attributes = {"pid": "4711", "uid": "1000", "gid": "100", "signal": "6", "timestamp": "1700000000123456", "hostname": "web1"}
    for name, value in {**attributes, "comm": "my shop", "exe": "/usr/bin/my shop"}.items():
        os.setxattr(path, f"user.coredump.{name}", value.encode())
    (row,) = obit.import_(path)["imported"]
    meta = obit.meta(row["id"])
    expected = {"source": "import", "pid": 4711, "gid": 100, "exe": "/usr/bin/my shop", "application": "my shop"}
    assert expected.items() <= meta.items()
    assert meta["captured_at"] == "2023-11-14T22:13:20.123456Z"
    assert meta["signal"] == {"number": 6, "name": "SIGABRT"}
    assert meta["attributes"] == {"hostname": "web1", "boot_id": BOOT}
    document = obit.document(row["id"])
    assert document["source"] == "import"
    assert document["classifiers"][0] == "abort"
    assert document["captured_at"] == "2023-11-14T22:13:20.123456Z"


def test_without_attributes_the_name_tells(obit: Obit, tmp_path: Path, core: bytes) -> None:
    (tmp_path / SYSTEMD_NAME).write_bytes(core)
    (row,) = obit.import_(tmp_path / SYSTEMD_NAME)["imported"]
    meta = obit.meta(row["id"])
    assert (meta["pid"], meta["application"], meta["captured_at"]) == (4711, "my shop", "2023-11-14T22:13:20.123456Z")


def test_an_apport_report(obit: Obit, tmp_path: Path, core: bytes) -> None:
    (tmp_path / "_usr_bin_shop-cart.1000.crash").write_bytes(crash_report(core))
    (row,) = obit.import_(tmp_path)["imported"]
    meta = obit.meta(row["id"])
    assert {"pid": 4711, "exe": "/usr/bin/shop-cart", "application": "shop-cart"}.items() <= meta.items()
    assert meta["attributes"] == {"package": "shop", "package_version": "1.2-3"}
    document = obit.document(row["id"])
    assert document["classifiers"][0] == "abort"
    assert document["threads"][0]["frames"]


def test_secrets_of_a_report_stay_out(obit: Obit, tmp_path: Path, core: bytes) -> None:
    (tmp_path / "a.crash").write_bytes(crash_report(core))
    problem(tmp_path / "b", core + b"other")
    assert len(obit.import_(tmp_path)["imported"]) == 2
    for tar in obit.home.glob("*/*/assets.tar"):
        assert b"s3cret" not in tar.read_bytes()
        assert b"hunter2" not in tar.read_bytes()
        assert b"LANG=C" in tar.read_bytes()


def test_a_directory_of_abrts(obit: Obit, tmp_path: Path, core: bytes) -> None:
    problem(tmp_path / "abrt" / "ccpp-2023-11-14-22:13:20-4711", core)
    (row,) = obit.import_(tmp_path / "abrt")["imported"]
    meta = obit.meta(row["id"])
    assert {"pid": 4711, "exe": "/usr/bin/shop-cart", "captured_at": "2023-11-14T22:13:20.000000Z"}.items() <= meta.items()
    assert meta["signal"]["number"] == 6
    process = obit.document(row["id"])["process"]
    assert process["fds"] == {"0": "/dev/null", "3": "socket:[4711]"}
    assert process["limits"] == {"open files": [1024, 4096]}
    assert process["cgroup"] == "/system.slice/shop.service"
    assert process["cwd"] == "/srv"


def test_the_same_core_in_any_form_is_one_fault(obit: Obit, tmp_path: Path, core: bytes) -> None:
    for suffix, pack in PACKERS.items():
        (tmp_path / f"core.1{suffix}").write_bytes(pack(core))
    (tmp_path / "x.crash").write_bytes(crash_report(core))
    problem(tmp_path / "p", core)
    rows = obit.import_(tmp_path)["imported"]
    assert len(rows) == 6
    assert len({row["id"] for row in rows}) == 1
    assert [row["new"] for row in rows].count(True) == 1
    assert not any(row["new"] for row in obit.import_(tmp_path)["imported"])
    assert sum(total["count"] for total in json.loads(obit.run("list", "--json").stdout)["totals"].values()) == 1


def test_two_imports_at_once_are_one(obit: Obit, tmp_path: Path, core: bytes) -> None:
    path = tmp_path / "core"
    path.write_bytes(core)
    environ = {**os.environ, "OBIT_HOME": str(obit.home)}
    with Importer(str(obit.home)) as first:
        second = subprocess.Popen([OBIT, "import", "--json", path], env=environ, stdout=subprocess.PIPE)
        while f"-> FLOCK  ADVISORY  WRITE {second.pid} " not in Path("/proc/locks").read_text():
            assert second.poll() is None, "the second does not wait for the first"
        (dump,) = find(str(path))
        assert isinstance(dump, Dump)
        taken = first.take(dump, lambda *_: None)
    assert isinstance(taken, Taken)
    (row,) = json.loads(second.communicate()[0])["imported"]
    assert row == {"path": str(path), "id": taken.id, "new": False}


def test_an_import_that_was_killed_leaves_nothing_and_can_be_repeated(obit: Obit, tmp_path: Path, core: bytes) -> None:
    """What recovery finds is no half of a fault: the original is still there."""
    read, write = os.pipe()
    code = (
        "import os,sys; from obit.agent.importing import store; from obit.cli.main import run\n"
        "store.os.ftruncate = lambda *_: (os.write(int(sys.argv[1]), b'x'), os.kill(os.getpid(), 9))\n"
        "run(['import', sys.argv[2]])"
    )
    (tmp_path / "core").write_bytes(core)
    environ = {**os.environ, "OBIT_HOME": str(obit.home)}
    command = [sys.executable, "-c", code, str(write), str(tmp_path / "core")]
    assert subprocess.run(command, env=environ, pass_fds=[write], check=False).returncode == -9
    assert os.read(read, 1) == b"x"
    assert len(list((obit.home / "incoming").iterdir())) == 1
    recover(str(obit.home))
    (row,) = obit.import_(tmp_path / "core")["imported"]
    assert row["new"]
    assert [path.name for path in obit.home.glob("*/*") if path.is_dir()] == [row["id"]]
    os.close(read)
    os.close(write)


def test_zeros_take_no_room(obit: Obit, tmp_path: Path, core: bytes) -> None:
    (tmp_path / "core").write_bytes(core + bytes(8 << 20))
    obit.import_(tmp_path / "core")
    (kept,) = obit.home.glob("*/*/core")
    assert kept.stat().st_size == len(core) + (8 << 20)
    assert kept.stat().st_blocks * 512 <= len(core) + (1 << 20)
    assert kept.read_bytes() == core + bytes(8 << 20)


def test_the_originals_stay(obit: Obit, tmp_path: Path, core: bytes) -> None:
    (tmp_path / "core").write_bytes(core)
    obit.import_(tmp_path / "core")
    assert (tmp_path / "core").read_bytes() == core


def test_what_is_refused_is_said_in_a_sentence_and_the_rest_imported(obit: Obit, tmp_path: Path, core: bytes) -> None:
    (tmp_path / "core.good").write_bytes(core)
    (tmp_path / "core.bad").write_text("no core")
    (tmp_path / "empty.core").touch()
    (tmp_path / "elsewhere").write_bytes(core + b"another")
    (tmp_path / "core.link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "core.pipe")
    (tmp_path / "x.crash").write_text("ProblemType: Package\nTitle: nothing\n")
    (tmp_path / "readme").write_text("not looked at")
    done = obit.run("import", tmp_path, status=4)
    assert done.stdout.count("imported") == 1
    assert len(done.stderr.splitlines()) == 5
    assert all(line.startswith(f"obit: {tmp_path}/") for line in done.stderr.splitlines())


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_nothing_to_import(obit: Obit, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    obit.run("import", tmp_path / name, status=1 if name == "empty" else 4)


@pytest.mark.parametrize("suffix", [".zst", ".xz", ".crash"])
def test_a_core_that_is_cut_off_is_explained_as_far_as_it_goes(obit: Obit, tmp_path: Path, core: bytes, suffix: str) -> None:
    whole = crash_report(core, chunks=20) if suffix == ".crash" else PACKERS[suffix](core + os.urandom(1 << 20))
    (tmp_path / f"core{suffix}").write_bytes(whole[: len(whole) * 9 // 10])
    (row,) = obit.import_(tmp_path)["imported"]
    assert "beyond" in obit.meta(row["id"])["missing"][0]["what"]


@pytest.mark.parametrize(
    "text",
    [
        b"CoreDump: base64\n !!!!\n",
        b"CoreDump: base64\n",
        b"CoreDump: base64\n " + base64.b64encode(b"\x1f\x8b" + b"x" * 100) + b"\n",
        b"x" * 100,
        b"A: b\n" * 1000,
        b": x\nCoreDump: base64\n",
        b"",
        b"CoreDump:",
        b" " * 50,
    ],
)
def test_a_damaged_report_is_refused(obit: Obit, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.crash").write_bytes(text)
    assert len(obit.import_(tmp_path / "x.crash", status=4)["refused"]) == 1


@pytest.mark.needs_root
def test_a_report_that_a_user_wrote_is_that_users_whatever_it_says(obit: Obit, tmp_path: Path, core: bytes) -> None:
    """/var/crash is writable to all: who may see the fault is decided by who wrote it."""
    path = tmp_path / "_usr_bin_shop-cart.0.crash"
    path.write_bytes(crash_report(core).replace(b"Uid:\t1000", b"Uid:\t0"))
    os.chown(path, 4711, 4712)
    (row,) = obit.import_(path)["imported"]
    meta = obit.meta(row["id"])
    assert (meta["uid"], meta["gid"]) == (4711, 4712)


def test_hostile_fields_reach_no_terminal(obit: Obit, tmp_path: Path, core: bytes) -> None:
    (tmp_path / "core.\x1b[31m\nred").write_bytes(core)
    (tmp_path / "core.\x1b[31m\nbad").write_bytes(b"")
    done = obit.run("import", tmp_path, status=4)
    assert "\x1b" not in done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert len(done.stderr.splitlines()) == 1


def test_a_full_disk_is_said(tmp_path: Path, core: bytes) -> None:
    (tmp_path / "core").write_bytes(core)
    environ = {**os.environ, "OBIT_HOME": str(tmp_path / "home"), "OBIT_LIMITS_DISK_RESERVE": "100%"}
    done = subprocess.run([OBIT, "import", tmp_path / "core"], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "No space left" in done.stderr
    assert list((tmp_path / "home" / "incoming").iterdir()) == []
