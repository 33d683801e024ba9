"""The writers that must pass `test_conformance.py`, and how strace watches and disturbs them.

A writer is a command that is given HOME and a STATE (pending, done, failed) and saves one fault there: a meta.json with exe =
b"/opt/caf\\xe9", a core that begins with 7f 45 4c 46, and what the state needs (snapshot.obit or reason). Status 0: it is durable;
otherwise one sentence on standard error.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent

WRITERS: dict[str, tuple[str, ...]] = {"python": (sys.executable, "-I", "-S", str(HERE / "python_writer.py"))}

CHANGES = "mkdir,mkdirat,open,openat,creat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,flock"
"""The system calls after which the disk, or who may touch it, may look different."""

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\w+.*)$")


class Call:
    """A traced system call: `arguments` with descriptors as their paths; `ordinal` counts those of that name from 1."""

    def __init__(self, name: str, arguments: str, result: str, ordinal: int) -> None:
        self.name = name
        self.arguments = arguments
        self.result = result
        self.ordinal = ordinal

    @property
    def failed(self) -> bool:
        return self.result.startswith("-1")

    def __repr__(self) -> str:
        return f"{self.name}#{self.ordinal}({self.arguments}) = {self.result}"


def save(writer: str, home: Path, state: str, *, prefix: tuple[str, ...] = (), umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    """Run a writer, under strace if `prefix` says so."""
    command = [*prefix, *WRITERS[writer], str(home), state]
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, umask=umask, check=False)


def trace(writer: str, home: Path, log: Path, state: str) -> list[Call]:
    """The writer's changing system calls on the archive, in order."""
    prefix = ("strace", "-f", "-y", "-s", "32", "-e", f"trace={CHANGES}", "-e", "signal=none", "-o", str(log))
    result = save(writer, home, state, prefix=prefix)
    assert result.returncode == 0, result.stderr
    ordinals: Counter[str] = Counter()
    calls = []
    for match in filter(None, map(_CALL.match, log.read_text(errors="replace").splitlines())):
        ordinals[match[1]] += 1
        if str(home) in match[2]:
            calls.append(Call(match[1], match[2].replace(str(home), "HOME"), match[3], ordinals[match[1]]))
    return calls


def disturb(writer: str, home: Path, call: Call, how: str, state: str) -> subprocess.CompletedProcess[str]:
    """Run a writer and at that call `how`: "signal=KILL" (before it is made), "error=ENOSPC"."""
    inject = f"inject={call.name}:{how}:when={call.ordinal}"
    return save(writer, home, state, prefix=("strace", "-f", "-o", os.devnull, "-e", f"trace={call.name}", "-e", inject))
