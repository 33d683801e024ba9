"""What the system's log is told of a fault."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from obit.agent import journal
from obit.agent.journal import encode, entry_failed, entry_of, entry_suppressed, say
from obit.snapshot.model import Signal
from tests.builders import faults

PROCESS = {"pid": 4711, "uid": 1000, "gid": 100, "exe": "/usr/bin/shop-cart", "cmdline": ["shop-cart", "-x"], "cgroup": "/shop.service"}
FAULT = faults.fault((), process=PROCESS, signal=Signal(number=11, name="SIGSEGV"), captured_at="2026-11-20T08:00:00.5Z")


class Log:
    """A datagram socket that a log listens at."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)

    def read(self) -> bytes:
        return self.socket.recv(65536)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = Log(tmp_path / "socket")
    yield opened
    opened.socket.close()


def fields(datagram: bytes) -> dict[str, bytes]:
    """The datagram as journald reads it."""
    found = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + size], rest[9 + size :]
        found[name.decode()] = value
        datagram = rest
    return found


def test_journald_gets_the_fields(log: Log) -> None:
    say(entry_of(FAULT, "/var/lib/obit/done/x/core.zst"), log.path, "/nowhere")
    sent = fields(log.read())
    assert sent["MESSAGE"].startswith(b"shop-cart (pid 4711): ")
    assert sent["MESSAGE"].endswith(b"; obit show " + FAULT.id[:12].encode())
    assert sent["OBIT_ID"] == FAULT.id.encode()
    wanted = {
        "PRIORITY": b"2",
        "SYSLOG_IDENTIFIER": b"obit",
        "COREDUMP_PID": b"4711",
        "COREDUMP_UID": b"1000",
        "COREDUMP_GID": b"100",
        "COREDUMP_EXE": b"/usr/bin/shop-cart",
        "COREDUMP_CMDLINE": b"shop-cart -x",
        "COREDUMP_CGROUP": b"/shop.service",
        "COREDUMP_SIGNAL": b"11",
        "COREDUMP_SIGNAL_NAME": b"SIGSEGV",
        "COREDUMP_TIMESTAMP": b"1795161600500000",
        "COREDUMP_FILENAME": b"/var/lib/obit/done/x/core.zst",
        "MESSAGE_ID": journal.COREDUMP_MESSAGE_ID.encode(),
    }
    assert {name: sent.get(name) for name in wanted} == wanted


def test_a_value_with_line_breaks_forges_no_field(log: Log) -> None:
    meta = {"pid": 7, "exe": "/tmp/a\nPRIORITY=0\nEVIL=1", "comm": "\x1b[2J\udcff"}
    say(entry_failed(meta, "ab" * 16, "killed three times"), log.path, "/nowhere")
    sent = fields(log.read())
    assert "EVIL" not in sent
    assert sent["PRIORITY"] == b"2"
    assert sent["COREDUMP_EXE"] == meta["exe"].encode()  # type: ignore[attr-defined]
    assert sent["COREDUMP_COMM"] == b"\x1b[2J\xff"
    assert b"\n" not in sent["MESSAGE"]


def test_a_long_value_still_fits(log: Log) -> None:
    say(entry_failed({"cmdline": ["x" * 1000] * 1000}, "ab" * 16, "y" * 100_000), log.path, "/nowhere")
    assert len(log.read()) < 16_384


def test_without_journald_syslog_gets_a_line(log: Log) -> None:
    say(entry_failed({"pid": 7, "exe": "/bin/a\tb"}, "ab" * 16, "it hung"), "/nowhere", log.path)
    line = log.read().decode()
    assert line.startswith("<26>")
    assert line.endswith(r"a\tb (pid 7) crashed and could not be analysed: it hung; obit debug abababababab")
    assert " obit[" in line


def test_without_either_standard_error_gets_it(capsys: pytest.CaptureFixture[str]) -> None:
    say(entry_suppressed(3, "disk-reserve"), "/nowhere", "/nowhere")
    assert capsys.readouterr().err == "obit: 3 crashes were counted and not stored (disk-reserve): see [limits] in `obit config`\n"
    say(entry_suppressed(1, "disk-reserve"), "/nowhere", "/nowhere")
    assert capsys.readouterr().err.startswith("obit: 1 crash was counted")


def test_a_log_that_is_full_blocks_nobody(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    entry = entry_suppressed(1, "x" * 1000)
    for _ in range(2000):
        say(entry, log.path, "/nowhere")
    assert capsys.readouterr().err


def test_what_is_not_known_is_left_out() -> None:
    sent = fields(encode(entry_failed({"captured_at": "yesterday"}, "ab" * 16, "r")))
    assert not {"COREDUMP_PID", "COREDUMP_TIMESTAMP", "COREDUMP_SIGNAL"} & set(sent)
