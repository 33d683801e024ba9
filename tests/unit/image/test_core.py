"""A core file as values: whole, cut off, incomplete, and what is none."""

import pytest

from obit.debuginfo.machine import AARCH64, X86_64
from obit.errors import BadInput
from obit.image.core import Core, parse_core
from obit.image.obitnote import encode
from obit.image.process import SignalInfo
from tests.builders import notes
from tests.builders.core import Memory, Thread, core_file
from tests.builders.objects import ET_CORE, ET_DYN, PT_LOAD, Segment, elf_file


def parse(data: bytes) -> Core:
    return parse_core(lambda offset, size: data[offset : offset + size], len(data))


def test_the_first_thread_is_the_one_that_died_and_notes_follow_their_thread() -> None:
    xmm = [bytes([n]) * 16 for n in range(16)]
    threads = [Thread(12, {"rip": 0x10}, 11, (notes.xstate(xmm),)), Thread(11, {"rip": 0x20}, 0, (notes.fpregset(xmm[::-1]),)), Thread(13)]
    core = parse(core_file(threads, siginfo=notes.siginfo(11, 1, fields=bytes(8)), psinfo=notes.prpsinfo(11)))
    assert [thread.tid for thread in core.threads] == [12, 11, 13]
    assert [thread.registers[16] for thread in core.threads] == [0x10, 0x20, 0]
    assert [thread.vectors.get(17) for thread in core.threads] == [bytes(16), bytes([15]) * 16, None]
    assert core.machine is X86_64
    assert core.signal == SignalInfo(number=11, code=1, address=0)
    assert core.psinfo is not None
    assert core.missing == ()


def test_the_avx_state_goes_before_the_legacy_one() -> None:
    low, high = [b"a" * 16] * 16, [b"b" * 16] * 16
    core = parse(core_file([Thread(1, {}, 11, (notes.fpregset(low), notes.xstate(low, high=high)))]))
    assert core.threads[0].vectors[17] == b"a" * 16 + b"b" * 16


def test_aarch64() -> None:
    thread = Thread(5, {"pc": 0x400, "sp": 0x800, "x30": 0x44}, 6, (notes.arm_tls(0x7000),))
    core = parse(core_file([thread], machine=183))
    assert core.machine is AARCH64
    assert (core.threads[0].registers[32], core.threads[0].registers[31], core.threads[0].registers[30]) == (0x400, 0x800, 0x44)
    assert core.threads[0].special["tpidr"] == 0x7000


def test_without_siginfo_the_signal_is_the_first_threads() -> None:
    assert parse(core_file([Thread(1, {}, 6)])).signal == SignalInfo(number=6)
    assert parse(core_file([Thread(1, {}, 0)])).signal is None


def test_memory_that_was_not_dumped_is_no_span() -> None:
    memory = [Memory(0x1000, b"a" * 4096), Memory(0x4000, b"b" * 4096, size=8192), Memory(0x8000, b"", size=4096)]
    core = parse(core_file(memory=memory))
    assert [(start, end) for start, end, _ in core.spans] == [(0x1000, 0x2000), (0x4000, 0x5000)]
    assert [segment.memsz for segment in core.segments] == [4096, 8192, 4096]


def test_the_vsyscall_page_is_at_the_top_of_the_address_space() -> None:
    core = parse(core_file(memory=[Memory(0xFFFFFFFFFF600000, b"v" * 4096)]))
    assert core.spans[0][:2] == (0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000)


def test_a_segment_that_goes_on_past_the_address_space_ends_there() -> None:
    core = parse(core_file(memory=[Memory((1 << 64) - 4096, b"t" * 8192, size=1 << 40)]))
    assert core.spans[0][:2] == ((1 << 64) - 4096, 1 << 64)


@pytest.mark.parametrize("count", [3, 70_000])
def test_more_segments_than_the_header_can_count(count: int) -> None:
    core = parse(core_file(memory=[Memory(0x1000 * (n + 1), size=0x1000) for n in range(count)], xnum=True))
    assert len(core.segments) == count


def test_a_file_that_is_cut_off_says_how_many_bytes_are_gone() -> None:
    data = core_file(memory=[Memory(0x1000, b"a" * 4096), Memory(0x2000, b"b" * 4096), Memory(0x3000, b"c" * 4096)])
    core = parse(data[:-5000])
    assert [(start, end) for start, end, _ in core.spans] == [(0x1000, 0x2000), (0x2000, 0x2000 + 4096 - 904)]
    assert core.missing[0][0] == "5,000 bytes of the core, in 2 of its 4 segments"


def test_a_file_that_is_cut_off_in_its_headers_keeps_what_is_before() -> None:
    data = core_file(memory=[Memory(0x1000 * n, size=4096) for n in range(1, 9)])
    core = parse(data[: 64 + 56 * 4 + 3])
    assert len(core.segments) == 3
    assert core.threads == ()
    assert len(core.missing) == 2


def test_a_core_without_threads_says_so() -> None:
    assert "NT_PRSTATUS" in parse(core_file([])).missing[0][1]


def test_obits_note_names_the_threads() -> None:
    note = encode({"source": "ptrace", "thread_names": {1: "main", 2: "worker"}, "thread_states": {2: "S"}})
    core = parse(core_file([Thread(1), Thread(2)], extra=[notes.Note("OBIT", 1, note)]))
    assert core.obit is not None
    assert [(thread.name, thread.state) for thread in core.threads] == [("main", None), ("worker", "S")]


def test_a_damaged_note_of_obits_is_reported() -> None:
    core = parse(core_file(extra=[notes.Note("OBIT", 1, b"{")]))
    assert core.obit is None
    assert "damaged" in core.missing[0][1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not an ELF"),
        (b"#!/bin/sh\n" * 10, "not an ELF"),
        (core_file()[:40], "cut off"),
        (elf_file(ET_CORE, [], elf_class=1), "not a 64-bit little-endian"),
        (elf_file(ET_CORE, [], encoding=2), "not a 64-bit little-endian"),
        (elf_file(ET_DYN, [Segment(PT_LOAD, 5, 0, b"code")]), "an executable or a shared library, not a core"),
        (elf_file(ET_CORE, [], machine=243), "RISC-V"),
        (elf_file(ET_CORE, [], machine=999), "ELF number 999"),
        (core_file(extra=[notes.Note("VMCOREINFO", 0, b"OSRELEASE=6")]), "Linux kernel"),
    ],
)
def test_what_is_no_core_is_named_with_advice(data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        parse(data)
    assert str(caught.value).count(".") == 1
