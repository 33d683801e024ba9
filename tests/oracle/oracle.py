"""Asks gdb about a crashed program, once: the answer is kept beside the core, keyed by the script that made it."""

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path

import msgspec

from tests.programs.build import Crashed

from .records import Oracle

SCRIPT = Path(__file__).with_name("gdb_script.py")
SECONDS = 120


@cache
def _script_key() -> str:
    return hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:8]


def ask(at: Crashed) -> Oracle:
    """What gdb says of a core; `RuntimeError` with gdb's own words when it fails."""
    answer = at.core.with_name(f"oracle-{_script_key()}.json")
    if not answer.exists():
        unfinished = answer.with_suffix(f".{os.getpid()}")
        command = ["gdb", "-nx", "-batch", "-x", str(SCRIPT), str(at.exe), str(at.core)]
        environment = {**os.environ, "OBIT_ORACLE_OUTPUT": str(unfinished), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False
        )
        if not unfinished.exists():
            raise RuntimeError(f"gdb said nothing of {at.case.name}: {done.stderr[-2000:]}")
        unfinished.rename(answer)
    return msgspec.json.decode(answer.read_bytes(), type=Oracle)
