"""The handler without an agent, with streams of our own; the process that crashed is this test."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from obit.capture import alone
from obit.capture.alone import Plan
from obit.capture.assetfacts import process_facts_of
from obit.capture.kernel_pipe import Crash
from obit.debuginfo.elf import reader
from obit.image.core import parse_core
from tests.builders.core import Memory, Thread, core_file

ME = os.getpid()
CORE = core_file((Thread(ME, {}, 11),), (Memory(0x10000, bytes(4096)),))


def crash(pid: int = ME, dumpable: int = 1) -> Crash:
    return Crash((str(pid), str(pid), "11", "1700000000", str(dumpable)))


def captured(home: Path, stream: bytes, **settings: str) -> int:
    """The handler's exit status with this in its pipe."""
    read, write = os.pipe()

    def feed() -> None:
        try:
            os.write(write, stream)
        except BrokenPipeError:
            pass
        os.close(write)

    feeder = threading.Thread(target=feed)
    feeder.start()
    status = alone.capture(crash(), {"home": str(home), "reserve": "0", **settings}, read)
    feeder.join()
    return status


def fault(home: Path, state: str) -> Path:
    (place,) = (home / state).iterdir()
    return place


def test_a_core(tmp_path: Path) -> None:
    assert captured(tmp_path, CORE) == 0
    place = fault(tmp_path, "pending")
    assert json.loads((place / "meta.json").read_text())["pid"] == ME
    data = (place / "core").read_bytes()
    assert parse_core(reader(data), len(data)).threads[0].tid == ME
    assert process_facts_of((place / "assets.tar").read_bytes())["pid"] == ME


@pytest.mark.parametrize("stream", [b"", b"no core", CORE[:63], CORE[:100], core_file(())])
def test_whatever_comes_the_metadata_stays(tmp_path: Path, stream: bytes) -> None:
    assert captured(tmp_path, stream) == 1
    place = fault(tmp_path, "failed")
    meta = json.loads((place / "meta.json").read_text())
    assert (meta["pid"], meta["signal"]["name"], meta["source"]) == (ME, "SIGSEGV", "kernel-pipe")
    assert (place / "reason").read_text().startswith("it could not be captured: ")


def test_a_failure_that_nobody_thought_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(alone, "captured_of", fail)
    assert captured(tmp_path, CORE) == 1
    assert (fault(tmp_path, "failed") / "reason").read_text() == "the capture failed: ZeroDivisionError: of all things\n"


def test_what_is_refused_leaves_its_reason(tmp_path: Path) -> None:
    read, write = os.pipe()
    refuse = lambda plan: f"not in {plan.home}"  # noqa: E731  one line says it
    assert alone.capture(crash(), {"home": str(tmp_path)}, read, refuse) == 1
    os.close(write)
    assert (fault(tmp_path, "failed") / "reason").read_text() == f"not in {tmp_path}\n"


def test_the_disks_reserve(tmp_path: Path) -> None:
    assert alone.has_room(Plan(str(tmp_path), 0, 0, False)) is None
    assert "are free on the archive's disk" in str(alone.has_room(Plan(str(tmp_path), 0, 1 << 60, False)))


def test_where_nothing_can_be_written_the_kernels_log_hears_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(alone, "_say", said.append)
    (tmp_path / "home").write_text("a file")
    assert captured(tmp_path / "home", CORE) == 1
    assert said[0].startswith(f"process {ME} died of signal 11 and could not be saved: ")


def test_of_a_process_that_is_gone_the_kernels_words_stay(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(write)
    assert alone.capture(crash(1 << 22), {"home": str(tmp_path), "reserve": "0"}, read) == 1
    meta = json.loads((fault(tmp_path, "failed") / "meta.json").read_text())
    assert (meta["pid"], meta["signal"]["number"], meta["exe"]) == (1 << 22, 11, None)


def test_it_runs_isolated_without_site_packages() -> None:
    """As the kernel runs it."""
    source = Path(alone.__file__).parents[2]
    code = f"import sys; sys.path.insert(0, {str(source)!r}); import obit.capture.alone, obit.capture.ptrace; print(len(sys.path))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout
