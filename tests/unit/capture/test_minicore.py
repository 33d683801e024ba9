"""The core that is written, read back by Obit's own reader."""

from pathlib import Path

import pytest

from obit.capture import minicore
from obit.capture.minicore import EM_X86_64, NT_FPREGSET, NT_X86_XSTATE, PN_XNUM, Piece, Process, Thread
from obit.capture.procfs import PAGE, Mapping
from obit.debuginfo.elf import PT_LOAD, Elf, reader
from obit.image import obitnote
from obit.image.core import Core, parse_core

BASE = 0x10000
PROCESS = Process(
    machine=EM_X86_64,
    pid=4711,
    ppid=17,
    pgrp=4711,
    session=16,
    uid=1000,
    gid=100,
    state="R",
    nice=-5,
    flags=0,
    name=b"a-name-longer-than-15",
    arguments=b"shop --cart",
    auxv=b"\x06" + bytes(7) + b"\x00\x10" + bytes(6) + bytes(16),
    siginfo=b"\x0b" + bytes(7) + b"\x01" + bytes(7) + b"\x10" + bytes(111),
)
THREADS = (
    Thread(4711, bytes(16 * 8) + b"\x44" + bytes(87), {NT_FPREGSET: bytes(512), NT_X86_XSTATE: bytes(1000)}, 11, pending=1, blocked=2),
    Thread(4712, bytes(216), {}, 11),
)
MAPPINGS = (
    Mapping(BASE, BASE + 4 * PAGE, "rw-p", 0, None),
    Mapping(BASE + 8 * PAGE, BASE + 10 * PAGE, "r-xp", PAGE, "/usr/bin/sh\udcffop"),
)
MEMORY = {BASE + n * PAGE: bytes([n + 1]) * PAGE for n in range(10)}


def read(address: int, size: int) -> bytes:
    """Ten pages, each filled with its number from 1 on."""
    pages = (MEMORY.get(at, b"") for at in range(address & -PAGE, address + size, PAGE))
    return b"".join(pages)[address % PAGE :][:size]


def written(tmp_path: Path, pieces: list[Piece], source: minicore.Read = read) -> tuple[bytes, minicore.Written]:
    vendor = minicore.note(obitnote.NAME, obitnote.TYPE, obitnote.encode({"source": "ptrace"}))
    notes = minicore.notes(PROCESS, THREADS, MAPPINGS, (vendor,))
    with (tmp_path / "core").open("w+b") as file:
        result = minicore.write(file.fileno(), EM_X86_64, notes, pieces, source)
    return (tmp_path / "core").read_bytes(), result


def parsed(data: bytes) -> Core:
    return parse_core(reader(data), len(data))


def test_plan_cuts_mappings_into_taken_and_left_out() -> None:
    pieces = minicore.plan(
        MAPPINGS, [(BASE + 9 * PAGE, BASE + 99 * PAGE), (BASE + PAGE, BASE + 2 * PAGE), (BASE + PAGE, BASE + 3 * PAGE), (0, 8)]
    )
    page = [(piece.start // PAGE - 16, piece.end // PAGE - 16, piece.flags, piece.taken) for piece in pieces]
    assert page == [(0, 1, 6, False), (1, 3, 6, True), (3, 4, 6, False), (8, 9, 5, False), (9, 10, 5, True)]


def test_a_range_over_several_mappings_is_cut_at_their_ends() -> None:
    pieces = minicore.plan(MAPPINGS, [(0, 1 << 63)])
    assert [(piece.start, piece.end, piece.taken) for piece in pieces] == [(mapping.start, mapping.end, True) for mapping in MAPPINGS]


def test_memory_is_there_and_gaps_are_absent(tmp_path: Path) -> None:
    pieces = minicore.plan(MAPPINGS, [(BASE + PAGE, BASE + 3 * PAGE)])
    data, result = written(tmp_path, pieces)
    core = parsed(data)
    (start, end, offset) = core.spans[0]
    assert (len(core.spans), start, end) == (1, BASE + PAGE, BASE + 3 * PAGE)
    assert data[offset : offset + 2 * PAGE] == bytes([2]) * PAGE + bytes([3]) * PAGE
    assert [(s.vaddr, s.memsz) for s in core.segments] == [(p.start, p.end - p.start) for p in pieces]
    assert (result.memory, result.unreadable, result.size) == (2 * PAGE, 0, len(data))


def test_segments_lie_at_page_offsets(tmp_path: Path) -> None:
    data, _ = written(tmp_path, minicore.plan(MAPPINGS, [(0, 1 << 63)]))
    assert all(segment.offset % PAGE == 0 for segment in parsed(data).segments)


def test_what_cannot_be_read_is_left_out_and_counted(tmp_path: Path) -> None:
    mapping = Mapping(BASE, BASE + 16 * PAGE, "rw-p", 0, None)
    data, result = written(tmp_path, minicore.plan([mapping], [(BASE, BASE + 16 * PAGE)]))
    assert parsed(data).spans[0][:2] == (BASE, BASE + 10 * PAGE)
    assert (result.memory, result.unreadable) == (10 * PAGE, 6 * PAGE)


def test_zero_pages_are_holes_and_read_as_zeros(tmp_path: Path) -> None:
    size = 256 * PAGE
    data, _ = written(tmp_path, [Piece(0, size, 6, True)], lambda at, length: (bytes(size - PAGE) + b"\x01" * PAGE)[at : at + length])
    offset = parsed(data).spans[0][2]
    assert data[offset : offset + size] == bytes(size - PAGE) + b"\x01" * PAGE
    assert (tmp_path / "core").stat().st_blocks * 512 < 32 * PAGE


def test_notes_say_who_died_of_what(tmp_path: Path) -> None:
    core = parsed(written(tmp_path, [])[0])
    assert core.signal is not None
    assert (core.signal.number, core.signal.code, core.signal.address) == (11, 1, 0x10)
    assert core.psinfo is not None
    assert (core.psinfo.pid, core.psinfo.ppid, core.psinfo.uid, core.psinfo.gid, core.psinfo.nice) == (4711, 17, 1000, 100, -5)
    assert (core.psinfo.fname, core.psinfo.psargs) == ("a-name-longer-t", "shop --cart")
    assert core.auxv == {6: 4096}
    assert core.obit == {"source": "ptrace"}


def test_threads_keep_their_registers(tmp_path: Path) -> None:
    crashed, other = parsed(written(tmp_path, [])[0]).threads
    assert (crashed.tid, crashed.signal, crashed.registers[16]) == (4711, 11, 0x44)
    assert len(crashed.vectors) == 16
    assert (other.tid, other.vectors) == (4712, {})


def test_file_mappings_keep_odd_names(tmp_path: Path) -> None:
    (file,) = parsed(written(tmp_path, [])[0]).files
    assert (file.start, file.offset, file.path) == (BASE + 8 * PAGE, PAGE, r"/usr/bin/sh\xffop")


@pytest.mark.parametrize("count", [PN_XNUM - 2, PN_XNUM - 1, PN_XNUM + 10])
def test_more_segments_than_the_header_can_count(tmp_path: Path, count: int) -> None:
    pieces = [Piece(n * PAGE, (n + 1) * PAGE, 4, n == count - 1) for n in range(count)]
    data, _ = written(tmp_path, pieces, lambda _address, size: b"x" * size)
    elf = Elf(reader(data))
    loads = [segment for segment in elf.segments if segment.type == PT_LOAD]
    assert len(loads) == count
    assert data[loads[-1].offset :] == b"x" * PAGE
    assert next(elf.notes()).name == "CORE"
