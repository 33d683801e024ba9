"""What the agent counts, as Prometheus text: in a file that is replaced whole, or at a local socket.

    metrics = Metrics()                         made by the supervisor before it forks; its processes share it
    metrics.add("caught", "kernel-socket")      one more; `add(name, label, number)`; the names are those of COUNTERS
    metrics.observe(0.0031)                     a capture, from accept to close, in seconds
    text = metrics.render(totals, suppressed)   with the archive's {state: Total} and its `suppressed`
    write_file("/var/lib/node_exporter/obit.prom", text)            for node_exporter's textfile collector
    answer(connection, text)                    one scrape of `curl --unix-socket /run/obit/metrics http://obit/metrics`

The numbers are in anonymous shared memory: they survive the death of every process but the supervisor, which starts at nothing as
Prometheus expects of a restart. A number has one writer at a time: the receiver counts what is caught, folded and suppressed, the
committer what is stored and analysed, the supervisor its processes and what it gave up. A process that parses hostile bytes calls
`close`. Format: Prometheus, "Text-based format" (exposition formats, version 0.0.4). Standard library only.
"""

import os
import socket
from bisect import bisect_left
from mmap import mmap
from struct import Struct
from typing import TYPE_CHECKING

from obit.agent.admission import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obit.archive.reader import Total

COUNTERS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "caught": ("obit_faults_caught_total", "Crashes that came in.", "source", ("kernel-socket", "kernel-pipe", "sdk", "import")),
    "stored": ("obit_faults_stored_total", "Faults put into the archive.", "", ("",)),
    "folded": ("obit_faults_folded_total", "Crashes counted with a fault that is stored.", "reason", REASONS),
    "suppressed": ("obit_faults_suppressed_total", "Crashes counted and not stored.", "reason", REASONS),
    "bytes": ("obit_captured_bytes_total", "Bytes of cores and assets put into the archive.", "", ("",)),
    "analysed": ("obit_analyses_total", "Finished analyses.", "result", ("done", "failed")),
    "replaced": (
        "obit_processes_replaced_total",
        "Processes of the agent that died or hung.",
        "role",
        ("receiver", "selector", "committer", "broker", "analyser"),
    ),
    "uploads": ("obit_uploads_total", "Attempts to send a fault.", "result", ("delivered", "retried", "refused")),
}
"""By short name: the name, the help text, the label and its values."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the histogram of capture times."""

_NUMBER = Struct("d")
_SLOTS = {(name, value): index for index, (name, value) in enumerate((n, v) for n, row in COUNTERS.items() for v in row[3])}
_HISTOGRAM = len(_SLOTS)
_SUM = _HISTOGRAM + len(SECONDS) + 1
_MOST_REQUEST = 8192


class Metrics:
    """See above."""

    def __init__(self) -> None:
        self._numbers = mmap(-1, (_SUM + 1) * _NUMBER.size)

    def add(self, name: str, label: str = "", number: float = 1) -> None:
        """Count; a label that is not in the table is not counted."""
        slot = _SLOTS.get((name, label))
        if slot is not None:
            self._add(slot, number)

    def observe(self, seconds: float) -> None:
        """A capture took so long."""
        self._add(_HISTOGRAM + bisect_left(SECONDS, seconds), 1)
        self._add(_SUM, seconds)

    def value(self, name: str, label: str = "") -> float:
        """A counter."""
        return self._at(_SLOTS[name, label])

    def render(self, totals: "Mapping[str, Total] | None" = None, suppressed: int | None = None) -> str:
        """The text of a scrape."""
        lines: list[str] = []
        for name, (full, text, label, values) in COUNTERS.items():
            lines += _head(full, text, "counter")
            lines += [f"{full}{_labels(label, value)} {_text(self.value(name, value))}" for value in values]
        lines += self._histogram()
        if totals is not None:
            lines += _head("obit_archive_faults", "Faults in the archive.", "gauge")
            lines += [f'obit_archive_faults{{state="{state}"}} {total.count}' for state, total in totals.items()]
            lines += _head("obit_archive_bytes", "Allocated bytes of the archive.", "gauge")
            lines += [f'obit_archive_bytes{{state="{state}"}} {total.bytes}' for state, total in totals.items()]
        if suppressed is not None:
            lines += _head("obit_archive_suppressed", "Faults ever caught by this archive that left none of their own.", "gauge")
            lines.append(f"obit_archive_suppressed {suppressed}")
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        """Let go of the memory, in this process."""
        self._numbers.close()

    def _histogram(self) -> list[str]:
        name = "obit_capture_seconds"
        lines = _head(name, "Time from a crash's arrival to its release.", "histogram")
        below = 0.0
        for index, bound in enumerate((*map(str, SECONDS), "+Inf")):
            below += self._at(_HISTOGRAM + index)
            lines.append(f'{name}_bucket{{le="{bound}"}} {_text(below)}')
        return [*lines, f"{name}_sum {_text(self._at(_SUM))}", f"{name}_count {_text(below)}"]

    def _at(self, slot: int) -> float:
        (number,) = _NUMBER.unpack_from(self._numbers, slot * _NUMBER.size)
        return float(number)

    def _add(self, slot: int, number: float) -> None:
        _NUMBER.pack_into(self._numbers, slot * _NUMBER.size, self._at(slot) + number)


def write_file(path: str, text: str) -> bool:
    """Put the text in place whole, readable by everyone; whether that could be done."""
    hidden = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.getpid()}")
    try:
        fd = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with open(fd, "w") as file:
            file.write(text)
        os.rename(hidden, path)
    except OSError:
        return False
    return True


def answer(connection: socket.socket, text: str, seconds: float = 1.0) -> None:
    """Answer one HTTP request, whatever it asks for, and be done with the connection. Never raises; takes `seconds` at most twice."""
    body = text.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    try:
        with connection:
            connection.settimeout(seconds)
            request = b""
            while b"\r\n\r\n" not in request and len(request) < _MOST_REQUEST and (more := connection.recv(_MOST_REQUEST)):
                request += more
            connection.sendall(head.encode() + body)
    except OSError:
        pass  # who asks and does not listen gets nothing


def _head(name: str, text: str, kind: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _labels(label: str, value: str) -> str:
    return f'{{{label}="{value}"}}' if label else ""


def _text(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)
