"""Programs that die in the midst of their values: built, crashed once, explained by Obit and by gdb."""

from functools import cache
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

from obit.snapshot.model import Fault
from tests.oracle.oracle import ask
from tests.oracle.ours import analyze
from tests.oracle.records import Oracle
from tests.programs.build import CRASH_SECONDS, Crashed, core_files
from tests.programs.matrix import GCC_O0, Case, Program

PROGRAMS = Path(__file__).with_name("programs")
FOLDER = TemporaryDirectory(prefix="obit-variables-")


@cache
def built(source: str, compiler: str, *flags: str) -> Path:
    """The executable."""
    name = "-".join((source.replace(".", "-"), compiler, *(flag.strip("-").replace("=", "-") for flag in flags)))
    exe = Path(FOLDER.name) / name / name
    exe.parent.mkdir()
    run([compiler, "-g", "-w", *flags, "-o", str(exe), str(PROGRAMS / source)], check=True, capture_output=True)
    return exe


@cache
def crashed(exe: Path, *arguments: str) -> Crashed:
    """The executable and the core of one run."""
    core = exe.parent / str(len(arguments)) / "core"
    core.parent.mkdir()
    with core_files():
        command = ["prlimit", "--core=unlimited", str(exe), *arguments]
        run(["bash", "-c", 'echo $$ > pid; exec "$@"', "bash", *command], cwd=exe.parent, timeout=CRASH_SECONDS, check=False)
        exe.with_name(f"core.{exe.with_name('pid').read_text().strip()}").rename(core)
    return Crashed(Case(Program(exe.name, exe.name), GCC_O0), exe, core)


@cache
def fault_of(exe: Path, *arguments: str) -> Fault:
    """What Obit says."""
    return analyze(crashed(exe, *arguments))


@cache
def oracle_of(exe: Path, *arguments: str) -> Oracle:
    """What gdb says."""
    return ask(crashed(exe, *arguments))
