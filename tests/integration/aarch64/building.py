"""Programs for aarch64, run by qemu's user mode, which writes a core of its own when they die: without NT_FILE, NT_SIGINFO and text."""

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from obit.analysis.draft import Request
from obit.analysis.steps import analyze
from obit.debuginfo.search import FileFinder
from obit.image.open import open_core
from obit.image.process import ProcessImage
from obit.snapshot.model import Fault

PROGRAMS = Path(__file__).with_name("programs")
SYSROOT = "/usr/aarch64-linux-gnu"
FOLDER = TemporaryDirectory(prefix="obit-aarch64-")
SECONDS = 60
# qemu is a process of this machine and would leave a core of its own, with all of its guest's memory in it.
RUN = 'echo 0 > /proc/self/coredump_filter; ulimit -c unlimited; exec qemu-aarch64 -L "$0" "$@"'


class Build(NamedTuple):
    """How one program is built."""

    language: str
    level: str
    link: str
    more: tuple[str, ...] = ()


@cache
def built(build: Build) -> Path:
    """The executable."""
    driver, suffix = {"c": ("gcc", "c"), "c++": ("g++", "cpp")}[build.language]
    exe = Path(FOLDER.name) / "-".join((suffix, build.level, build.link, *(option.strip("-") for option in build.more)))
    link = ["-static"] if build.link == "static" else []
    source = str(PROGRAMS / f"crash.{suffix}")
    command = [f"aarch64-linux-gnu-{driver}", "-g", f"-{build.level}", *link, *build.more, "-o", str(exe), source, "-pthread"]
    subprocess.run(command, check=True, capture_output=True)
    return exe


@cache
def core_of(build: Build, how: str) -> Path:
    """The core of a program that died as `how` says."""
    exe = built(build)
    folder = exe.with_name(f"{exe.name}.{how}")
    folder.mkdir()
    subprocess.run(["bash", "-c", RUN, SYSROOT, str(exe), how], cwd=folder, capture_output=True, timeout=SECONDS, check=False)
    return next(folder.glob("qemu_*.core"))


def image_of(core: Path, exe: Path | None, sysroot: str | None = SYSROOT) -> ProcessImage:
    """The process of a core."""
    return open_core(str(core), FileFinder(executables=(str(exe),) if exe else (), sysroot=sysroot))


def explained(image: ProcessImage) -> Fault:
    """The whole analysis."""
    return analyze(image, Request(id="0" * 32, captured_at="2026-01-01T00:00:00Z", source="import", read_source=lines))


def lines(path: str) -> list[str] | None:
    """A source file, as the command line reads it."""
    return Path(path).read_text().splitlines() if Path(path).exists() else None


@cache
def fault_of(build: Build, how: str) -> Fault:
    """The whole analysis of a program that died as `how` says."""
    return explained(image_of(core_of(build, how), built(build)))
