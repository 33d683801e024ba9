import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from obit.agent.mapped import mapped_files
from obit.agent.modulecache import ModuleCache
from obit.capture.procfs import parse_maps
from obit.cli.explain import Known, Places, explain_core
from obit.debuginfo.buildid import build_id_of_file
from obit.snapshot.encode import encode_json
from tests.programs.build import core_files

PROGRAM = """\
#include <signal.h>
int shop_price(int *cents);
static int checkout(int *cents) { return shop_price(cents) + 1; }
int main(void) { raise(SIGSTOP); return checkout((int *)VERSION); }
"""
LIBRARY = "int shop_price(int *cents) { int before = VERSION; return *cents + before; }\n"


def build(folder: Path, version: int) -> None:
    """Program and library of a version; other versions have other build-ids and other line numbers."""
    folder.mkdir(exist_ok=True)
    (folder / "shop.c").write_text("\n" * version + PROGRAM)
    (folder / "price.c").write_text("\n" * version + LIBRARY)
    flags = ["gcc", "-g", "-O0", f"-DVERSION={version}", f"-Wl,-rpath,{folder}"]
    for output, words in (("libprice.so", ["-shared", "-fPIC", "price.c"]), ("shop", ["shop.c", "-L.", "-lprice"])):
        subprocess.run([*flags, *words, "-o", f"{output}.new"], cwd=folder, check=True)
        (folder / f"{output}.new").rename(folder / output)


def crash(command: list[str], folder: Path, cache: ModuleCache) -> tuple[Path, list[str | None]]:
    """Run to the stop, keep what is mapped, go on to the crash: the core, and the build-ids that were kept."""
    with core_files():
        child = subprocess.Popen(["prlimit", "--core=unlimited", *command], cwd=folder)
        assert os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        kept = keep(child.pid, cache)
        child.send_signal(18)
        assert child.wait(20) == -11
    return folder / f"core.{child.pid}", kept


def keep(pid: int, cache: ModuleCache) -> list[str | None]:
    proc = os.open(f"/proc/{pid}", os.O_DIRECTORY)
    files = mapped_files(proc, parse_maps(Path(f"/proc/{pid}/maps").read_bytes()), 64)
    kept = [cache.keep(fd) for fd in files.values()]
    for fd in (proc, *files.values()):
        os.close(fd)
    return kept


def frames_of(core: Path, home: Path) -> list[dict[str, Any]]:
    fault = explain_core(str(core), Places(archive=str(home), uid=os.getuid()), Known())
    found: list[dict[str, Any]] = json.loads(encode_json(fault))["threads"][0]["frames"]
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.needs_root
@pytest.mark.parametrize("afterwards", ["vanished", "upgraded"])
def test_the_code_that_ran_is_there_tomorrow(tmp_path: Path, home: Path, afterwards: str) -> None:
    folder = tmp_path / "app"
    build(folder, 3)
    core, _ = crash([str(folder / "shop")], folder, ModuleCache(str(home)))
    core = core.rename(tmp_path / "core")
    if afterwards == "vanished":
        shutil.rmtree(folder)
    else:
        build(folder, 8)
    frames = frames_of(core, home)
    assert [(frame["function"], frame["line"]) for frame in frames[:3]] == [("shop_price", 4), ("checkout", 6), ("main", 7)]
    assert frames_of(core, tmp_path / "elsewhere")[0].get("line") is None


