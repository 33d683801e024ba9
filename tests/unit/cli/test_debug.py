"""The words that start a debugger."""

from pathlib import Path

import pytest
import zstandard

from obit.cli.debug import command, readable_core
from obit.cli.explain import Places
from obit.errors import BadInput, UsageError


@pytest.mark.parametrize(
    ("debugger", "exe", "words"),
    [
        ("gdb", "/bin/x", ["gdb", "/bin/x", "-c", "core"]),
        ("gdb", None, ["gdb", "-c", "core"]),
        ("lldb", "/bin/x", ["lldb", "/bin/x", "-c", "core"]),
        ("drgn", "/bin/x", ["drgn", "-c", "core", "-s", "/bin/x"]),
    ],
)
def test_each_debugger_gets_core_and_executable(debugger: str, exe: str | None, words: list[str]) -> None:
    assert command(debugger, exe, "core", Places()) == words


def test_gdb_is_told_where_files_are() -> None:
    words = command("gdb", None, "core", Places(sysroot="/mnt", debug_directories=("/a",)))
    assert words == ["gdb", "-iex", "set sysroot /mnt", "-iex", "set debug-file-directory /a:/usr/lib/debug", "-c", "core"]


def test_another_debugger_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="gdb, lldb or drgn"):
        command("adb", None, "core", Places())


def test_a_compressed_core_is_unpacked(tmp_path: Path) -> None:
    core = tmp_path / "core.zst"
    core.write_bytes(zstandard.compress(b"\x7fELF" * 1000))
    assert Path(readable_core(str(core))).read_bytes() == b"\x7fELF" * 1000
    assert readable_core("/x/core") == "/x/core"


def test_a_damaged_core_is_one_sentence(tmp_path: Path) -> None:
    core = tmp_path / "core.zst"
    core.write_bytes(zstandard.ZstdCompressor().compress(b"\x7fELF" * 1000)[:8] + b"junk")
    with pytest.raises(BadInput, match="is damaged"):
        readable_core(str(core))
