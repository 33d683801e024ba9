"""The head of a core's stream: exactly that is read, whatever the stream does."""

import struct

import pytest

from obit.capture import stream
from obit.capture.stream import NotACore, Segment, read_head
from tests.builders.core import Memory, Thread, core_file
from tests.builders.notes import siginfo

MEMORY = (Memory(0x1000, b"a" * 4096, flags=5), Memory(0x7000, b"", size=8192, flags=6), Memory(0xFFFF_FFFF_FF60_0000, b"v" * 4096))
THREADS = (Thread(100, {"rip": 7}, 11), Thread(101, {}, 11))
CORE = core_file(THREADS, MEMORY, siginfo=siginfo(11, 1))
NOTES_AT, NOTES_SIZE = (struct.unpack_from("<Q", CORE, 64 + at)[0] for at in (8, 32))
HEAD = NOTES_AT + NOTES_SIZE


class Stream:
    """Bytes that come in blocks of at most `step`, until an error or the end."""

    def __init__(self, data: bytes, step: int = 1 << 30, error: OSError | None = None) -> None:
        self.at = 0
        self._data = data
        self._step = step
        self._error = error

    def recv(self, size: int) -> bytes:
        """As socket.recv."""
        block = self._data[self.at : self.at + min(size, self._step)]
        if not block and self._error:
            raise self._error
        self.at += len(block)
        return block


@pytest.mark.parametrize("step", [1, 7, 4096, 1 << 30])
def test_everything_up_to_the_memory_and_no_byte_more(step: int) -> None:
    source = Stream(CORE, step)
    head = read_head(source.recv)
    assert source.at == HEAD
    assert head.raw == CORE[:HEAD]
    assert (head.machine, head.bits, head.cut) == (62, 64, None)
    assert head.notes == CORE[NOTES_AT:HEAD]
    assert head.segments == [
        Segment(0x1000, 4096, 4096, 5),
        Segment(0x7000, 8192, 0, 6),
        Segment(0xFFFF_FFFF_FF60_0000, 4096, 4096, 6),
    ]


@pytest.mark.parametrize("size", [*range(0, 64, 9), 5, 6, 63])
def test_without_a_header_there_is_nothing(size: int) -> None:
    with pytest.raises(NotACore):
        read_head(Stream(CORE[:size]).recv)


@pytest.mark.parametrize("size", range(64, HEAD, 11))
def test_a_stream_that_ends_early_gives_what_came(size: int) -> None:
    head = read_head(Stream(CORE[:size], 13).recv)
    assert head.cut == "the core's stream ended early"
    assert head.raw == CORE[:size]
    assert len(head.segments) == max(min((size - 64) // 56 - 1, 3), 0)
    assert head.notes == CORE[NOTES_AT:size]


def test_a_stream_that_breaks_says_why() -> None:
    head = read_head(Stream(CORE[: HEAD - 5], error=ConnectionResetError(104, "Connection reset by peer")).recv)
    assert head.cut == "the core's stream broke: Connection reset by peer"
    assert head.notes == CORE[NOTES_AT : HEAD - 5]


def patched(at: int, form: str, value: int) -> bytes:
    return CORE[:at] + struct.pack(form, value) + CORE[at + struct.calcsize(form) :]


def test_more_segments_than_the_header_can_say() -> None:
    """The kernel writes the number into a section header behind all memory, which we never reach."""
    source = Stream(patched(56, "<H", 0xFFFF))
    head = read_head(source.recv)
    assert head._replace(raw=b"") == read_head(Stream(CORE).recv)._replace(raw=b"")
    assert source.at == HEAD


def test_a_real_number_of_many_segments() -> None:
    core = core_file((Thread(1, {}, 11),), [Memory(n << 13, size=4096) for n in range(70_000)])
    # The builder puts the section header before the notes, where there is room for one row more.
    assert len(read_head(Stream(core).recv).segments) == 70_000


@pytest.mark.parametrize(
    "core",
    [
        pytest.param(patched(16, "<H", 2), id="an executable"),
        pytest.param(patched(5, "<B", 2), id="big-endian"),
        pytest.param(patched(4, "<B", 3), id="no such class"),
        pytest.param(patched(54, "<H", 57), id="rows of another size"),
        pytest.param(patched(32, "<Q", 1 << 60), id="a table somewhere else"),
        pytest.param(patched(64 + 8, "<Q", 1 << 60), id="notes far away"),
        pytest.param(patched(56, "<H", 0xFFFF)[: 64 + 8] + struct.pack("<Q", 1 << 60) + CORE[64 + 16 :], id="2^54 segments"),
        pytest.param(patched(56, "<H", 0xFFFF)[: 64 + 8] + struct.pack("<Q", 0) + CORE[64 + 16 :], id="fewer than no segments"),
        pytest.param(b"#!/bin/sh\n" * 100, id="a script"),
    ],
)
def test_what_the_kernel_does_not_write_is_refused(core: bytes) -> None:
    with pytest.raises(NotACore):
        read_head(Stream(core).recv)


def test_notes_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_NOTES", 400)
    source = Stream(CORE)
    head = read_head(source.recv)
    assert source.at == NOTES_AT + 400
    assert head.notes == CORE[NOTES_AT : NOTES_AT + 400]
    assert head.cut == f"of {NOTES_SIZE} bytes of notes only 400 were read"


def test_a_stream_that_never_ends_is_left_alone() -> None:
    """Memory is bounded by what the headers say."""
    asked: list[int] = []

    def endless(size: int) -> bytes:
        asked.append(size)
        return (CORE + bytes(size))[sum(asked[:-1]) :][:size]

    assert read_head(endless).notes
    assert sum(asked) == HEAD


def test_a_core_of_a_32_bit_program_is_read_as_such() -> None:
    notes = b"n" * 20
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1" + bytes(9), 4, 3, 1, 0, 52, 0, 0, 52, 32, 2, 0, 0, 0)
    rows = struct.pack("<8I", 4, 116, 0, 0, 20, 0, 0, 4) + struct.pack("<8I", 1, 4096, 0x8000, 0, 64, 4096, 5, 4096)
    head = read_head(Stream(header + rows + notes + bytes(4096)).recv)
    assert (head.bits, head.machine, head.notes, head.segments) == (32, 3, notes, [Segment(0x8000, 4096, 64, 5)])


def test_notes_may_be_missing() -> None:
    assert read_head(Stream(patched(64, "<I", 0)).recv).notes == b""
