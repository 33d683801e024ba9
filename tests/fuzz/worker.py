"""Runs `obit analyze` on one set of files in a forked child with limits, and judges how it went."""

import os
import resource
import select
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

SECONDS, WALL_SECONDS = 10, 60
"""The limit is one of processor time, so that a busy machine raises no false alarm; the clock's is for what sleeps."""
RSS_BYTES = 1 << 30
ADDRESS_SPACE = 4 << 30
GUARDED = "Obit failed there"
"""How `analysis.steps` notes a step that raised: no crash for the user, but a bug."""


class Verdict(NamedTuple):
    """`problem` is None when all went as it should."""

    problem: str | None
    seconds: float
    rss: int
    status: int
    errors: str


def analyze(entry: Callable[[Sequence[str]], int], arguments: Sequence[str], folder: str) -> Verdict:
    """Run the command line in a child; its output goes to files in `folder`."""
    out, err = f"{folder}/out", f"{folder}/err"
    child = os.fork()
    if child == 0:
        _be_the_child(entry, arguments, out, err)
    hung = _hung(child)
    _, status, usage = os.wait4(child, 0)
    with open(err, encoding="utf-8", errors="replace") as file:
        errors = file.read()
    with open(out, "rb") as file:
        output = file.read()
    seconds, rss = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
    problem = "hangs" if hung else _problem(status, seconds, rss, output, errors)
    return Verdict(problem, seconds, rss, status, errors)


def _hung(child: int) -> bool:
    descriptor = os.pidfd_open(child)
    try:
        ready, _, _ = select.select([descriptor], [], [], WALL_SECONDS)
        if not ready:
            os.kill(child, signal.SIGKILL)
        return not ready
    finally:
        os.close(descriptor)


def _be_the_child(entry: Callable[[Sequence[str]], int], arguments: Sequence[str], out: str, err: str) -> None:
    status = 125
    try:
        for descriptor, path in ((1, out), (2, err)):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(file, descriptor)
            os.close(file)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115 - they end with the process
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 2, SECONDS + 5))
        status = entry(arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, the parent reads it in the traceback
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _problem(status: int, seconds: float, rss: int, output: bytes, errors: str) -> str | None:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "hangs" if number == signal.SIGXCPU else f"dies of {signal.Signals(number).name}"
    if seconds > SECONDS:
        return f"takes {seconds:.1f} s"
    if rss > RSS_BYTES:
        return f"takes {rss >> 20} MB"
    if "Traceback" in errors:
        return f"traceback: {errors.strip().splitlines()[-1]}"
    code = os.WEXITSTATUS(status)
    if code == 4:
        return None if len(errors.strip().splitlines()) == 1 else f"status 4 with {len(errors.splitlines())} lines"
    if code != 0:
        return f"status {code}: {errors.strip()[-200:]}"
    return _document_problem(output)


def _document_problem(output: bytes) -> str | None:
    from obit.errors import ObitError
    from obit.snapshot.encode import decode_json

    try:
        fault = decode_json(output)
    except ObitError as why:
        return f"prints no document: {why}"
    return next((f"guarded: {note.what}: {note.why}" for note in fault.missing if note.why.startswith(GUARDED)), None)
