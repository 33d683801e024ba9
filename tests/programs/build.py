"""Build the crash programs, let each crash once, and keep executable and core for as long as sources and flags stay the same.

Everything is under `build/programs` (OBIT_TEST_CACHE overrides): a folder per case, keyed by a hash of what it is made from. The
crashes need a plain file name in core_pattern, which is the machine's: one hold of its lock serves all cases.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .matrix import GCC_O0, SOURCES, Case, Program, cases

CACHE = Path(os.environ.get("OBIT_TEST_CACHE", SOURCES.parent.parent / "build" / "programs"))
PATTERN = Path("/proc/sys/kernel/core_pattern")
LOCK = Path("/tmp/core_pattern.lock")
COMMON = ("-std=gnu11", "-w")
COMMON_CXX = ("-std=gnu++17", "-w")
CRASH_SECONDS = 20


class Crashed(NamedTuple):
    """A case that has been built and has crashed. `exe` is where it ran, `core` its full core."""

    case: Case
    exe: Path
    core: Path


@cache
def _compiler(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is needed to build the crash programs: apt-get install gcc g++ clang libc++-dev libc++abi-dev dwz")
    return path


def _command(case: Case, source: str, output: Path, *more: str) -> list[str]:
    driver = case.variant.compiler if not case.program.cxx else {"gcc": "g++", "clang": "clang++"}[case.variant.compiler]
    common = COMMON_CXX if case.program.cxx else COMMON
    flags = (*common, *case.variant.flags, *case.program.flags, *more, f"-I{SOURCES}")
    # Split DWARF leaves its .dwo beside the object: compile with relative names in the case's own folder.
    return [_compiler(driver), *flags, str(SOURCES / source), "-o", output.name, "-pthread"]


def _key(case: Case) -> str:
    sources = [SOURCES / "crash.h", SOURCES / case.program.source]
    if case.program.library:
        sources.append(SOURCES / case.program.library)
    command = _command(case, case.program.source, Path("program"))
    compiler = Path(command[0]).stat()
    parts = [repr(command[1:]), repr(case), str(compiler.st_mtime_ns), *(source.read_text() for source in sources)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@cache
def place(case: Case) -> Crashed:
    """Where a case's files are or will be."""
    folder = CACHE / f"{case.name.replace('/', '.')}-{_key(case)}"
    return Crashed(case, folder / case.program.name.rsplit("/", maxsplit=1)[-1], folder / "core")


def _debuglink(exe: Path) -> None:
    debug = f"{exe.name}.debug"
    _run(["objcopy", "--only-keep-debug", exe.name, debug], exe.parent)
    _run(["strip", exe.name], exe.parent)
    _run(["objcopy", f"--add-gnu-debuglink={debug}", exe.name], exe.parent)


def _dwz(exe: Path) -> None:
    _run(["dwz", exe.name], exe.parent)


def _dwz_shared(exe: Path) -> None:
    shutil.copy(exe, exe.parent / "twin")
    _run(["dwz", "-m", "shared.dwz", exe.name, "twin"], exe.parent)


AFTER: dict[str, Callable[[Path], None]] = {"debuglink": _debuglink, "dwz": _dwz, "dwz-shared": _dwz_shared}


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")


def _build(case: Case) -> None:
    at = place(case)
    shutil.rmtree(at.exe.parent, ignore_errors=True)
    at.exe.parent.mkdir(parents=True)
    _run(_command(case, case.program.source, at.exe), at.exe.parent)
    if case.program.library:
        _run(_command(case, case.program.library, at.exe.with_name(f"{at.exe.name}-plugin.so"), "-shared", "-fPIC"), at.exe.parent)
    for step in case.variant.after:
        AFTER[step](at.exe)


@contextmanager
def core_files() -> Iterator[None]:
    """While inside, a crash leaves `core.PID` in its working directory. Restores core_pattern whatever happens."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = PATTERN.read_text()
        try:
            PATTERN.write_text("core.%p")
            yield
        finally:
            PATTERN.write_text(before)


def crash(at: Crashed) -> str | None:
    """Run a case until it dies of its signal; its core becomes `at.core`. What went wrong, if anything. Call within `core_files`."""
    stack = at.case.program.stack_kb * 1024
    command = ["prlimit", "--core=unlimited", f"--stack={stack}:", str(at.exe)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=at.exe.parent, stdin=quiet, stdout=quiet, stderr=quiet)
    status = process.wait(CRASH_SECONDS)
    if status != -at.case.program.signal:
        return f"{at.case.name} ended with {status}, not by {at.case.program.signal.name}"
    (at.exe.parent / f"core.{process.pid}").rename(at.core)
    return None


def crashed_program(exe: Path, core: Path) -> None:
    """Let any program that dies of SIGSEGV crash once and keep its core as `core`; `RuntimeError` when it does not."""
    program = Program(exe.name, exe.name)
    with core_files():
        problem = crash(Crashed(Case(program, GCC_O0), exe, core))
    if problem:
        raise RuntimeError(problem)


def crashed(wanted: Sequence[Case] | None = None, jobs: int = 2) -> tuple[Crashed, ...]:
    """The cases (all by default), built and crashed; only what is not there yet is made."""
    wanted = cases() if wanted is None else wanted
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        todo = [case for case in wanted if not place(case).core.exists()]
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(_build, todo))
        if todo:
            with core_files():
                problems = [problem for case in todo if (problem := crash(place(case)))]
            if problems:
                raise RuntimeError("; ".join(problems))
    return tuple(place(case) for case in wanted)
