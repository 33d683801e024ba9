"""The witness program: built in several ways, and what it says of itself."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.programs.build import core_files

SOURCE = Path(__file__).with_name("witness.c")
VARIANTS = {
    "pie": ("-pie", "-fPIE"),
    "fixed": ("-no-pie",),
    "static": ("-static",),
    "static-pie": ("-static-pie", "-fPIE"),
    "one-segment": ("-Wl,-z,noseparate-code",),
    "huge-pages": ("-Wl,-z,max-page-size=0x200000",),
    "no-build-id": ("-Wl,--build-id=none",),
}


class Witness(NamedTuple):
    """A run: `modules` maps bias → name as the program's own loader lists them, `memory` address → bytes."""

    exe: Path
    pid: int
    modules: dict[int, str]
    memory: dict[int, bytes]

    @property
    def core(self) -> Path:
        """Where the kernel put the core of a crash."""
        return self.exe.parent / f"core.{self.pid}"


def build(folder: Path, variant: str) -> Path:
    """The executable."""
    exe = folder / f"witness-{variant}"
    subprocess.run(["gcc", "-g", "-O1", "-pthread", "-w", *VARIANTS[variant], str(SOURCE), "-o", str(exe)], check=True)
    return exe


def crash(exe: Path) -> Witness:
    """Runs it until it is dead and dumped."""
    command = ["prlimit", "--core=unlimited", str(exe), "crash"]
    with core_files(), subprocess.Popen(command, cwd=exe.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        return testimony(exe, process.pid, process.stdout)


@contextmanager
def waiting(exe: Path) -> Iterator[Witness]:
    """Runs it until it waits, and ends it afterwards."""
    with subprocess.Popen([str(exe), "wait"], cwd=exe.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield testimony(exe, process.pid, process.stdout)
        finally:
            process.kill()


def testimony(exe: Path, pid: int, lines: Iterable[str]) -> Witness:
    """What it prints up to "ready"."""
    modules, memory = {}, {}
    for line in lines:
        kind, *words = line.rstrip("\n").split(" ", 2)
        if kind == "ready":
            break
        if kind == "module":
            modules[int(words[0], 16)] = words[1]
        elif kind == "memory":
            memory[int(words[0], 16)] = bytes.fromhex(words[1])
    assert memory
    return Witness(exe, pid, modules, memory)
