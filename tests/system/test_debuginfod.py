"""`obit analyze --debuginfod`: debug information of a stripped program from a server on this machine."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

OBIT = Path(__file__).parents[2] / ".venv" / "bin" / "obit"
SOURCE = "int peek(int *where) { return *where; }\nint main(void) { return peek(0); }\n"


@pytest.fixture
def stripped(tmp_path: Path) -> tuple[Path, Path, str, dict[str, str]]:
    """A core of a stripped program, its debug file, its build-id, and the environment."""
    (tmp_path / "peek.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O0", "-Wl,--build-id", "peek.c", "-o", "peek"], cwd=tmp_path, check=True)
    notes = subprocess.run(["readelf", "-n", "peek"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    build_id = re.search(r"Build ID: (\w+)", notes)
    assert build_id
    subprocess.run(["objcopy", "--only-keep-debug", "peek", "peek.debug"], cwd=tmp_path, check=True)
    subprocess.run(["strip", "peek"], cwd=tmp_path, check=True)
    env = {**os.environ, "OBIT_HOME": str(tmp_path / "home"), "OBIT_DEBUG_CACHE": str(tmp_path / "cache")}
    ran = subprocess.run([OBIT, "run", "--json", "--", tmp_path / "peek"], env=env, capture_output=True, check=False)
    folder = tmp_path / "home" / "done" / json.loads(ran.stdout)["id"]
    return next(folder.glob("core*")), tmp_path / "peek.debug", build_id[1], env


@pytest.fixture
def server(stripped: tuple[Path, Path, str, dict[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """A debuginfod of one file; its address and the paths that it was asked for."""
    _, debug, build_id, _ = stripped
    asked: list[str] = []

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = debug.read_bytes() if self.path == f"/buildid/{build_id}/debuginfo" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}", asked
        http.shutdown()
        thread.join()


def lines(core: Path, env: dict[str, str], *options: str) -> list[int | None]:
    ran = subprocess.run([OBIT, "analyze", core, "--json", *options], env=env, capture_output=True, text=True, check=True)
    return [frame["line"] for frame in json.loads(ran.stdout)["threads"][0]["frames"][:2]]


def test_the_symbols_come_from_the_server_when_that_is_wished(
    stripped: tuple[Path, Path, str, dict[str, str]], server: tuple[str, list[str]]
) -> None:
    core, _, _, env = stripped
    url, asked = server
    env = {**env, "DEBUGINFOD_URLS": url}
    assert lines(core, env) == [None, None]
    assert asked == []
    assert lines(core, env, "--debuginfod") == [1, 2]
    assert asked
    # What was fetched is kept.
    assert lines(core, {**env, "DEBUGINFOD_URLS": ""}) == [1, 2]


def test_without_a_server_one_sentence_says_so(stripped: tuple[Path, Path, str, dict[str, str]]) -> None:
    core, _, _, env = stripped
    env = {name: value for name, value in env.items() if name != "DEBUGINFOD_URLS"}
    ran = subprocess.run([OBIT, "analyze", core, "--debuginfod"], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert "DEBUGINFOD_URLS" in ran.stderr
