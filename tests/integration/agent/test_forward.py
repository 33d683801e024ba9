import os
import select
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from obit.agent import forward
from obit.agent.forward import Crash, Values
from obit.capture.procfs import parse_stat
from obit.errors import UsageError

CORE = os.urandom(3 << 20)
HEAD = 5000
"""Bytes that Obit has read of the stream."""


@pytest.fixture
def victim() -> Iterator[int]:
    with subprocess.Popen(["sleep", "60"], process_group=0) as process:
        yield process.pid
        process.kill()


def start_time(pid: int) -> int:
    return parse_stat(Path(f"/proc/{pid}/stat").read_bytes()).start_time


def crash(pid: int) -> Crash:
    return Crash(pid, pid, 11, 1700000000, 1, start_time(pid))


def values_of(pid: int) -> Values:
    proc = os.open(f"/proc/{pid}", os.O_DIRECTORY)
    try:
        return forward.values_of(proc, crash(pid))
    finally:
        os.close(proc)


def handler(tmp_path: Path, text: str) -> str:
    script = tmp_path / "handler"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o700)
    return str(script)


def kernel(data: bytes, *, by_socket: bool) -> int:
    """The reading end of a stream like the kernel's: somebody writes `data` and closes."""
    if by_socket:
        theirs, ours = socket.socketpair()
        write, read = theirs.detach(), ours.detach()
    else:
        read, write = os.pipe()

    def send() -> None:
        try:
            with open(write, "wb") as file:
                file.write(data)
        except OSError:
            pass  # the reader has had enough

    threading.Thread(target=send).start()
    return read


