"""A live process that is held still."""

import os
import signal
from pathlib import Path

import pytest

from obit.debuginfo.search import FileFinder
from obit.errors import NothingFound
from obit.image.live import live_image, parse_maps
from obit.image.process import MappedRange, MemoryAbsent, ThreadImage
from tests.integration.image.witness import build, waiting


def test_a_stopped_process_whose_executable_was_deleted(tmp_path: Path) -> None:
    exe = build(tmp_path, "pie")
    with waiting(exe) as witness:
        os.kill(witness.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, witness.pid, os.WSTOPPED | os.WNOWAIT)
        exe.unlink()
        threads = (ThreadImage(tid=witness.pid, registers={}),)
        image = live_image(witness.pid, threads, FileFinder())
        for address, content in witness.memory.items():
            assert image.memory.read(address, len(content)) == content
        with pytest.raises(MemoryAbsent):
            image.memory.read(0x10, 8)
        assert {module.bias for module in image.modules} == set(witness.modules)
        (main,) = [module for module in image.modules if module.path == str(exe)]
        assert main.file is not None
        assert (main.file.level, main.file.build_id) == ("full", main.build_id)
        assert image.threads == threads
        assert image.process["ppid"] == os.getpid()
        assert image.process["exe"] == str(exe)
        assert image.process["cmdline"] == [str(exe), "wait"]
        assert image.process["comm"] == exe.name[:15]


def test_a_process_that_is_gone_is_one_sentence() -> None:
    with pytest.raises(NothingFound, match="is gone"):
        live_image(0x3FFFFFFF, (), FileFinder())


def test_maps_lines_of_any_kind() -> None:
    raw = (
        b"00400000-00401000 r-xp 00002000 08:01 77                         /usr/bin/a b\\012c\r\xff (deleted)\n"
        b"7ffc00000000-7ffc00001000 rw-p 00000000 00:00 0 \n"
        b"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n"
    )
    assert parse_maps(raw) == (
        MappedRange(0x400000, 0x401000, "r-x", 0x2000, "/usr/bin/a b\nc\r\\xff (deleted)"),
        MappedRange(0x7FFC00000000, 0x7FFC00001000, "rw-", 0, None),
        MappedRange(0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000, "--x", 0, "[vsyscall]"),
    )
