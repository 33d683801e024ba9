r"""One line a fault in the system's log: to journald with fields, else to syslog, else on standard error.

    say(entry_of(fault, core="/var/lib/obit/done/ID/core.zst"))        of an analysed fault
    say(entry_failed(meta, fault_id, reason))                          of one that could not be analysed; `meta` is meta.json
    say(entry_suppressed(number, reason))                              a summary of those that left nothing

`say` never blocks and never raises: a log that is full or gone loses a line, not a fault. The fields COREDUMP_* and the MESSAGE_ID are
those of systemd-coredump (systemd, docs/JOURNAL_MESSAGES and systemd-coredump(8)), so `coredumpctl list` shows Obit's faults too, with
OBIT_ID beside them: `journalctl OBIT_ID=…`, `journalctl -t obit`. Protocols: systemd's "Native Journal Protocol" (a datagram of
`NAME=value\n`, or `NAME\n`, the length as 64 bits little-endian and the value when it has line breaks); RFC 3164 for /dev/log.
Standard library only.
"""

import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from obit.snapshot.model import Fault

JOURNAL = "/run/systemd/journal/socket"
SYSLOG = "/dev/log"
COREDUMP_MESSAGE_ID = "fc2e22bc6ee647b6b90729ab34a250b1"
CRITICAL, WARNING = 2, 4
"""Priorities of syslog(3)."""
_DAEMON = 3
_MOST_TEXT = 2048
"""Bytes of a field: a datagram has to fit into the socket's buffer."""

Entry = dict[str, str]
"""Fields of a journal entry; MESSAGE and PRIORITY are there always."""


def entry_of(fault: "Fault", core: str | None = None) -> Entry:
    """The line of an analysed fault; `core` is the path of what is kept of its memory."""
    from obit.snapshot.names import title

    process, signal = fault.process, fault.signal
    facts = {"signal": {"number": signal.number, "name": signal.name} if signal else None, **process, "captured_at": fault.captured_at}
    name = os.path.basename(str(process.get("exe") or process.get("comm") or "a process"))
    entry = _coredump(facts, CRITICAL, f"{name} (pid {process.get('pid', '?')}): {title(fault)}; obit show {fault.id[:12]}")
    entry |= {"OBIT_ID": fault.id, "OBIT_FINGERPRINT": fault.fingerprint, "OBIT_CLASSIFIER": fault.classifiers[0]}
    return entry | ({"COREDUMP_FILENAME": core} if core else {})


def entry_failed(meta: Mapping[str, Any], fault_id: str, reason: str) -> Entry:
    """The line of a fault that could not be analysed."""
    name = os.path.basename(str(meta.get("exe") or meta.get("comm") or "a process"))
    text = f"{name} (pid {meta.get('pid', '?')}) crashed and could not be analysed: {reason}; obit debug {fault_id[:12]}"
    return _coredump(meta, CRITICAL, text) | {"OBIT_ID": fault_id, "OBIT_REASON": reason}


def entry_suppressed(number: int, reason: str) -> Entry:
    """The line about faults that were counted and not stored."""
    text = f"{number} {'crash was' if number == 1 else 'crashes were'} counted and not stored ({reason}): see [limits] in `obit config`"
    return {"MESSAGE": text, "PRIORITY": str(WARNING), "SYSLOG_IDENTIFIER": "obit", "OBIT_REASON": reason}


def say(entry: Entry, journal: str = JOURNAL, syslog: str = SYSLOG) -> None:
    """Log it, where that can be done at once."""
    if not (_send(journal, encode(entry)) or _send(syslog, _line(entry))):
        try:
            sys.stderr.write(f"obit: {_printable(entry['MESSAGE'])}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            pass  # nobody is left to tell


def encode(entry: Entry) -> bytes:
    """The datagram of the native protocol."""
    return b"".join(_field(name, value.encode(errors="surrogateescape")[:_MOST_TEXT]) for name, value in entry.items())


def _field(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return b"%s\n%s%s\n" % (name.encode(), len(value).to_bytes(8, "little"), value)
    return b"%s=%s\n" % (name.encode(), value)


def _line(entry: Entry) -> bytes:
    priority = _DAEMON << 3 | int(entry["PRIORITY"])
    text = f"<{priority}>{time.strftime('%b %e %H:%M:%S')} obit[{os.getpid()}]: {_printable(entry['MESSAGE'])}"
    return text.encode(errors="replace")[:_MOST_TEXT]


def _send(path: str, data: bytes) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as log:
            log.connect(path)
            log.send(data, socket.MSG_NOSIGNAL)
    except (OSError, ValueError):
        return False
    return True


def _coredump(facts: Mapping[str, Any], priority: int, message: str) -> Entry:
    entry = {
        "MESSAGE": _printable(message),
        "PRIORITY": str(priority),
        "SYSLOG_IDENTIFIER": "obit",
        "MESSAGE_ID": COREDUMP_MESSAGE_ID,
    }
    for name in ("pid", "tid", "uid", "gid", "exe", "comm", "cwd", "root", "cgroup"):
        if facts.get(name) is not None:
            entry[f"COREDUMP_{name.upper()}"] = str(facts[name])
    signal, cmdline = facts.get("signal"), facts.get("cmdline")
    if isinstance(signal, Mapping) and "number" in signal:
        entry |= {"COREDUMP_SIGNAL": str(signal["number"]), "COREDUMP_SIGNAL_NAME": str(signal.get("name", ""))}
    if isinstance(cmdline, list | tuple) and cmdline:
        entry["COREDUMP_CMDLINE"] = " ".join(map(str, cmdline))
    moment = _microseconds(facts.get("captured_at"))
    return entry | {"COREDUMP_HOSTNAME": os.uname().nodename} | ({"COREDUMP_TIMESTAMP": moment} if moment else {})


def _microseconds(captured_at: object) -> str | None:
    from datetime import datetime

    try:
        return str(int(datetime.fromisoformat(str(captured_at)).timestamp() * 1_000_000))
    except ValueError:
        return None


def _printable(text: str) -> str:
    """One line: names in it are the program's to choose."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