def has_ended(pid: int) -> bool:
    """Whether a process ends within some seconds, if it has not."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], 10)[0])
    finally:
        os.close(pidfd)


def feed(command: str, values: Values, stream: int, head: bytes = b"", seconds: float = 30) -> str | None:
    words = forward.parse(command)
    assert words
    try:
        return forward.feed(words, values, stream, head, seconds=seconds)
    finally:
        os.close(stream)


@pytest.mark.parametrize("by_socket", [False, True])
def test_the_command_gets_the_core_from_its_first_byte(tmp_path: Path, victim: int, by_socket: bool) -> None:
    program = handler(tmp_path, f"cat > {tmp_path}/core; echo $* > {tmp_path}/words")
    stream = kernel(CORE[HEAD:], by_socket=by_socket)
    assert feed(f"|{program} %P %s %d x%%y %q", values_of(victim), stream, CORE[:HEAD]) is None
    assert (tmp_path / "core").read_bytes() == CORE
    assert (tmp_path / "words").read_text().split() == [str(victim), "11", "1", "x%y"]


def test_a_process_of_its_own_does_the_same(tmp_path: Path, victim: int) -> None:
    program = handler(tmp_path, f"cat > {tmp_path}/core")
    stream = kernel(CORE[HEAD:], by_socket=True)
    child = forward.detached((program,), values_of(victim), stream, CORE[:HEAD])
    os.close(stream)
    assert os.waitpid(child, 0)[1] == 0
    assert (tmp_path / "core").read_bytes() == CORE


def test_one_that_reads_only_the_beginning_is_no_failure(tmp_path: Path, victim: int) -> None:
    program = handler(tmp_path, f"head -c 100 > {tmp_path}/core")
    assert feed(program, values_of(victim), kernel(CORE, by_socket=False)) is None
    assert (tmp_path / "core").read_bytes() == CORE[:100]


def test_its_failure_is_told(tmp_path: Path, victim: int) -> None:
    program = handler(tmp_path, "exit 3")
    assert feed(program, values_of(victim), kernel(b"", by_socket=False)) == f"{program} ended with 3"


@pytest.mark.parametrize("text", ["", "cat >/dev/null;"])
def test_one_that_hangs_is_killed_with_its_children(tmp_path: Path, victim: int, text: str) -> None:
    program = handler(tmp_path, f"{text} sleep 600 & echo $! > {tmp_path}/child; wait")
    began = time.monotonic()
    trouble = feed(program, values_of(victim), kernel(CORE, by_socket=False), seconds=2)
    assert trouble == f"{program} took too long and was killed"
    assert time.monotonic() - began < 30
    assert has_ended(int((tmp_path / "child").read_text()))


def test_it_has_nothing_of_ours_but_the_pidfd(tmp_path: Path, victim: int) -> None:
    out = tmp_path / "seen"
    program = handler(tmp_path, f"cat >/dev/null; {{ env; ls -l /proc/$$/fd; ulimit -c; pwd; grep Pid: /proc/$$/fdinfo/3; }} > {out}")
    os.environ["LD_PRELOAD_EVIL"] = "x"
    pidfd = os.pidfd_open(victim)
    leaked = os.dup(pidfd)
    os.set_inheritable(leaked, True)
    stream = kernel(b"core", by_socket=False)
    try:
        assert forward.feed((program,), values_of(victim), stream, pidfd=pidfd) is None
    finally:
        del os.environ["LD_PRELOAD_EVIL"]
        for fd in (pidfd, leaked, stream):
            os.close(fd)
    seen = out.read_text()
    assert "EVIL" not in seen
    assert f"Pid:\t{victim}" in seen
    assert seen.count("anon_inode:[pidfd]") == 1


def test_values_are_those_of_core_5(victim: int) -> None:
    found = values_of(victim).by_letter
    expected = {"P": str(victim), "p": str(victim), "e": "sleep", "f": "sleep", "u": str(os.getuid()), "s": "11", "t": "1700000000"}
    assert expected.items() <= found.items()
    assert found["E"] == os.path.realpath("/bin/sleep").replace("/", "!")
    assert found["h"] == os.uname().nodename


def test_a_process_whose_number_was_given_away_is_not_forwarded(victim: int) -> None:
    proc = os.open(f"/proc/{victim}", os.O_DIRECTORY)
    values = values_of(victim)
    assert forward.objection(proc, values) is None
    assert forward.objection(proc, values._replace(start_time=values.start_time - 1)) == "its number belongs to another process now"
    os.close(proc)


def test_a_process_that_has_gone_is_not_forwarded() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        values, proc = values_of(process.pid), os.open(f"/proc/{process.pid}", os.O_DIRECTORY)
        process.kill()
    assert forward.objection(proc, values) == "the process has gone"
    os.close(proc)


def test_a_crashed_handler_is_not_forwarded() -> None:
    with subprocess.Popen(["prlimit", "--core=1", "sleep", "60"]) as process:
        while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
            os.sched_yield()
        values, proc = values_of(process.pid), os.open(f"/proc/{process.pid}", os.O_DIRECTORY)
        assert forward.objection(proc, values) == "it was itself the handler of a crash"
        process.kill()
    os.close(proc)


def test_a_program_that_others_can_change_is_not_run(tmp_path: Path, victim: int) -> None:
    program = handler(tmp_path, f"touch {tmp_path}/ran")
    (tmp_path / "handler").chmod(0o777)
    assert "can be changed by others" in (feed(program, values_of(victim), kernel(b"", by_socket=False)) or "")
    (tmp_path / "handler").chmod(0o700)
    tmp_path.chmod(0o777)
    assert "can be changed by others" in (feed(program, values_of(victim), kernel(b"", by_socket=False)) or "")
    assert not (tmp_path / "ran").exists()


def test_a_program_that_is_not_there_is_told(victim: int) -> None:
    assert "No such file" in (feed("/nonexistent/handler", values_of(victim), kernel(b"", by_socket=False)) or "")


@pytest.mark.parametrize(
    ("setting", "previous", "expected"),
    [
        ("", "|/x %P", None),
        ("previous", "|/x %P", ("/x", "%P")),
        ("previous", "core", None),
        ("previous", "@@/run/x.socket", None),
        ("|/usr/share/apport/apport -p%p", "", ("/usr/share/apport/apport", "-p%p")),
    ],
)
def test_the_setting(setting: str, previous: str, expected: tuple[str, ...] | None) -> None:
    assert forward.parse(setting, previous) == expected


def test_a_relative_command_is_refused() -> None:
    with pytest.raises(UsageError):
        forward.parse("cat > core")


@pytest.mark.parametrize(
    ("word", "expected"), [("%P", "7"), ("a%%P", "a%P"), ("%", ""), ("x%%", "x%"), ("%z-", "-"), ("%e", "a b%P"), ("%P%P", "77")]
)
def test_expansion_is_the_kernels_and_a_value_is_never_expanded_again_or_split(word: str, expected: str) -> None:
    assert forward.expand(word, Values({"P": "7", "e": "a b%P"}, 0)) == expected
