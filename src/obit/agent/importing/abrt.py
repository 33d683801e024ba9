"""ABRT's problem directories: a file for each thing that is known, among them `coredump`.

Source: ABRT's problem data format (abrt.readthedocs.io, "Elements collected by ABRT").
"""

import json
import os
import re
from typing import Any

from obit.agent.importing.dump import known, number, open_regular, rfc3339, signal
from obit.archive.escape import json_safe
from obit.capture.victim import SIGNAL_NAMES

CORES = ("coredump", "coredump.zst", "coredump.lz4", "coredump.xz", "coredump.gz")
_LIMIT = 1 << 20
_ASSETS = {"limits": "limits", "cgroup": "cgroup", "maps": "maps", "mountinfo": "mountinfo", "proc_pid_status": "status"}
_KILLED_BY = re.compile(r"killed by (?:signal (\d+)|(SIG[A-Z]+))")
_OPEN_FD = re.compile(r"^(\d+):(.*)$", re.MULTILINE)
_NUMBERS = {name: value for value, name in SIGNAL_NAMES.items()}


class Problem:
    """An open problem directory."""

    def __init__(self, directory: int) -> None:
        self._directory = directory

    def text(self, name: str) -> str | None:
        """The file's text without blanks around it; None when there is none."""
        try:
            fd = open_regular(name, self._directory)
        except OSError:
            return None
        with open(fd, "rb") as file:
            return os.fsdecode(file.read(_LIMIT)).strip()

    def meta(self) -> dict[str, Any]:
        """meta.json from what is known."""
        exe, time = self.text("executable"), number(self.text("time"))
        kept = {name: self.text(name) for name in ("package", "hostname", "kernel", "component")}
        return known(
            {
                "pid": number(self.text("global_pid")) or number(self.text("pid")),
                "uid": number(self.text("uid")),
                "signal": signal(_signal_number(self.text("reason") or "")),
                "captured_at": rfc3339(time) if time else None,
                "exe": exe,
                "application": os.path.basename(exe or "") or None,
                "attributes": known(kept),
            }
        )

    def assets(self) -> dict[str, bytes]:
        """What it has of the process's files, in the form of /proc."""
        found = {new: os.fsencode(text) + b"\n" for old, new in _ASSETS.items() if (text := self.text(old))}
        for old, new, separator in (("environ", "environ", "\n"), ("cmdline", "cmdline", " ")):
            if text := self.text(old):
                found[new] = os.fsencode(text.replace(separator, "\0") + "\0")
        links = {new: text for old, new in (("executable", "exe"), ("pwd", "cwd"), ("rootdir", "root")) if (text := self.text(old))}
        links |= {f"fd/{digits}": target for digits, target in _OPEN_FD.findall(self.text("open_fds") or "")}
        return found | {"links.json": json.dumps(json_safe(links), ensure_ascii=False).encode()}


def _signal_number(reason: str) -> int | None:
    """Of `shop-cart killed by SIGSEGV`."""
    found = _KILLED_BY.search(reason)
    return (number(found[1]) if found[1] else _NUMBERS.get(found[2])) if found else None
