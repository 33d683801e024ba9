"""Cores by what they are, not by their name: plain, compressed, cut off, damaged, too large."""

import gzip
import lzma
import os
import random
from collections.abc import Callable
from pathlib import Path

import lz4.frame  # type: ignore[import-untyped]  # lz4 ships no types
import pytest
import zstandard

from obit.errors import BadInput
from obit.image import sparsefile
from obit.image.compressed import open_file

CONTENT = random.Random(1).randbytes(300_000) + bytes(3 << 20) + b"the end"
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "zst": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
    "xz": lzma.compress,
    "gz": gzip.compress,
}


@pytest.fixture(params=COMPRESSORS)
def compress(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    return COMPRESSORS[request.param]


def write(folder: Path, data: bytes) -> str:
    path = folder / "core.misleading.zip"
    path.write_bytes(data)
    return str(path)


def test_plain(tmp_path: Path) -> None:
    opened = open_file(write(tmp_path, CONTENT))
    assert opened.read(0, len(CONTENT) + 1) == CONTENT
    assert opened.missing == ()


def test_compressed(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    seen: list[tuple[int, int]] = []
    data = compress(CONTENT)
    opened = open_file(write(tmp_path, data), progress=lambda done, total: seen.append((done, total)))
    assert opened.read.size == len(CONTENT)
    assert opened.read(0, len(CONTENT)) == CONTENT
    assert opened.missing == ()
    assert all(total == len(data) for _, total in seen)


def test_several_frames_are_one_file(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    parts = [CONTENT[:1000], CONTENT[1000:250_000], CONTENT[250_000:]]
    opened = open_file(write(tmp_path, b"".join(compress(part) for part in parts)))
    assert opened.read(0, len(CONTENT)) == CONTENT


def test_what_follows_the_last_frame_is_ignored(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    opened = open_file(write(tmp_path, compress(CONTENT) + bytes(100)))
    assert opened.read.size == len(CONTENT)
    assert opened.missing == ()


def test_cut_off_gives_what_came_out(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    opened = open_file(write(tmp_path, compress(CONTENT)[:200_000]))
    assert 50_000 < opened.read.size < len(CONTENT)
    assert opened.read(0, 50_000) == CONTENT[:50_000]
    assert "cut off" in opened.missing[0][1]
    assert f"{opened.read.size:,} bytes" in opened.missing[0][0]


def test_damaged_gives_what_came_out_or_a_sentence(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    data = bytearray(compress(CONTENT))
    data[150_000:150_100] = bytes(100)
    opened = open_file(write(tmp_path, bytes(data)))
    assert opened.read.size > 0
    with pytest.raises(BadInput, match="compressed and nothing comes out"):
        open_file(write(tmp_path, bytes(data[:6])))


def test_zeros_take_no_space_and_the_limit_holds(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    opened = open_file(write(tmp_path, compress(bytes(32 << 20))))
    assert opened.read.size == 32 << 20
    assert os.fstat(opened.read._fd).st_blocks == 0
    opened = open_file(write(tmp_path, compress(bytes(32 << 20))), limit=10_000_001)
    assert opened.read.size == 10_000_001
    assert "larger than 10,000,001" in opened.missing[0][1]


def test_a_full_disk_ends_it_with_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparsefile, "DISK_RESERVE", 1 << 62)
    opened = open_file(write(tmp_path, gzip.compress(random.Random(2).randbytes(3 << 20))))
    assert 1 << 20 <= opened.read.size < 3 << 20
    assert "TMPDIR" in opened.missing[0][1]


def test_without_any_temporary_folder_it_stays_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    monkeypatch.setattr(os, "O_TMPFILE", 0, raising=False)
    opened = open_file(write(tmp_path, gzip.compress(CONTENT)))
    assert opened.read(0, len(CONTENT)) == CONTENT


def test_what_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in ("nothing", "fifo", ".", "a\0b"):
        with pytest.raises(BadInput, match="give a core file"):
            open_file(str(tmp_path / path))
