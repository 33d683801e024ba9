"""What may be taken, what must not, and processes that are not what they used to be."""

import os
import time
from pathlib import Path

import pytest

from obit.capture import kernelcore, victim
from obit.debuginfo.elf import reader
from obit.image.core import Core, parse_core
from tests.integration.kernelcapture.machine import PROGRAMS, Victim, build, crashing

pytestmark = [pytest.mark.needs_root, pytest.mark.exclusive]
SECRET = b"the secret of the heap"


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("memory"), PROGRAMS / "memory.c")


def written(crashed: Victim, place: Path, *, full: bool = False) -> bytes:
    """The core of a crash."""
    memory, pagemap = crashed.open("mem"), crashed.open("pagemap")
    with place.open("w+b") as file:
        victim.write(kernelcore.unpack(kernelcore.pack(crashed.captured())), file.fileno(), memory=memory, full=full, pagemap=pagemap)
    os.close(memory)
    os.close(pagemap)
    return place.read_bytes() if place.stat().st_size < 1 << 30 else b""


def parsed(data: bytes) -> Core:
    return parse_core(reader(data), len(data))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("kind", "is_there"), [("plain", True), ("dontdump", False), ("filter", False)])
def test_the_programs_wish_is_respected(memory: Path, tmp_path: Path, kind: str, is_there: bool, full: bool) -> None:
    with crashing(tmp_path, [memory, kind]) as crashed:
        captured = crashed.captured()
        data = written(crashed, tmp_path / "core", full=full)
    # The program's own file has the text, too, but not at the beginning of a page.
    assert any(data.startswith(SECRET, at) for at in range(0, len(data), 4096)) == is_there
    assert bool(captured.note["missing"]) == (kind == "filter")


def test_shared_memory_is_taken_as_the_kernel_would(memory: Path, tmp_path: Path) -> None:
    with crashing(tmp_path, [memory, "shared"]) as crashed:
        assert b"shared\0\0\0\0\0\0\0\0" in written(crashed, tmp_path / "core")


@pytest.mark.parametrize("full", [False, True])
def test_gigabytes_of_nothing_cost_nothing(memory: Path, tmp_path: Path, full: bool) -> None:
    place = tmp_path / "core"
    with crashing(tmp_path, [memory, "sparse"]) as crashed:
        before = time.process_time()
        written(crashed, place, full=full)
        assert time.process_time() - before < 1
    assert place.stat().st_blocks * 512 < 8 << 20
    assert (place.stat().st_size > 1 << 34) == full


def test_a_program_whose_file_is_gone(memory: Path, tmp_path: Path) -> None:
    copy = tmp_path / "gone"
    copy.write_bytes(memory.read_bytes())
    copy.chmod(0o755)
    with crashing(tmp_path, [copy, "deleted", copy]) as crashed:
        captured = crashed.captured()
        data = written(crashed, tmp_path / "core")
    assert captured.note["process"]["exe"] == str(copy)
    assert any((mapping.path or "").startswith(str(copy)) for mapping in captured.mappings)
    base = next(mapping.start for mapping in captured.mappings if (mapping.path or "").startswith(str(copy)))
    assert base in [start for start, _, _ in parsed(data).spans], "its first page"


def test_the_first_thread_has_ended(memory: Path, tmp_path: Path) -> None:
    with crashing(tmp_path, [memory, "leader"]) as crashed:
        captured = crashed.captured()
        core = parsed(written(crashed, tmp_path / "core"))
    assert captured.threads[0].tid != captured.process.pid == crashed.pid
    assert captured.note["process"]["exe"] == str(memory)
    assert len(core.spans) > 5


def test_ids_are_ours_and_not_those_of_the_container(memory: Path, tmp_path: Path) -> None:
    """The process has pid 1 or 2 in a pid namespace of its own."""
    command: list[str | Path] = ["unshare", "--pid", "--fork", "--mount-proc", memory, "plain"]

    def is_child(crashed: int, started: int) -> bool:
        return Path(f"/proc/{crashed}/exe").resolve() == memory

    with crashing(tmp_path, command, is_child) as crashed:
        captured = crashed.captured()
    assert [thread.tid for thread in captured.threads] == [crashed.pid] == [captured.process.pid]
    assert captured.note["thread_names"] == {crashed.pid: "memory"}


def test_a_process_that_is_gone_leaves_what_the_stream_says(memory: Path, tmp_path: Path) -> None:
    with crashing(tmp_path, [memory, "plain"]) as crashed:
        pass
    captured = kernelcore.captured_of(crashed.head, crashed.pid, source="kernel-socket")
    assert captured.threads[0].tid == crashed.pid
    assert any((mapping.path or "").endswith("memory") for mapping in captured.mappings), "from NT_FILE"
    assert captured.process.siginfo is not None
