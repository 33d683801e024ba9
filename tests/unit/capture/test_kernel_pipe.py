"""The handler's words, settings and pattern."""

import os
from pathlib import Path

import pytest

from obit.capture import kernel_pipe
from obit.capture.kernel_pipe import Crash, decode, encode, pattern

WORDS = ("4711", "4712", "11", "1700000000", "1", "3")


def fields(crash: Crash) -> tuple[int, ...]:
    return (crash.pid, crash.tid, crash.signal, crash.time, crash.dumpable, crash.pidfd)


def test_the_kernels_arguments() -> None:
    assert fields(Crash(WORDS)) == (4711, 4712, 11, 1700000000, 1, 3)


@pytest.mark.parametrize("words", [WORDS[:5], (*WORDS[:5], "")])
def test_older_kernels_give_no_pidfd(words: tuple[str, ...]) -> None:
    assert Crash(words).pidfd == -1


@pytest.mark.parametrize("words", [(), WORDS[:4], ("a", *WORDS[1:])])
def test_what_no_kernel_gives(words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"invalid literal|not enough values"):
        Crash(words)


def test_a_handover_arrives_as_it_was_sent() -> None:
    assert fields(decode(encode(Crash(WORDS)), 9)) == (4711, 4712, 11, 1700000000, 1, 9)


@pytest.mark.parametrize("message", [b"", b"1 2 3 4", b"1 2 3 4 x", b"\xff" * 300])
def test_hostile_messages(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"invalid literal|not enough values"):
        decode(message)


def test_the_pattern_fits_or_is_refused() -> None:
    text = pattern("/usr/bin/python3")
    assert text.startswith("|/usr/bin/python3 -I -S /")
    assert text.endswith("/run/obit/pipe %P %I %s %t %d %F")
    for python in ("/usr/bin/" + "p" * 90, "/opt/my python"):
        with pytest.raises(ValueError, match="127"):
            pattern(python)


def test_settings_that_are_not_there(tmp_path: Path) -> None:
    assert kernel_pipe.read_config(str(tmp_path / "nothing")) == {}
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert kernel_pipe.read_config(str(tmp_path / "link")) == {}


def test_an_agent_that_is_not_there(tmp_path: Path) -> None:
    read, write = os.pipe()
    assert not kernel_pipe.hand_over(str(tmp_path / "socket"), Crash(WORDS[:5]), read)
    os.close(read)
    os.close(write)
