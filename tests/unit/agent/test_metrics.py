"""The agent's numbers as Prometheus reads them."""

import os
import re
import socket
from pathlib import Path

import pytest

from obit.agent.admission import DUPLICATE, REASONS
from obit.agent.metrics import Metrics, answer, write_file
from obit.archive.reader import Total

SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z]+)="([^"]*)"\})? (\S+)')


def samples(text: str) -> dict[tuple[str, str], float]:
    """(name, label's value) → number; every line must be a sample or a comment about the one that follows."""
    found, described = {}, set()
    for line in text.splitlines():
        if line.startswith("# "):
            described.add(line.split()[2])
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert match[1] in described or match[1].rpartition("_")[0] in described
        assert (match[1], match[3] or "") not in found
        found[match[1], match[3] or ""] = float(match[4])
    return found


def test_what_is_counted_is_shown() -> None:
    metrics = Metrics()
    metrics.add("caught", "kernel-socket")
    metrics.add("caught", "kernel-socket")
    metrics.add("folded", DUPLICATE)
    metrics.add("bytes", number=606_000)
    metrics.add("suppressed", "nobody's reason")
    found = samples(metrics.render({"done": Total(3, 4096)}, 7))
    assert found["obit_faults_caught_total", "kernel-socket"] == 2
    assert found["obit_faults_folded_total", DUPLICATE] == 1
    assert found["obit_captured_bytes_total", ""] == 606_000
    assert {found["obit_faults_suppressed_total", reason] for reason in REASONS} == {0}
    assert (found["obit_archive_faults", "done"], found["obit_archive_bytes", "done"]) == (3, 4096)
    assert found["obit_archive_suppressed", ""] == 7


def test_the_histogram_is_cumulative() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.003, 0.005, 60):
        metrics.observe(seconds)
    found = samples(metrics.render())
    bounds = {bound: found["obit_capture_seconds_bucket", bound] for bound in ("0.001", "0.0025", "0.005", "5.0", "+Inf")}
    assert bounds == {"0.001": 1, "0.0025": 1, "0.005": 3, "5.0": 3, "+Inf": 4}
    assert found["obit_capture_seconds_count", ""] == 4
    assert found["obit_capture_seconds_sum", ""] == pytest.approx(60.0085)


def test_a_number_outlives_the_process_that_counted() -> None:
    metrics = Metrics()
    child = os.fork()
    if child == 0:
        metrics.add("stored")
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert metrics.value("stored") == 1


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "obit.prom"
    assert write_file(str(path), "a 1\n")
    before = path.stat().st_ino
    with path.open() as reader:
        assert write_file(str(path), "a 2\n")
        assert reader.read() == "a 1\n"
    assert (path.read_text(), path.stat().st_ino != before) == ("a 2\n", True)
    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == ["obit.prom"]
    assert not write_file(str(tmp_path / "nowhere" / "x"), "a 1\n")


def test_a_scrape_is_answered() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"GET /metrics HTTP/1.1\r\nHost: obit\r\n\r\n")
    answer(ours, "a 1\n")
    head, _, body = theirs.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 4" in head
    assert body == b"a 1\n"
    assert theirs.recv(1) == b""
    theirs.close()


@pytest.mark.parametrize("request_", [b"", b"GET / HTT", b"x" * 100_000])
def test_who_asks_badly_holds_nobody_up(request_: bytes) -> None:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    try:
        theirs.send(request_)
    except BlockingIOError:
        pass
    answer(ours, "a 1\n", 0.05)
    assert ours.fileno() == -1
    theirs.close()
