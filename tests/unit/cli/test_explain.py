"""From what the user names to the fault document."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from obit.cli.explain import Places, explain_file, read_start, source_word
from obit.cli.sourcefiles import SourceFiles
from obit.errors import BadInput
from obit.snapshot.encode import encode_json, encode_snapshot
from obit.snapshot.model import Fault
from tests.builders import faults


@pytest.mark.parametrize("write", [encode_json, encode_snapshot])
def test_documents_are_read_whatever_their_name(tmp_path: Path, write: Callable[[Fault], bytes]) -> None:
    file = tmp_path / "core"
    file.write_bytes(write(faults.null_read()))
    assert explain_file(str(file), Places()) == faults.null_read()


def test_a_large_snapshot_is_read_whole(tmp_path: Path) -> None:
    fault = faults.many_threads()
    file = tmp_path / "snapshot"
    file.write_bytes(encode_json(fault))
    assert explain_file(str(file), Places()) == fault


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "nothing|not an ELF|empty"),
        (b"this is no core\n", "ELF"),
        (b'{"schema": 4}', "schema 4"),
        (b"{", "no fault document"),
        (zstandard.compress(b"hello"), "ELF"),
        (b"\x28\xb5\x2f\xfdgarbage", "give an intact file"),
        (b"\x7fELF", "ELF"),
    ],
)
def test_anything_else_is_bad_input(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=says):
        explain_file(str(file), Places())


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (str(fifo), str(tmp_path), "/dev/zero", str(tmp_path / "nothing"), "a\0b"):
        with pytest.raises(BadInput):
            read_start(path, 10)


def test_sources_come_from_regular_files_of_absolute_names_only(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_bytes(b"int a;\nint \xff;\n")
    (tmp_path / "link.c").symlink_to(source)
    os.mkfifo(tmp_path / "fifo.c")
    files = SourceFiles(None)
    assert files.lines(str(source)) == ["int a;", "int \ufffd;"]
    for path in (
        f"{tmp_path}/link.c",
        f"{tmp_path}/fifo.c",
        "a.c",
        "/proc/self/environ",
        "/usr/../proc/self/environ",
        "/a\0b",
        str(tmp_path),
    ):
        assert files.lines(path) is None


def test_sources_below_the_sysroot_go_first(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.c").write_text("there\n")
    assert SourceFiles(str(tmp_path)).lines("/src/a.c") == ["there"]


def test_a_core_of_another_maker_was_imported() -> None:
    assert source_word("ptrace") == "ptrace"
    assert source_word(None) == "import"
    assert source_word("moon") == "import"
