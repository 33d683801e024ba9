"""What is made of the kernel's notes; the process itself is this test."""

import os
import struct

import pytest

from obit.capture import kernelcore, victim
from obit.capture.minicore import NT_FPREGSET
from obit.capture.registers import LAYOUTS
from obit.capture.stream import read_head
from obit.capture.victim import Captured, Unsupported
from tests.builders import notes as note
from tests.builders.core import Memory, Thread, core_file
from tests.builders.notes import MappedFile, Note

LAYOUT = LAYOUTS["x86_64"]
ME = os.getpid()
GONE = 1 << 22
"""Above every pid."""


class Recv:
    """A function that gives bytes in order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __call__(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]


def captured(core: bytes, pid: int = ME) -> Captured:
    return kernelcore.captured_of(read_head(Recv(core)), pid, source="kernel-pipe", attributes={"team": "blue"}, host={"hostname": "h"})


def core(*threads: Thread, machine: int = 62, pid: int = ME) -> bytes:
    return core_file(
        threads or (Thread(pid, {"rip": 0x1234, "rsp": 0x5678}, 11, (note.fpregset([b"v" * 16]),)), Thread(pid + 1, {"rsp": 0x9ABC}, 11)),
        (Memory(0x1000, bytes(4096), flags=5), Memory(0x5000, size=4096), Memory(0xFFFF_FFFF_FF60_0000, size=4096)),
        machine=machine,
        files=(MappedFile(0x1000, 0x2000, 0x3000, "/usr/bin/sh\udcffop"),),
        auxv={6: 4096},
        siginfo=note.siginfo(11, 1, fields=struct.pack("<Q", 0x10)),
        psinfo=note.prpsinfo(ME, uid=1, fname="shop", psargs="shop --cart "),
    )


def test_threads_in_the_kernels_order_with_their_registers() -> None:
    found = captured(core()).threads
    assert [thread.tid for thread in found] == [ME, ME + 1]
    words = struct.unpack("<27Q", found[0].general)
    assert (words[LAYOUT.pc], words[LAYOUT.sp]) == (0x1234, 0x5678)
    assert b"v" * 16 in found[0].others[NT_FPREGSET]
    assert found[1].others == {}
    assert found[0].signal == 11


def test_the_process_as_we_see_it() -> None:
    found = captured(core())
    assert (found.process.pid, found.process.uid) == (ME, os.getuid())
    assert (found.process.name, found.process.arguments) == (b"shop", b"shop --cart ")
    assert found.process.siginfo is not None
    assert found.process.siginfo[16:24] == struct.pack("<Q", 0x10)
    assert found.note["source"] == "kernel-pipe"
    assert found.note["attributes"] == {"team": "blue"}
    assert found.note["host"] == {"hostname": "h"}
    assert found.note["process"]["pid"] == ME
    assert found.note["missing"] == []


def test_meta() -> None:
    found = victim.meta(captured(core()))
    assert (found["pid"], found["tid"], found["source"]) == (ME, ME, "kernel-pipe")
    assert found["signal"] == {"number": 11, "name": "SIGSEGV", "code": 1}
    assert found["attributes"] == {"team": "blue"}


def test_mappings_of_a_process_that_is_gone_are_those_of_the_core() -> None:
    found = captured(core(pid=GONE), GONE)
    assert [(one.start, one.end, one.flags, one.offset, one.path) for one in found.mappings] == [
        (0x1000, 0x2000, "r-xp", 0x3000, "/usr/bin/sh\udcffop"),
        (0x5000, 0x6000, "rw-p", 0, None),
        (0xFFFF_FFFF_FF60_0000, 0xFFFF_FFFF_FF60_1000, "rw-p", 0, None),
    ]
    assert found.dumped == [(0x1000, 0x2000)]


def test_a_core_without_a_list_of_files() -> None:
    found = captured(core_file((Thread(GONE, {}, 6),), (Memory(0x1000, bytes(4096)),), files=None), GONE)
    assert [one.path for one in found.mappings] == [None]
    assert found.process.siginfo is None
    assert found.process.auxv == b""


def test_a_captured_process_travels_as_bytes() -> None:
    found = captured(core())
    assert kernelcore.unpack(kernelcore.pack(found)) == found


def test_other_machines() -> None:
    assert captured(core(Thread(ME, {"pc": 5}, 11), machine=183)).layout.machine == 183
    with pytest.raises(Unsupported, match="64-bit program for machine 40"):
        captured(core().replace(struct.pack("<HHI", 4, 62, 1), struct.pack("<HHI", 4, 40, 1)))


def test_a_core_without_threads() -> None:
    with pytest.raises(Unsupported, match="no registers"):
        captured(core_file((), ()))


def test_notes_that_are_cut_off_or_too_short_are_left_out() -> None:
    data = core()
    head = read_head(Recv(data))
    whole = kernelcore.parse_notes(head.notes, LAYOUT)
    for size in range(0, len(head.notes), 3):
        part = kernelcore.parse_notes(head.notes[:size], LAYOUT)
        assert len(part.threads) <= len(whole.threads)
        assert [thread.general for thread in part.threads] == [thread.general for thread in whole.threads][: len(part.threads)]
    assert not kernelcore.parse_notes(note.note_bytes(Note("CORE", 1, bytes(100))), LAYOUT).threads


def test_hostile_sizes_end_the_walk() -> None:
    for name_size, size in ((0xFFFFFFFF, 0), (0, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0, 0)):
        kernelcore.parse_notes(struct.pack("<III", name_size, size, 1) * 100, LAYOUT)


def test_a_hostile_list_of_files() -> None:
    hostile = Note("CORE", 0x46494C45, struct.pack("<QQ", 1 << 60, 1 << 63) + struct.pack("<QQQ", 0x1000, 0x2000, 1 << 63) + b"no end")
    data = core_file((Thread(GONE, {}, 6),), (Memory(0x1000, bytes(4096)),), files=None, extra=(hostile,))
    assert [one.path for one in captured(data, GONE).mappings] == ["no end"]


def test_a_cut_head_is_missed() -> None:
    data = core()
    size = struct.unpack_from("<Q", data, 72)[0] + struct.unpack_from("<Q", data, 96)[0]
    found = kernelcore.captured_of(read_head(Recv(data[: size - 8])), ME, source="kernel-pipe")
    assert found.note["missing"] == [("a part of the registers", "the core's stream ended early", None)]
    assert len(found.threads) == 1
