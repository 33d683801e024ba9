"""Runs commands one after the other, alternating, and takes medians of their time and memory."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

LAUNCHER = str(Path(__file__).with_name("launch.py"))


class Sample(NamedTuple):
    """One run, children included: seconds of the clock, seconds of processors, bytes at the peak."""

    wall: float
    cpu: float
    rss: int


class Contender(NamedTuple):
    """A command to measure. `before` runs outside the measured time (to empty caches)."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    before: Callable[[], None] | None = None


def run_once(contender: Contender) -> Sample:
    """One measured run; `RuntimeError` when it fails."""
    if contender.before:
        contender.before()
    with tempfile.NamedTemporaryFile("r") as report:
        command = [sys.executable, "-I", "-S", LAUNCHER, report.name, *contender.command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=dict(contender.environment), check=False)
        if done.returncode:
            raise RuntimeError(f"{contender.name} ended with {done.returncode}: {done.stderr[-300:]!r}")
        wall, cpu, kilobytes = report.read().split()
    return Sample(float(wall), float(cpu), int(kilobytes) * 1024)


def alternate(contenders: Sequence[Contender], rounds: int) -> dict[str, Sample]:
    """Medians by name, of `rounds` runs of each, in turns; one unmeasured run of each comes first."""
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        run_once(contender)
    for _ in range(rounds):
        for contender in contenders:
            samples[contender.name].append(run_once(contender))
    return {
        name: Sample(median(s.wall for s in each), median(s.cpu for s in each), int(median(s.rss for s in each)))
        for name, each in samples.items()
    }


def forget_files(paths: Sequence[str]) -> None:
    """Drop files from the page cache."""
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(file)
