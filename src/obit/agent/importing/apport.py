"""Apport's .crash files: `Key: value`, longer values on lines that begin with a blank, the core compressed and in base64, line by line.

Source: Apport's data format (doc/data-format.tex of the project), RFC 822. Anybody may write into /var/crash.
"""

import os
import time
from binascii import Error, a2b_base64
from collections.abc import Iterator
from typing import Any, BinaryIO

from obit.agent.importing.dump import known, number, rfc3339, signal
from obit.capture.procfs import parse_status
from obit.image.compressed import EndsEarly

LINE_LIMIT = 16 << 20
"""Bytes; apport puts 1 MiB of compressed core on a line of 1.4 MB."""
FIELD_LIMIT = 1 << 20
FIELDS_LIMIT = 4 << 20
_CORE = "CoreDump"
_ASSETS = {
    "ProcStatus": "status",
    "ProcMaps": "maps",
    "ProcEnviron": "environ",
    "ProcCmdline": "cmdline",
    "ProcAttrCurrent": "attr/current",
}


class NoReport(ValueError):
    """The file is no report of a crash with a core; `str()` says why, as the end of a sentence."""


class Report:
    """The texts of a report, and where its core begins (`core_at`, in bytes)."""

    def __init__(self, file: BinaryIO) -> None:
        self.fields: dict[str, str] = {}
        self.core_at = 0
        left, key = FIELDS_LIMIT, ""
        while line := file.readline(LINE_LIMIT):
            if not line.endswith(b"\n") and len(line) == LINE_LIMIT:
                raise NoReport("it has a line that no report has")
            if not line.startswith(b" "):
                name, colon, value = line.decode(errors="surrogateescape").partition(":")
                if not colon or not name.isidentifier():
                    raise NoReport("it is no report of apport's")
                key = name
                if key == _CORE:
                    self.core_at = file.tell()
                line = value.strip().encode(errors="surrogateescape")
            elif key != _CORE:
                line = line[1:]
            if key != _CORE and left > 0 and len(self.fields.get(key, "")) < FIELD_LIMIT:
                left -= len(line)
                self.fields[key] = self.fields.get(key, "") + line.decode(errors="surrogateescape")
        if not self.core_at:
            raise NoReport("it has no core in it")

    def meta(self, name: str) -> dict[str, Any]:
        """meta.json; a user id is also in the file's name, `_usr_bin_shop.1000.crash`."""
        status = parse_status(self._field("ProcStatus").encode(errors="surrogateescape"))
        exe = self._field("ExecutablePath") or None
        package, _, version = self._field("Package").partition(" ")
        first = {field: number((status.get(field, "").split() or [""])[0]) for field in ("Pid", "Uid", "Gid")}
        return known(
            {
                "pid": first["Pid"],
                "uid": first["Uid"] if first["Uid"] is not None else number(name.rpartition(".crash")[0].rpartition(".")[2]),
                "gid": first["Gid"],
                "signal": signal(number(self._field("Signal"))),
                "captured_at": _date(self._field("Date")),
                "exe": exe,
                "application": os.path.basename(exe or "") or None,
                "attributes": known({"package": package or None, "package_version": version.split(" ")[0] or None}),
            }
        )

    def assets(self) -> dict[str, bytes]:
        """What it has of the process's files, in their own form."""
        found = {new: self._field(old).encode(errors="surrogateescape") for old, new in _ASSETS.items() if self._field(old)}
        for name, separator in (("environ", b"\n"), ("cmdline", b" ")):
            if name in found:
                found[name] = found[name].strip().replace(separator, b"\0") + b"\0"
        return found

    def _field(self, name: str) -> str:
        return self.fields.get(name, "").lstrip("\n")


def core_chunks(file: BinaryIO, at: int) -> Iterator[bytes]:
    """The compressed core in pieces; `EndsEarly`."""
    file.seek(at)
    while (line := file.readline(LINE_LIMIT)).startswith(b" "):
        try:
            yield a2b_base64(line)
        except Error:
            raise EndsEarly("its base64 is damaged") from None


def _date(text: str) -> str | None:
    """`Tue Mar  3 12:00:00 2020`, in the local time of the machine."""
    try:
        return rfc3339(time.mktime(time.strptime(text.strip(), "%a %b %d %H:%M:%S %Y")))
    except (ValueError, OverflowError):
        return None
