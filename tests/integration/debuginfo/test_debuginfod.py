"""The debuginfod client against a server on this machine: sound, silent, dripping, lying."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from obit.debuginfo.cache import Cache
from obit.debuginfo.debuginfod import Debuginfod, servers
from obit.debuginfo.search import FileFinder
from tests.builders.elf import BUILD_ID, make, note

KEY = BUILD_ID.hex()
FILE = make()
ASKED: list[str] = []


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ASKED.append(self.path)
        kind = self.path.split("/")[1]
        if kind == "redirect":
            self.send_response(302)
            self.send_header("Location", self.path.replace("redirect", "good"))
            self.end_headers()
            return
        body = {"good": FILE, "lying": make(notes=note(b"GNU", 3, b"\1" * 20)), "page": b"<html>", "drip": FILE}.get(kind)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if kind == "drip":
            self.drip()
        elif body:
            self.wfile.write(body)

    def drip(self) -> None:
        stopped = threading.Event()
        try:
            for byte in FILE:
                self.wfile.write(bytes((byte,)))
                self.wfile.flush()
                stopped.wait(0.05)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


@contextmanager
def silent() -> Iterator[str]:
    """A server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


@pytest.mark.parametrize("path", ["good", "redirect"])
def test_a_file_is_fetched_once_and_then_found(server: str, cache: Cache, path: str) -> None:
    ASKED.clear()
    client = Debuginfod((f"{server}/{path}",), cache)
    found = client.fetch(KEY)
    assert found.path == f"{cache.directory}/{KEY}.fetched-debug"
    assert Path(found.path).read_bytes() == FILE
    assert ASKED[0] == f"/{path}/buildid/{KEY}/debuginfo"
    asked = len(ASKED)
    assert client.fetch(KEY) == found
    assert len(ASKED) == asked
    assert FileFinder(cache=cache).debug("/bin/app", KEY).path == found.path


def test_an_executable(server: str, cache: Cache) -> None:
    found = Debuginfod((f"{server}/good",), cache).fetch(KEY, "executable")
    assert found.path == f"{cache.directory}/{KEY}.fetched-executable"
    assert FileFinder(cache=cache).module("/nowhere", KEY).path == found.path


def test_the_next_server_is_asked(server: str, cache: Cache) -> None:
    assert Debuginfod((f"{server}/none", f"{server}/good"), cache).fetch(KEY).path


@pytest.mark.parametrize(("path", "words"), [("none", "does not have it"), ("lying", "another build-id"), ("page", "not an ELF")])
def test_a_bad_answer_leaves_nothing(server: str, cache: Cache, path: str, words: str) -> None:
    found = Debuginfod((f"{server}/{path}",), cache).fetch(KEY)
    assert found.path is None
    assert found.why is not None
    assert words in found.why
    assert cache.find(f"{KEY}.fetched-debug") is None


def test_a_server_that_drips_costs_a_limited_time(server: str, cache: Cache) -> None:
    found = Debuginfod((f"{server}/drip",), cache, total=0.3).fetch(KEY)
    assert found.path is None
    assert found.why is not None
    assert "within 0.3 s" in found.why or "too slow" in found.why


def test_a_silent_server_costs_a_limited_time(cache: Cache) -> None:
    with silent() as url:
        start = time.monotonic()
        found = Debuginfod((url,), cache, total=30, silent=0.2).fetch(KEY)
        assert time.monotonic() - start < 5
    assert found.path is None
    assert found.why == f"{url}: it is silent"


def test_no_server_answers_there(cache: Cache) -> None:
    with silent() as url:
        pass
    found = Debuginfod((url,), cache, silent=1).fetch(KEY)
    assert found.why is not None
    assert "refused" in found.why


def test_nothing_is_asked_without_a_server_or_a_build_id(cache: Cache) -> None:
    found = Debuginfod((), cache).fetch(KEY)
    assert found.fix is not None
    assert "DEBUGINFOD_URLS" in found.fix
    assert Debuginfod(("http://127.0.0.1:9",), cache).fetch("../../etc").why == "'../../etc' is no build-id"


def test_servers_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUGINFOD_URLS", "https://a.example/ ftp://b file:///etc http://c")
    assert servers() == ("https://a.example", "http://c")
    assert servers("") == ()
    monkeypatch.delenv("DEBUGINFOD_URLS")
    assert servers() == ()
    assert servers("https://d") == ("https://d",)


def test_a_cache_that_cannot_be_written(server: str, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    os.chmod(tmp_path / "cache", 0o777)
    found = Debuginfod((f"{server}/good",), Cache(str(tmp_path / "cache"))).fetch(KEY)
    assert found.why is not None
    assert "written by others" in found.why
