"""Decompressed copies of real files: binutils reads the same debug information from them."""

import os
import subprocess
from pathlib import Path

import pytest

from obit.debuginfo.buildid import build_id_of_file
from obit.debuginfo.cache import Cache
from obit.debuginfo.search import FileFinder

SOURCE = "struct point { int x, y; };\nint sum(struct point *p) { int s = p->x + p->y; return s; }\nint main(void) { return 0; }\n"


def dump(path: str, what: str) -> str:
    done = subprocess.run(["readelf", "-W", *what.split(), path], capture_output=True, text=True, check=True)
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith("File:"))


def build(folder: Path, *options: str) -> str:
    (folder / "p.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-Wl,--build-id", *options, "-o", "p", "p.c"], cwd=folder, check=True)
    return str(folder / "p")


@pytest.mark.parametrize("options", [("-gz",), ("-gz", "-gdwarf-4"), ("-gz", "-static")])
def test_an_executable_keeps_everything_but_the_compression(tmp_path: Path, options: tuple[str, ...]) -> None:
    program = build(tmp_path, *options)
    build_id = build_id_of_file(program)
    assert build_id
    copy = FileFinder(cache=Cache(str(tmp_path / "cache"))).inflated(program, build_id, "executable")
    assert copy != program
    assert " C " not in "".join(line for line in dump(copy, "-S").splitlines() if ".debug_" in line)
    for what in ("--debug-dump=info", "--debug-dump=decodedline", "-l", "-s", "-n", "-r", "-d"):
        assert dump(copy, what) == dump(program, what), what
    os.chmod(copy, 0o755)
    assert subprocess.run([copy], check=False).returncode == 0


def test_a_separate_debug_file_by_link(tmp_path: Path) -> None:
    program = build(tmp_path, "-gz")
    plain = build_id_of_file(program)
    subprocess.run(["objcopy", "--only-keep-debug", "p", "p.debug"], cwd=tmp_path, check=True)
    finder = FileFinder(cache=Cache(str(tmp_path / "cache")))
    found = finder.debug(program, plain, ("p.debug", 0))
    assert found.path == f"{tmp_path}/p.debug"
    copy = finder.inflated(found.path, plain)
    assert copy == f"{tmp_path}/cache/{plain}.debug"
    assert dump(copy, "--debug-dump=info") == dump(f"{tmp_path}/p.debug", "--debug-dump=info")
