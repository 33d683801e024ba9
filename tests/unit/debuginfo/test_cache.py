"""The cache of decompressed copies: their contents, who may be trusted, what it costs in space."""

import os
import struct
import threading
import zlib
from pathlib import Path

import pytest
import zstandard

from obit.debuginfo.cache import Cache, Entry, default_directory
from obit.debuginfo.elf import SHF_COMPRESSED, Elf
from tests.builders.elf import BUILD_ID, compressed

KEY = BUILD_ID.hex()
TEXT = b"debug information " * 5000


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def contents(path: str) -> dict[str, bytes]:
    elf = Elf(Path(path).read_bytes())
    assert not any(section.flags & SHF_COMPRESSED for section in elf.sections)
    return {section.name: elf.section_data(section) for section in elf.sections}


@pytest.mark.parametrize(("kind", "packed"), [(1, zlib.compress(TEXT)), (2, zstandard.compress(TEXT))])
def test_a_copy_has_the_same_sections_inflated(cache: Cache, tmp_path: Path, kind: int, packed: bytes) -> None:
    original = write(tmp_path / "original", compressed(packed, len(TEXT), kind))
    copy = cache.decompressed(original, KEY)
    assert copy == f"{cache.directory}/{KEY}.debug"
    found = contents(copy)
    assert found[".debug_info"] == TEXT
    assert found[".comment"] == b"kept as it is"
    assert Elf(Path(copy).read_bytes()).build_id == KEY


def test_the_copy_is_made_once(cache: Cache, tmp_path: Path) -> None:
    original = tmp_path / "original"
    copy = cache.decompressed(write(original, compressed(zlib.compress(TEXT), len(TEXT))), KEY)
    original.unlink()
    assert cache.decompressed(str(original), KEY) == copy


def test_what_is_not_compressed_stays_where_it_is(cache: Cache, tmp_path: Path) -> None:
    original = write(tmp_path / "original", compressed(TEXT, len(TEXT), 0))
    assert cache.decompressed(original, KEY) == original
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "data",
    [
        compressed(zlib.compress(TEXT), len(TEXT) + 1),
        compressed(zlib.compress(TEXT), len(TEXT) - 1),
        compressed(zlib.compress(TEXT)[:-20], len(TEXT)),
        compressed(b"not compressed at all", len(TEXT)),
        compressed(b"not compressed at all", len(TEXT), 2),
        compressed(zlib.compress(TEXT), len(TEXT), 7),
        compressed(zlib.compress(TEXT), 1 << 40),
        b"\x7fELF",
    ],
)
def test_damaged_files_are_used_as_they_are(cache: Cache, tmp_path: Path, data: bytes) -> None:
    original = write(tmp_path / "original", data)
    assert cache.decompressed(original, KEY) == original
    assert list(tmp_path.glob("cache/*")) == []
    assert list(tmp_path.glob("cache/.*")) == []


def test_a_bomb_is_not_inflated(cache: Cache, tmp_path: Path) -> None:
    size = 200 << 20
    original = write(tmp_path / "bomb", compressed(zlib.compress(bytes(size)), size))
    assert cache.decompressed(original, KEY) == original


@pytest.mark.parametrize("key", ["", "../escape", "ABCDEF", "a" * 200])
def test_a_build_id_that_is_no_hex_names_no_file(cache: Cache, tmp_path: Path, key: str) -> None:
    original = write(tmp_path / "original", compressed(zlib.compress(TEXT), len(TEXT)))
    assert cache.decompressed(original, key) == original


def test_a_directory_that_others_can_write_is_not_trusted(cache: Cache, tmp_path: Path) -> None:
    original = write(tmp_path / "original", compressed(zlib.compress(TEXT), len(TEXT)))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    assert cache.decompressed(original, KEY) == original


def test_a_link_in_place_of_the_directory_or_a_file_is_not_followed(cache: Cache, tmp_path: Path) -> None:
    original = write(tmp_path / "original", compressed(zlib.compress(TEXT), len(TEXT)))
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "cache").symlink_to(tmp_path / "elsewhere")
    assert cache.decompressed(original, KEY) == original
    (tmp_path / "cache").unlink()
    (tmp_path / "cache").mkdir(mode=0o755)
    (tmp_path / "cache" / f"{KEY}.debug").symlink_to(original)
    assert cache.find(f"{KEY}.debug") is None


def test_an_entry_that_is_not_committed_leaves_nothing(cache: Cache, tmp_path: Path) -> None:
    with Entry(cache, "half.debug") as entry:
        os.write(entry.descriptor, b"half")
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "cache"), limit=3 * 65536)
    for age, name in ((300, "oldest.debug"), (100, "newer.debug"), (20000, "used.debug")):
        with Entry(cache, name) as entry:
            os.write(entry.descriptor, b"x" * 65536)
            path = entry.commit()
        moment = os.stat(path).st_mtime - age
        os.utime(path, (moment, moment))
    assert cache.find("used.debug")
    with Entry(cache, "last.debug") as entry:
        os.write(entry.descriptor, b"x" * 65536)
        entry.commit()
    assert sorted(os.listdir(cache.directory)) == ["last.debug", "newer.debug", "used.debug"]


def test_what_dead_writers_left_is_cleared(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o755)
    for name, age in ((".old.1.aa", 7200), (".young.2.bb", 0)):
        path = write(tmp_path / "cache" / name, b"half")
        moment = os.stat(path).st_mtime - age
        os.utime(path, (moment, moment))
    with Entry(cache, "a.debug") as entry:
        os.write(entry.descriptor, b"x")
        entry.commit()
    assert sorted(os.listdir(cache.directory)) == [".young.2.bb", "a.debug"]


def test_many_writers_of_one_file(cache: Cache, tmp_path: Path) -> None:
    original = write(tmp_path / "original", compressed(zlib.compress(TEXT), len(TEXT)))
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(cache.decompressed(original, KEY))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {f"{cache.directory}/{KEY}.debug"}
    assert contents(results[0])[".debug_info"] == TEXT
    assert os.listdir(cache.directory) == [f"{KEY}.debug"]


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBIT_CACHE", "/some/where")
    assert default_directory() == "/some/where"
    monkeypatch.delenv("OBIT_CACHE")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_directory() == "/var/cache/obit"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/me/.c")
    assert default_directory() == "/home/me/.c/obit/debug"


def test_sections_that_overlap_a_million_times_cost_little(cache: Cache, tmp_path: Path) -> None:
    data = bytearray(compressed(zlib.compress(TEXT), len(TEXT)))
    start = len(data)
    header = struct.pack("<IIQQQQIIQQ", 0, 1, 2, 0, 0, start, 0, 0, 1, 0)
    old = struct.unpack_from("<Q", data, 40)[0]
    data += data[old : old + 64] + header * 50_000
    struct.pack_into("<Q", data, 40, start)
    struct.pack_into("<HH", data, 60, 50_001, 0)
    path = write(tmp_path / "hostile", bytes(data))
    assert cache.decompressed(path, KEY) == path