@pytest.mark.needs_root
def test_a_container_whose_root_has_gone(tmp_path: Path, home: Path) -> None:
    """The program's path is one of a root directory that the host never sees."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "price.c").write_text(LIBRARY)
    (tmp_path / "shop.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-g", "-O0", "-static", "-DVERSION=1", "shop.c", "price.c", "-o", "root/shop"], cwd=tmp_path, check=True)
    core, kept = crash(["unshare", "--mount", f"--root={root}", "--wd=/", "/shop"], root, ModuleCache(str(home)))
    build_id = build_id_of_file(str(root / "shop"))
    core = core.rename(tmp_path / "core")
    shutil.rmtree(root)
    assert kept == [build_id]
    assert [frame["function"] for frame in frames_of(core, home)[:3]] == ["shop_price", "checkout", "main"]


@pytest.mark.needs_root
def test_a_file_that_was_deleted_before_the_crash(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "app"
    build(folder, 1)
    cache = ModuleCache(str(home))
    build_id = build_id_of_file(str(folder / "shop"))
    with subprocess.Popen([str(folder / "shop")]) as child:
        assert os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        shutil.rmtree(folder)
        assert build_id in keep(child.pid, cache)
        child.kill()
    assert build_id is not None
    (path,) = cache.files(build_id, os.getuid())
    assert build_id_of_file(path) == build_id


@pytest.fixture
def program(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "x.c").write_text("int main(void) { return 0; }")
    subprocess.run(["gcc", "-o", "x", "x.c"], cwd=tmp_path, check=True)
    fd = os.open(tmp_path / "x", os.O_RDWR)
    yield fd
    os.close(fd)


def test_a_build_is_kept_once_and_privately(home: Path, program: int) -> None:
    cache = ModuleCache(str(home))
    build_id = cache.keep(program)
    assert build_id == cache.keep(program)
    (kept,) = (home / "modules").iterdir()
    assert kept.name == f"{build_id}.{os.getuid()}.module"
    assert kept.read_bytes() == os.pread(program, 1 << 20, 0)
    assert (home / "modules").stat().st_mode & 0o777 == 0o700
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.needs_root
def test_what_another_user_says_to_be_this_build_is_not_taken(home: Path, program: int) -> None:
    """A build-id is only bytes in a file: one who copies libc's must not appear in others' reports."""
    os.fchown(program, 4711, 4711)
    build_id = ModuleCache(str(home)).keep(program)
    assert build_id is not None
    assert ModuleCache(str(home)).files(build_id, os.getuid()) == []
    assert ModuleCache(str(home)).files(build_id, None) == []
    assert len(ModuleCache(str(home)).files(build_id, 4711)) == 1


@pytest.mark.parametrize("content", [b"", b"no ELF file" * 100, b"\x7fELF\2\1\1" + b"\xff" * 200])
def test_what_has_no_build_id_is_not_kept(home: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with (tmp_path / "x").open("rb") as file:
        assert ModuleCache(str(home)).keep(file.fileno()) is None
    assert not (home / "modules").exists()


def test_a_pipe_or_a_directory_is_not_kept(home: Path, tmp_path: Path) -> None:
    read, write = os.pipe()
    folder = os.open(tmp_path, os.O_DIRECTORY)
    assert [ModuleCache(str(home)).keep(fd) for fd in (read, folder)] == [None, None]
    for fd in (read, write, folder):
        os.close(fd)


def test_a_file_too_large_for_the_limit_is_not_kept(home: Path, program: int) -> None:
    size = os.fstat(program).st_size
    assert ModuleCache(str(home), limit=4 * size - 4).keep(program) is None
    assert ModuleCache(str(home), limit=4 * size).keep(program) is not None


def variants(folder: Path, count: int) -> list[Path]:
    """Executables of different build-ids."""
    (folder / "x.c").write_text("int main(void) { return 0; }")
    made = []
    for index in range(count):
        made.append(folder / f"x{index}")
        subprocess.run(["gcc", f"-Wl,--build-id=0x{index:040x}", "-o", made[-1].name, "x.c"], cwd=folder, check=True)
    return made


def test_what_was_in_no_fault_for_longest_goes_first(home: Path, tmp_path: Path) -> None:
    files = variants(tmp_path, 6)
    size = files[0].stat().st_blocks * 512
    cache = ModuleCache(str(home), limit=4 * size)
    for age, path in enumerate(files):
        with path.open("rb") as file:
            build_id = cache.keep(file.fileno())
        kept = home / "modules" / f"{build_id}.{os.getuid()}.module"
        os.utime(kept, (1_000_000 + age, 1_000_000 + age))
    assert {path.name[:40] for path in (home / "modules").iterdir()} == {f"{index:040x}" for index in range(2, 6)}


def test_many_writers_at_once(home: Path, tmp_path: Path) -> None:
    files = variants(tmp_path, 3) * 8
    code = "import os,sys; from obit.agent.modulecache import ModuleCache; print(ModuleCache(sys.argv[1]).keep(os.open(sys.argv[2], 0)))"

    def keep_in_process(path: Path) -> str:
        return subprocess.run([sys.executable, "-c", code, home, path], check=True, capture_output=True, text=True).stdout.strip()

    with ThreadPoolExecutor(6) as pool:
        kept = list(pool.map(keep_in_process, files))
    assert kept == [build_id_of_file(str(path)) for path in files]
    assert len(list((home / "modules").iterdir())) == 3


def test_a_link_in_place_of_an_entry_is_not_followed(home: Path, tmp_path: Path, program: int) -> None:
    cache = ModuleCache(str(home))
    build_id = cache.keep(program)
    (kept,) = (home / "modules").iterdir()
    kept.unlink()
    kept.symlink_to("/etc/passwd")
    assert build_id is not None
    assert cache.files(build_id, os.getuid()) == []


def test_a_directory_that_others_can_write_is_not_used(home: Path, program: int) -> None:
    cache = ModuleCache(str(home))
    build_id = cache.keep(program)
    (home / "modules").chmod(0o777)
    assert build_id is not None
    assert ModuleCache(str(home)).files(build_id, os.getuid()) == []
    assert ModuleCache(str(home)).keep(program) is None
