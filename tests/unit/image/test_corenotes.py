"""Notes of a core: what the builder wrote as the kernel would is what the reader finds."""

import struct

import pytest

from obit.debuginfo.machine import AARCH64, X86_64, Machine
from obit.image import corenotes
from obit.image.process import MappedRange, SignalInfo
from tests.builders import notes


def test_x86_64_registers_get_their_dwarf_numbers() -> None:
    values = {name: 0x1000 + n for n, name in enumerate(notes.X86_ORDER)}
    thread = corenotes.prstatus(X86_64, notes.prstatus(42, values, signal=11).desc)
    assert thread is not None
    assert (thread.tid, thread.signal) == (42, 11)
    assert thread.registers == {n: values[name] for n, name in enumerate(X86_64.registers)}
    assert thread.special == {name: value for name, value in values.items() if name not in X86_64.registers}


def test_aarch64_registers_get_their_dwarf_numbers() -> None:
    values = {name: 0x2000 + n for n, name in enumerate(notes.ARM_ORDER)}
    thread = corenotes.prstatus(AARCH64, notes.prstatus(43, values, machine=183).desc)
    assert thread is not None
    assert thread.registers == {n: 0x2000 + n for n in range(33)}
    assert thread.special == {"pstate": 0x2021}


@pytest.mark.parametrize(("machine", "words"), [(X86_64, 27), (AARCH64, 34)])
def test_a_register_block_has_an_exact_size(machine: Machine, words: int) -> None:
    block = struct.pack(f"<{words}Q", *range(words))
    registers, special = corenotes.general_registers(machine, block)
    assert len(registers) + len(special) == words
    assert corenotes.general_registers(machine, block[:-1]) == ({}, {})


@pytest.mark.parametrize("size", [0, 50, 111])
def test_a_status_without_its_head_is_no_thread(size: int) -> None:
    assert corenotes.prstatus(X86_64, notes.prstatus(1, {}).desc[:size]) is None


def test_a_status_without_its_registers_is_a_thread_without_registers() -> None:
    thread = corenotes.prstatus(X86_64, notes.prstatus(7, {"rip": 1}).desc[:200])
    assert thread is not None
    assert (thread.tid, thread.registers) == (7, {})


def test_psinfo() -> None:
    info = corenotes.prpsinfo(notes.prpsinfo(9, ppid=8, uid=1000, gid=100, fname="shop", psargs="./shop a b ").desc)
    assert info == corenotes.Psinfo(state="R", nice=-5, uid=1000, gid=100, pid=9, ppid=8, fname="shop", psargs="./shop a b")
    assert corenotes.prpsinfo(bytes(100)) is None


FAULT = struct.pack("<Q", 0xDEAD)
SENDER = struct.pack("<iI", 77, 1000)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (notes.siginfo(11, 1, fields=FAULT), SignalInfo(number=11, code=1, address=0xDEAD)),
        (notes.siginfo(8, 1, fields=FAULT), SignalInfo(number=8, code=1, address=0xDEAD)),
        (notes.siginfo(11, 0x80, fields=bytes(8)), SignalInfo(number=11, code=0x80)),
        (notes.siginfo(11, 0, fields=SENDER), SignalInfo(number=11, code=0, sender_pid=77, sender_uid=1000)),
        (notes.siginfo(6, -6, fields=SENDER), SignalInfo(number=6, code=-6, sender_pid=77, sender_uid=1000)),
        (notes.siginfo(14, -2, fields=SENDER), SignalInfo(number=14, code=-2)),
        (
            notes.siginfo(31, 1, errno=5, fields=FAULT + struct.pack("<iI", 59, 0)),
            SignalInfo(number=31, code=1, address=0xDEAD, syscall=59, errno=5),
        ),
    ],
)
def test_siginfo_says_what_its_signal_and_code_have(note: notes.Note, expected: SignalInfo) -> None:
    assert corenotes.siginfo(note.desc) == expected


def test_auxv_ends_at_null() -> None:
    assert corenotes.auxv(notes.auxv({3: 0x40, 9: 0x50}).desc + struct.pack("<QQ", 7, 7)) == {3: 0x40, 9: 0x50}


def test_mapped_files_have_offsets_in_bytes_and_names_of_any_bytes() -> None:
    entries = [notes.MappedFile(0x1000, 0x3000, 0x2000, "/lib/a"), notes.MappedFile(0x5000, 0x6000, 0, "/x\udcff")]
    expected = (MappedRange(0x1000, 0x3000, "?", 0x2000, "/lib/a"), MappedRange(0x5000, 0x6000, "?", 0, r"/x\xff"))
    assert corenotes.mapped_files(notes.mapped_files(entries).desc) == expected


def test_mapped_files_that_are_cut_off_give_what_is_whole() -> None:
    entries = [notes.MappedFile(0x1000 * n, 0x1000 * (n + 1), 0, f"/lib/{n}") for n in range(5)]
    desc = notes.mapped_files(entries).desc
    assert corenotes.mapped_files(desc[:10]) == ()
    assert corenotes.mapped_files(struct.pack("<QQ", 1 << 60, 4096) + desc[16:])[0].start == 0
    assert len(corenotes.mapped_files(desc[: 16 + 24 * 5 + 14])) == 3


XMM = [bytes([n]) * 16 for n in range(16)]
HIGH = [bytes([0x80 + n]) * 16 for n in range(16)]


def test_vectors_are_16_bytes_and_32_with_avx() -> None:
    sse, avx, legacy = notes.xstate(XMM), notes.xstate(XMM, high=HIGH), notes.fpregset(XMM)
    assert corenotes.vectors(X86_64, sse.type, sse.desc) == {17 + n: XMM[n] for n in range(16)}
    assert corenotes.vectors(X86_64, avx.type, avx.desc) == {17 + n: XMM[n] + HIGH[n] for n in range(16)}
    assert corenotes.vectors(X86_64, legacy.type, legacy.desc) == {17 + n: XMM[n] for n in range(16)}
    assert corenotes.vectors(X86_64, sse.type, sse.desc[:400]) == {}


def test_vectors_of_aarch64() -> None:
    note = notes.fpregset([bytes([n]) * 16 for n in range(32)], machine=183)
    assert corenotes.vectors(AARCH64, note.type, note.desc) == {64 + n: bytes([n]) * 16 for n in range(32)}
