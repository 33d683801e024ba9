"""Building small programs and running them under the tracer."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from obit.debuginfo.elf import reader
from obit.image.core import Core, parse_core

DRIVER = Path(__file__).with_name("driver.py")
SOURCES = Path(__file__).with_name("programs")
SECONDS = 30


class Ran(NamedTuple):
    """What a run came to."""

    status: int
    reason: str | None
    unwatched: str | None
    children_left: bool
    complaints: list[str]
    beyond: int
    cores: list[str]
    stdout: str
    stderr: str


def build(folder: Path, name: str, *flags: str) -> Path:
    """Compile `programs/NAME.c`."""
    exe = folder / name
    subprocess.run(["gcc", "-g", "-O1", "-w", "-pthread", str(SOURCES / f"{name}.c"), "-o", str(exe), *flags], check=True)
    return exe


def order(home: Path, *command: str | Path, python: str = sys.executable, **options: Any) -> list[str]:
    """The command line of the driver. Neither site-packages nor the environment of Python: the capture needs none."""
    text = json.dumps({"command": [str(word) for word in command], "home": str(home), **options})
    return [python, "-I", "-S", str(DRIVER), text]


def run(
    home: Path, *command: str | Path, stdin: str = "", wrapper: tuple[str, ...] = (), python: str = sys.executable, **options: Any
) -> Ran:
    """Run a command under the tracer to its end."""
    words = [*wrapper, *order(home, *command, python=python, **options)]
    environ = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=SECONDS, check=False, env=environ)
    assert done.returncode == 0, done.stderr
    *before, last = done.stdout.splitlines()
    return Ran(**json.loads(last), stdout="\n".join(before), stderr=done.stderr)


def core(path: str) -> Core:
    """A captured core."""
    data = Path(path).read_bytes()
    return parse_core(reader(data), len(data))


def only_core(ran: Ran) -> Core:
    """The core of a run in which one process crashed."""
    assert len(ran.cores) == 1, ran
    assert not ran.complaints
    return core(ran.cores[0])
