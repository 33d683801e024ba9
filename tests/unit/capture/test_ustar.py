import io
import tarfile

import pytest

from obit.capture.ustar import END, member, read

FILES = {"status": b"Name:\tx\n", "attr/current": b"unconfined\n", "empty": b"", "block": bytes(512), "task.json": b"{}" * 700}


def archive() -> bytes:
    return b"".join(member(name, data) for name, data in FILES.items()) + END


def test_tar_reads_what_was_written() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive())) as opened:
        found = {entry.name: opened.extractfile(entry) for entry in opened}
        assert {name: file.read() for name, file in found.items() if file} == FILES


def test_the_same_files_give_the_same_bytes_without_owner_or_time() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive())) as opened:
        assert {(entry.uid, entry.gid, entry.mtime, entry.mode) for entry in opened} == {(0, 0, 0, 0o600)}


def test_it_reads_its_own() -> None:
    assert read(archive()) == FILES
    assert read(archive(), frozenset(("status",)).__contains__) == {"status": FILES["status"]}


@pytest.mark.parametrize("cut", [0, 100, 511, 512, 513, 1500])
def test_a_damaged_archive_gives_what_comes_before_the_damage(cut: int) -> None:
    assert set(read(archive()[:cut])) <= set(FILES)


def test_a_size_that_lies_ends_the_reading() -> None:
    data = bytearray(archive())
    data[124:135] = b"77777777777"
    assert read(bytes(data)) == {}


@pytest.mark.parametrize("name", ["", "x" * 101, "naïve"])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"fit|ascii"):
        member(name, b"")
