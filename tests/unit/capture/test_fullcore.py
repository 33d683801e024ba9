"""Bounds, streams and compression of full cores."""

import os
from pathlib import Path

import pytest

from obit.capture import fullcore
from obit.capture.fullcore import Contents, bounded, compress, copy_stream
from obit.capture.procfs import PAGE, Mapping
from obit.capture.stream import read_head
from obit.image.compressed import open_file
from tests.builders.core import Memory, Thread, core_file

EVERYTHING = Contents([], -1)
CORE = core_file((Thread(1, {}, 11),), (Memory(0x10000, os.urandom(PAGE) + bytes(64 * PAGE) + os.urandom(PAGE)),))


class Stream:
    """A core that comes in pieces; an error at its end."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data = data
        self._step = step
        self._at = 0

    def recv(self, size: int) -> bytes:
        """As socket.recv."""
        if self._at >= len(self._data):
            raise ConnectionResetError(104, "Connection reset by peer")
        block = self._data[self._at :][: min(size, self._step)]
        self._at += len(block)
        return block


def test_the_small_come_first_and_the_last_is_cut() -> None:
    ranges = [(0x100000, 0x100000 + 64 * PAGE), (0x1000, 0x1000 + 2 * PAGE), (0x9000, 0x9000 + PAGE)]
    assert bounded(ranges, EVERYTHING, 1 << 40) == ([ranges[2], ranges[1], ranges[0]], 0)
    assert bounded(ranges, EVERYTHING, 10 * PAGE + 5) == ([ranges[2], ranges[1], (0x100000, 0x100000 + 7 * PAGE)], 57 * PAGE)
    assert bounded(ranges, EVERYTHING, 0) == ([(start, start) for start, _ in (ranges[2], ranges[1], ranges[0])], 67 * PAGE)


@pytest.mark.parametrize("step", [1000, 4096, 1 << 20])
def test_a_stream_becomes_a_sparse_file(tmp_path: Path, step: int) -> None:
    source = Stream(CORE, step)
    head = read_head(source.recv)
    with (tmp_path / "core").open("w+b") as file:
        assert copy_stream(head, source.recv, file.fileno()) == len(CORE)
    assert (tmp_path / "core").read_bytes() == CORE
    assert (tmp_path / "core").stat().st_blocks * 512 < len(CORE) / 4


def test_a_stream_is_cut_at_the_limit(tmp_path: Path) -> None:
    source = Stream(CORE, 4096)
    head = read_head(source.recv)
    with (tmp_path / "core").open("w+b") as file:
        size = copy_stream(head, source.recv, file.fileno(), 5 * PAGE)
    assert 5 * PAGE <= size <= 6 * PAGE
    assert (tmp_path / "core").read_bytes() == CORE[:size]


def sparse(path: Path, size: int, *data: tuple[int, bytes]) -> None:
    with path.open("w+b") as file:
        file.truncate(size)
        for at, block in data:
            file.seek(at)
            file.write(block)


@pytest.mark.parametrize(
    ("size", "data"),
    [
        (1, ((0, b"x"),)),
        (3 << 20, ()),
        (1 << 20, ((0, b"begin"), (8192, b"near"), ((1 << 20) - 3, b"end"))),
        (200 << 20, ((70 << 20, os.urandom(100_000)), (199 << 20, b"far"))),
        (66 << 20, ((0, b"a" * (66 << 20)),)),
    ],
)
def test_compressed_and_back(tmp_path: Path, size: int, data: tuple[tuple[int, bytes], ...]) -> None:
    sparse(tmp_path / "core", size, *data)
    with (tmp_path / "core").open("rb") as source, (tmp_path / "core.zst").open("w+b") as target:
        written = compress(source.fileno(), target.fileno())
    assert (tmp_path / "core.zst").stat().st_size == written
    opened = open_file(str(tmp_path / "core.zst"))
    assert opened.missing == ()
    assert opened.read(0, size + 1) == (tmp_path / "core").read_bytes()


def test_holes_cost_little(tmp_path: Path) -> None:
    sparse(tmp_path / "core", 1 << 40, (1 << 39, b"in the middle"))
    with (tmp_path / "core").open("rb") as source, (tmp_path / "core.zst").open("w+b") as target:
        assert compress(source.fileno(), target.fileno()) < 1 << 27


def test_private_memory_alone_has_holes() -> None:
    kinds = [("rw-p", None, True), ("rw-p", "[heap]", True), ("rw-p", "[stack]", True), ("rw-s", None, False), ("rw-p", "/lib/x.so", False)]
    for flags, path, expected in kinds:
        assert fullcore.is_private(Mapping(0, PAGE, flags, 0, path)) == expected
