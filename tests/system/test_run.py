"""`obit run` as its users know it: the command line, the wrappers that people put around programs, and the report."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OBIT = Path(sys.executable).with_name("obit")
SECONDS = 120
CRASH = r"""
#include <stdio.h>
struct order { int id; struct order *next; };
__attribute__((noinline)) int total(struct order *order, int vat) {
    volatile int sum = 0;
    while (sum >= 0) {
        sum += order->id * vat;
        order = order->next;
    }
    return sum;
}
int main(int argc, char **argv) {
    struct order only = {7, 0};
    puts("hello");
    fflush(stdout);
    return argc > 1 ? 3 : total(&only, 19);
}
"""
RUST = r"""
#[test] fn passes() {}
#[test] fn faults() { let nowhere = std::hint::black_box(16 as *const u32); println!("{}", unsafe { *nowhere }); }
"""
PYTEST = "import ctypes\ndef test_sound(): pass\ndef test_fault(): ctypes.string_at(8)\n"


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crash")
    (folder / "crash.c").write_text(CRASH)
    subprocess.run(["gcc", "-g", "-O1", "crash.c", "-o", "crash"], cwd=folder, check=True)
    return folder / "crash"


def obit(
    home: Path, *words: str | Path, cwd: Path | None = None, wrapper: tuple[str, ...] = (), **environ: str
) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "OBIT_HOME": str(home), "NO_COLOR": "1", **environ}
    words = (*wrapper, OBIT, *words)
    return subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment, cwd=cwd, input="")


def document(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    found = json.loads(done.stdout)
    assert isinstance(found, dict), done.stderr
    return found


def functions(fault: dict[str, Any]) -> list[str]:
    (crashed,) = (thread for thread in fault["threads"] if thread["crashed"])
    return [frame["function"] for frame in crashed["frames"]]


def test_the_document_of_a_crash(crash: Path, tmp_path: Path) -> None:
    done = obit(tmp_path, "run", "--json", "-k", "team=blue", "-k", "build=1742", "-k", "team=red", "--", crash)
    fault = document(done)
    assert done.returncode == 139
    assert done.stderr == "hello\n"
    assert fault["source"] == "ptrace"
    assert fault["attributes"] == {"team": "red", "build": "1742"}
    assert functions(fault)[:2] == ["total", "main"]
    assert fault["process"]["exe"] == str(crash)
    assert "others" not in fault or not fault["others"]


def test_the_report_goes_to_standard_error(crash: Path, tmp_path: Path) -> None:
    done = obit(tmp_path, "run", "--", crash)
    assert (done.returncode, done.stdout) == (139, "hello\n")
    assert "crash crashed: null pointer (read)" in done.stderr
    assert "crash.c:7" in done.stderr


def test_the_fault_is_kept(crash: Path, tmp_path: Path) -> None:
    fault = document(obit(tmp_path, "run", "--json", "--", crash))
    listed = json.loads(obit(tmp_path, "list", "--json").stdout)["faults"]
    assert [(entry["id"], entry["state"]) for entry in listed] == [(fault["id"], "done")]
    assert document(obit(tmp_path, "show", fault["id"][:8], "--json")) == fault


def test_nothing_crashed(crash: Path, tmp_path: Path) -> None:
    done = obit(tmp_path, "run", "--json", "--", crash, "fine")
    assert (done.returncode, done.stdout, done.stderr) == (3, "null\n", "hello\n")
    assert obit(tmp_path, "run", crash, "fine").stdout == "hello\n"
    assert not list(tmp_path.iterdir())


def test_several_crashes(crash: Path, tmp_path: Path) -> None:
    done = obit(tmp_path, "run", "--json", "--", "sh", "-c", f"{crash}; cd /; exec {crash}")
    first = document(done)
    assert [other["process"]["cwd"] for other in first["others"]] == ["/"]
    assert first["process"]["cwd"] != "/"
    text = obit(tmp_path, "run", "--", "sh", "-c", f"{crash}; {crash}; true").stderr
    assert text.count("\nalso crash: null pointer (read) in total · obit show ") == 1


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--", "/no/such/command"], 127),
        (["--", "/etc"], 126),
        ([], 2),
        (["--"], 2),
        (["-k", "novalue", "--", "true"], 2),
        (["-k", "=x", "--", "true"], 2),
        (["--no-such-option", "true"], 2),
    ],
)
def test_what_cannot_be_run_is_one_sentence(tmp_path: Path, words: list[str], status: int) -> None:
    done = obit(tmp_path, "run", *words)
    assert done.returncode == status
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("obit: ")


def test_options_of_the_command_are_the_commands(tmp_path: Path) -> None:
    assert obit(tmp_path, "run", "echo", "--json", "-k", "--", "x").stdout == "--json -k -- x\n"


def test_make_check(crash: Path, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(f"check:\n\ttrue\n\t{crash}\n")
    done = obit(tmp_path / "home", "run", "--json", "--", "make", "check", cwd=tmp_path)
    assert done.returncode == 2
    assert functions(document(done))[0] == "total"


def test_a_shells_pipeline(crash: Path, tmp_path: Path) -> None:
    done = obit(tmp_path, "run", "--json", "--", "sh", "-c", f"{crash} | cat")
    assert done.returncode == 0
    assert functions(document(done))[0] == "total"


def test_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(PYTEST)
    done = obit(tmp_path / "home", "run", "--json", "--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path)
    fault = document(done)
    assert done.returncode == 139
    assert fault["signal"]["name"] == "SIGSEGV"
    assert "pytest" in " ".join(fault["process"]["cmdline"])
    # pytest's faulthandler took the signal on a stack of its own, and raised it again.
    assert fault["signal"]["code_name"] == "SI_TKILL"
    assert {"null", "memory.read"} <= set(fault["classifiers"]), fault["explanation"]
    assert "string_at" in functions(fault)


def test_a_handler_on_a_stack_of_its_own(tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "integration/capture/programs/altstack.c"
    subprocess.run(["gcc", "-g", "-O1", "-w", "-pthread", source, "-o", "altstack"], cwd=tmp_path, check=True)
    fault = document(obit(tmp_path / "home", "run", "--json", "--", tmp_path / "altstack"))
    assert fault["signal"]["name"] == "SIGABRT"
    assert "descend" in fault["explanation"]
    assert "body" in functions(fault), "the far end of the interrupted stack"


def test_a_test_binary_of_rust(tmp_path: Path) -> None:
    rustc = shutil.which("rustc")
    assert rustc, "rustc is needed: apt-get install rustc"
    (tmp_path / "it.rs").write_text(RUST)
    subprocess.run([rustc, "--test", "-g", "it.rs"], cwd=tmp_path, check=True, capture_output=True)
    done = obit(tmp_path / "home", "run", "--json", "--", "sh", "-c", "./it; true", cwd=tmp_path)
    fault = document(done)
    assert done.returncode == 0
    assert fault["signal"]["address"] == "0x10"
    assert any("faults" in (name or "") for name in functions(fault))


def test_a_full_core_is_kept_when_asked(crash: Path, tmp_path: Path) -> None:
    part = document(obit(tmp_path, "run", "--json", "--", crash))["id"]
    full = document(obit(tmp_path, "run", "--json", "--full", "--", crash))["id"]
    size = {fault: (tmp_path / "done" / fault / "core").stat().st_size for fault in (part, full)}
    assert size[part] < size[full]


def test_an_archive_that_cannot_be_written_still_gives_a_report(crash: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = obit(tmp_path / "file", "run", "--json", "--", crash)
    assert done.returncode == 139
    assert functions(document(done))[0] == "total"
    assert "the fault is reported but not kept: cannot write to the fault archive" in done.stderr


@pytest.mark.parametrize(
    "script",
    [
        "./crash; rm crash; true",
        "exec 3<crash; rm crash; /proc/self/fd/3; true",
        "./crash; sed -i 1,3d crash.c; gcc -g -O1 crash.c -o other && mv other crash",
    ],
)
@pytest.mark.parametrize("wrapper", [(), ("setpriv", "--bounding-set=-all", "--inh-caps=-all")])
def test_an_executable_that_is_gone_or_built_again(crash: Path, tmp_path: Path, script: str, wrapper: tuple[str, ...]) -> None:
    """As the test binaries of Go, and of a build that goes on after a crash."""
    for name in ("crash", "crash.c"):
        shutil.copy(crash.with_name(name), tmp_path)
    home = tmp_path / "home"
    words = ("run", "--json", "--", "sh", "-c", script)
    done = obit(home, *words, cwd=tmp_path, wrapper=wrapper)
    assert functions(document(done))[:2] == ["total", "main"], done.stderr
    assert "/proc/self" not in done.stdout.replace("/proc/self/fd/3", "")
    # Tomorrow: the snapshot is there, and so is what debuggers need.
    (fault,) = json.loads(obit(home, "list", "--json").stdout)["faults"]
    assert "crash.c:7" in obit(home, "show", fault["id"]).stdout
    (kept,) = (home / "modules").iterdir()
    assert kept.read_bytes() == crash.read_bytes()


def test_the_python_variables_are_the_commands(crash: Path, tmp_path: Path) -> None:
    """What PYTHONPATH and the like are meant for is the program that is run: it has them, and Obit is not led astray."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name in ("argparse", "msgspec", "json", "signal", "ctypes"):
        (theirs / f"{name}.py").write_text("raise SystemExit('of another program')")
    variables = {"PYTHONPATH": str(theirs), "PYTHONSTARTUP": str(theirs / "json.py"), "PYTHONWARNINGS": "error", "PYTHONINSPECT": "1"}
    wrapper = ("env", *(f"{name}={value}" for name, value in variables.items()))
    done = obit(tmp_path / "home", "run", "--", "sh", "-c", f"printenv {' '.join(variables)}; {crash}", wrapper=wrapper)
    assert done.returncode == 139
    assert done.stdout.split("\n")[:4] == list(variables.values())
    assert "crash crashed: null pointer (read)" in done.stderr
    obeyed = obit(tmp_path / "home", "run", "--", sys.executable, "-c", "import argparse", wrapper=wrapper)
    assert "of another program" in obeyed.stderr
