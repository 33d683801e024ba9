"""Programs that end in every way, under the tracer: the right status, and a fault exactly when there was one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.capture.running import build, core, only_core, run


@pytest.fixture(scope="module")
def die(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("die"), "die")


@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("segv", signal.SIGSEGV),
        ("bus", signal.SIGBUS),
        ("ill", signal.SIGILL),
        ("fpe", signal.SIGFPE),
        ("trap", signal.SIGTRAP),
        ("abort", signal.SIGABRT),
        ("sys", signal.SIGSYS),
        ("quit", signal.SIGQUIT),
        ("cpu", signal.SIGXCPU),
        ("file-size", signal.SIGXFSZ),
        ("segv-blocked", signal.SIGSEGV),
        ("segv-ignored", signal.SIGSEGV),
        ("handler-without-stack", signal.SIGSEGV),
        ("seccomp-kill-process", signal.SIGSYS),
        ("seccomp-kill-thread", signal.SIGSYS),
        ("overflow", signal.SIGSEGV),
        ("all-at-once", signal.SIGSEGV),
        ("leader-gone", signal.SIGSEGV),
        ("churn", signal.SIGSEGV),
    ],
)
def test_a_fatal_signal_is_one_fault(die: Path, tmp_path: Path, how: str, number: signal.Signals) -> None:
    ran = run(tmp_path, die, how)
    assert ran.status == 128 + number
    fault = only_core(ran)
    assert fault.signal is not None
    assert fault.signal.number == number
    assert fault.threads[0].registers
    assert not ran.children_left


@pytest.mark.parametrize(
    ("how", "status"),
    [("handled", 5), ("sent-ignored", 6), ("sent-blocked", 6), ("sent-handled", 6), ("sent-waited", 3), ("exit-threads", 6)],
)
def test_a_signal_that_does_not_kill_is_no_fault(die: Path, tmp_path: Path, how: str, status: int) -> None:
    ran = run(tmp_path, die, how)
    assert (ran.status, ran.cores, ran.complaints) == (status, [], [])
    assert not list((tmp_path / "incoming").glob("*"))


@pytest.mark.parametrize("how", ["fork", "vfork"])
def test_a_child_that_dies_is_a_fault_of_its_own(die: Path, tmp_path: Path, how: str) -> None:
    ran = run(tmp_path, die, how)
    assert ran.status == signal.SIGSEGV
    assert only_core(ran).signal is not None


def test_threads_that_will_not_stop_are_missing(die: Path, tmp_path: Path) -> None:
    """The parent of a vfork sleeps in the kernel until its child has died, which waits for us: it is not waited for."""
    fault = only_core(run(tmp_path, die, "vfork"))
    assert len(fault.threads) == 1


@pytest.mark.parametrize("milliseconds", range(8))
def test_exec_while_another_thread_crashes(die: Path, tmp_path: Path, milliseconds: int) -> None:
    """Whoever wins: the status and the faults agree, and nothing hangs."""
    ran = run(tmp_path, die, "exec-meanwhile", str(milliseconds))
    assert (ran.status, len(ran.cores)) in ((0, 0), (139, 1))


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 3"], 3),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["sh", "-c", "kill -KILL $$"], 137),
        (["/no/such/command"], 127),
        (["no-such-command-anywhere"], 127),
        (["/"], 126),
        (["/etc/passwd"], 126),
        ([""], 127),
    ],
)
def test_the_status_is_that_of_the_command(tmp_path: Path, command: list[str], status: int) -> None:
    ran = run(tmp_path, *command)
    assert (ran.status, ran.cores) == (status, [])
    assert bool(ran.reason) == (status in (126, 127))


def test_a_script_without_interpreter_line_is_the_shells(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("exit 4\n")
    script.chmod(0o755)
    assert run(tmp_path, script).status == 4


def test_input_and_output_are_the_commands(tmp_path: Path) -> None:
    ran = run(tmp_path, "sh", "-c", "cat; echo bad >&2", stdin="good\n")
    assert (ran.stdout, ran.stderr) == ("good", "bad\n")


def test_standard_output_goes_to_standard_error_when_asked(tmp_path: Path) -> None:
    ran = run(tmp_path, "echo", "hello", to_stderr=True)
    assert (ran.stdout, ran.stderr) == ("", "hello\n")


def test_signals_are_as_a_shell_leaves_them(tmp_path: Path) -> None:
    """Python ignores SIGPIPE, and the tracer blocks what it waits for: the command must see neither."""
    command = ("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status")
    # What a shell ignores for a command in the background stays ignored.
    assert run(tmp_path, *command).stdout == subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip()


def test_go_programs_are_asked_for_a_core(tmp_path: Path) -> None:
    assert run(tmp_path, "sh", "-c", "echo $GOTRACEBACK").stdout == "crash"
    assert run(tmp_path, "env", "GOTRACEBACK=all", "sh", "-c", "echo $GOTRACEBACK").stdout == "all"


@pytest.mark.parametrize(
    ("script", "status", "faults"),
    [
        ("{die} segv; exit 7", 7, 1),
        ("{die} segv; {die} abort; {die} handled; {die} fpe", 136, 3),
        ("{die} segv | cat", 0, 1),
        ("({die} segv) & wait", 0, 1),
        ("(cd / && exec {die} abort)", 134, 1),
        ("echo 'x:\n\t@{die} segv' | make -f - x 2>/dev/null", 2, 1),
        ("timeout 20 {die} segv", 139, 1),
        ("nice {die} segv", 139, 1),
    ],
)
def test_everything_that_the_command_starts_is_followed(die: Path, tmp_path: Path, script: str, status: int, faults: int) -> None:
    ran = run(tmp_path, "sh", "-c", script.format(die=die))
    assert (ran.status, len(ran.cores), ran.complaints) == (status, faults, [])


def test_faults_are_in_the_order_of_the_crashes(die: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, "sh", "-c", f"{die} segv; {die} abort; {die} fpe")
    found = [core(path).signal for path in ran.cores]
    assert [info and info.number for info in found] == [signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE]


def test_python_that_faults_in_a_library(tmp_path: Path) -> None:
    ran = run(tmp_path, sys.executable, "-c", "import ctypes; ctypes.string_at(8)")
    assert ran.status == 139
    info = only_core(ran).signal
    assert info is not None
    assert info.address == 8


def test_a_static_program(tmp_path: Path) -> None:
    assert only_core(run(tmp_path, build(tmp_path, "die", "-static"), "segv")).threads


def test_a_program_that_is_not_position_independent(tmp_path: Path) -> None:
    assert only_core(run(tmp_path, build(tmp_path, "die", "-no-pie"), "segv")).threads


def test_one_that_may_not_be_traced_runs_all_the_same(die: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, die, "segv", trouble="refused")
    assert (ran.status, ran.cores, ran.unwatched) == (139, [], "Operation not permitted")
    assert not ran.children_left


def test_crashes_beyond_the_limit_are_counted(die: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, "sh", "-c", f"for n in $(seq 70); do {die} segv; done")
    assert (len(ran.cores), ran.beyond) == (64, 6)


def test_an_archive_that_cannot_be_written_costs_the_fault_not_the_run(die: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = run(tmp_path / "file", die, "segv")
    assert ran.status == 139
    assert [sentence.startswith("the fault is reported but not kept: ") for sentence in ran.complaints] == [True]


def test_a_full_core_is_larger_and_has_the_heap(tmp_path: Path) -> None:
    exe = build(tmp_path, "threads")
    part, full = run(tmp_path / "a", exe), run(tmp_path / "b", exe, full=True)
    wanted = sum(end - start for start, end, _ in only_core(full).spans)
    assert wanted > sum(end - start for start, end, _ in only_core(part).spans)


def test_without_root_and_with_the_standard_library_alone(die: Path, tmp_path: Path) -> None:
    """As `nobody` when the tests run as root, with the system's Python, which has none of our packages."""
    wrapper = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
    python = "/usr/bin/python3"
    home = tmp_path / "home"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    for folder in (*die.parents, *home.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o755)
    ran = run(home, die, "segv", wrapper=wrapper if os.getuid() == 0 else (), python=python)
    assert ran.status == 139
    only_core(ran)


def test_the_kernels_own_core_is_still_written(die: Path, tmp_path: Path) -> None:
    """The signal goes on: whoever has core files enabled finds one (where core_pattern names a plain file)."""
    code = f"ulimit -c unlimited; cd {tmp_path}; {die} segv; echo $?"
    plain = subprocess.run(["sh", "-c", code], capture_output=True, text=True, check=False)
    before = {entry.name for entry in tmp_path.iterdir()}
    for name in before:
        (tmp_path / name).unlink()
    ran = run(tmp_path / "home", "sh", "-c", code)
    assert ran.stdout == plain.stdout.strip()
    assert len([entry for entry in tmp_path.iterdir() if entry.is_file()]) == len(before)
