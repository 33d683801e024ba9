"""The command line from outside: real crashes, exit statuses, streams. Nothing of the package is imported."""

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
OBIT = ROOT / ".venv" / "bin" / "obit"
SOURCE = """
struct order { int id; const char *customer; struct order *next; };
__attribute__((noinline)) int total(struct order *o, int vat) {
    volatile int sum = 0;
    while (sum >= 0) {
        sum += o->id * vat;
        o = o->next;
    }
    return sum;
}
int main(void) {
    struct order b = {7, "Grace", 0}, a = {5, "Ada", &b};
    return total(&a, 19);
}
"""


class Place(NamedTuple):
    """A directory with a program that crashes, and an archive with one fault of it."""

    path: Path
    env: dict[str, str]
    id: str

    def obit(self, *words: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command, without a terminal."""
        everything = {**self.env, **(env or {})}
        return subprocess.run(
            [OBIT, *words], capture_output=True, text=True, env=everything, cwd=self.path, stdin=subprocess.DEVNULL, timeout=60, check=False
        )

    def core(self) -> Path:
        """The fault's minicore."""
        return next((self.path / "home" / "done" / self.id).glob("core*"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    path = tmp_path_factory.mktemp("cli")
    (path / "cart.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O1", "cart.c", "-o", "cart"], cwd=path, check=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith("OBIT_") and name not in ("NO_COLOR", "COLUMNS")}
    env |= {"OBIT_HOME": str(path / "home")}
    ran = subprocess.run([OBIT, "run", "--json", "--", path / "cart"], capture_output=True, env=env, cwd=path, timeout=60, check=False)
    assert ran.returncode == 139, ran.stderr
    return Place(path, env, json.loads(ran.stdout)["id"])


def on_terminal(place: Place, *words: str, env: dict[str, str] | None = None) -> str:
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    everything = {**place.env, "TERM": "xterm", **(env or {})}
    with subprocess.Popen([OBIT, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=everything, cwd=place.path) as process:
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # EIO: the last writer has gone
                break
            if not chunk:
                break
            chunks.append(chunk)
        os.close(ours)
        process.wait(60)
    return b"".join(chunks).decode()


def document(result: subprocess.CompletedProcess[str]) -> Any:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def one_sentence(result: subprocess.CompletedProcess[str], status: int) -> str:
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("obit: ")
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def test_show_prints_the_newest_fault_and_any_prefix_of_it(place: Place) -> None:
    newest = place.obit("show")
    assert newest.returncode == 0
    assert "cart.c:6" in newest.stdout
    assert place.obit("show", place.id[:6]).stdout == newest.stdout
    assert place.obit("show", place.id.upper()).stdout == newest.stdout


def test_show_json_is_the_document(place: Place) -> None:
    assert document(place.obit("show", place.id[:8], "--json"))["id"] == place.id


def test_show_all_threads_is_longer_and_has_registers(place: Place) -> None:
    long = place.obit("show", "--threads", "all").stdout
    assert "registers" in long
    assert len(long) > len(place.obit("show").stdout)


def test_list_shows_the_fault_and_the_totals(place: Place) -> None:
    text = place.obit("list").stdout
    assert place.id[:8] in text
    assert "1 done" in text
    listed = document(place.obit("list", "--json"))
    assert {fault["id"] for fault in listed["faults"]} == {place.id}
    assert listed["totals"]["done"]["count"] == 1
    assert listed["suppressed"] == 0
    assert document(place.obit("list", "--json", "-a", "other"))["faults"] == []
    assert document(place.obit("list", "--json", "--state", "failed"))["faults"] == []


def test_analyze_reads_the_minicore_and_keeps_a_snapshot_that_needs_no_other_file(place: Place, tmp_path: Path) -> None:
    snapshot = tmp_path / "cart.obit"
    first = place.obit("analyze", place.core(), "-o", snapshot)
    assert first.returncode == 0, first.stderr
    (tmp_path / "empty").mkdir()
    again = document(place.obit("analyze", snapshot, "--json", "--sysroot", tmp_path / "empty"))
    assert any(frame["function"] == "total" and frame["line"] == 6 for frame in again["threads"][0]["frames"])


def test_analyze_writes_a_page(place: Place, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = place.obit("analyze", place.core(), "--html", page)
    assert result.returncode == 0
    assert result.stdout == f"wrote {page}\n"
    assert "<html" in page.read_text()[:600]


def test_json_and_html_go_together(place: Place, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert document(place.obit("show", "--json", "--html", page))["id"] == place.id
    assert page.exists()


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["analyze", "nothing"], 4, "cannot be opened"),
        (["analyze", "cart.c"], 4, "ELF"),
        (["analyze", "."], 4, "no regular file"),
        (["analyze", "cart"], 4, "not a core"),
        (["analyze", "/dev/null"], 4, "no regular file"),
        (["analyze", "cart.c", "--exe", "nowhere"], 4, "--exe"),
        (["analyze"], 2, "FILE"),
        (["analyze", "--no-such-option"], 2, "see `obit analyze --help`"),
        (["analyze", "x", "--ful"], 2, "--ful"),
        (["show", "zzzzzz"], 2, "no fault ID"),
        (["show", "abc"], 2, "6"),
        (["show", "0123456789abcdef"], 1, "no fault"),
        (["show", "--config", "nowhere.toml"], 2, "cannot be read"),
        (["frobnicate"], 2, "unknown command"),
        (["view"], 3, "needs a terminal"),
        (["list", "--state", "happy"], 2, "invalid choice"),
        (["completion", "fish"], 2, "invalid choice"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(place: Place, words: list[str], status: int, says: str) -> None:
    assert says in one_sentence(place.obit(*words), status)


def moved(place: Place, home: Path, state: str, **files: str) -> dict[str, str]:
    """A copy of the archive in which the fault is in another state and has no analysis."""
    folder = home / state / place.id
    shutil.copytree(place.path / "home" / "done" / place.id, folder)
    for name in ("snapshot.obit", "summary.json"):
        (folder / name).unlink(missing_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return {"OBIT_HOME": str(home)}


def test_a_fault_that_waits_is_analysed_when_it_is_asked_for_and_kept(place: Place, tmp_path: Path) -> None:
    env = moved(place, tmp_path, "pending")
    shown = document(place.obit("show", place.id[:6], "--json", env=env))
    assert shown["id"] == place.id
    assert shown["source"] == "ptrace"
    assert "null" in shown["classifiers"]
    listed = document(place.obit("list", "--json", env=env))["faults"]
    assert [(fault["state"], fault["has"]) for fault in listed] == [("done", ["assets", "core", "snapshot"])]


def test_a_fault_that_failed_says_why(place: Place, tmp_path: Path) -> None:
    env = moved(place, tmp_path, "failed", reason="the analyser was killed three times")
    assert "the analyser was killed three times" in one_sentence(place.obit("show", env=env), 1)
    assert "the analyser was killed" in place.obit("list", env={**env, "OBIT_REPORT_WIDTH": "120"}).stdout


def test_a_fault_whose_writer_was_killed_is_listed_all_the_same(place: Place, tmp_path: Path) -> None:
    env = moved(place, tmp_path / "home", "incoming")
    (listed,) = json.loads(place.obit("list", "--json", env=env).stdout)["faults"]
    assert (listed["id"], listed["state"]) == (place.id, "pending")


def test_an_empty_archive_says_how_to_fill_it(place: Place, tmp_path: Path) -> None:
    empty = {"OBIT_HOME": str(tmp_path / "none")}
    assert "obit run" in one_sentence(place.obit("show", env=empty), 1)
    assert "obit run" in place.obit("list", env=empty).stdout
    assert not (tmp_path / "none").exists()


def test_a_page_that_cannot_be_written_is_said(place: Place) -> None:
    assert "cannot be written" in one_sentence(place.obit("show", "--html", "/no/where.html"), 3)


def test_colours_only_on_a_terminal_and_not_against_the_users_wish(place: Place) -> None:
    assert "\x1b[" in on_terminal(place, "show")
    assert "\x1b[" not in on_terminal(place, "show", env={"NO_COLOR": "1"})
    assert "\x1b[" not in place.obit("show").stdout


def test_a_reader_that_goes_away_is_no_failure_to_be_told(place: Place) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as broken:
        result = subprocess.run([OBIT, "show", "--threads", "all"], stdout=broken, stderr=subprocess.PIPE, env=place.env, check=False)
    assert result.returncode == 141
    assert result.stderr == b""


def test_a_terminal_that_has_no_unicode_still_gets_the_report(place: Place) -> None:
    result = place.obit("show", env={"PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0
    assert "cart.c:6" in result.stdout


def test_debug_becomes_the_debugger_with_core_and_executable(place: Place, tmp_path: Path) -> None:
    for name in ("gdb", "lldb", "drgn"):
        fake = tmp_path / name
        fake.write_text('#!/bin/sh\nprintf "%s\\n" "${0##*/}" "$@"\n')
        fake.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    core, exe = str(place.core()), str(place.path / "cart")
    assert place.obit("debug", env=env).stdout.splitlines() == ["gdb", exe, "-c", core]
    assert place.obit("debug", place.id[:6], "--drgn", env=env).stdout.splitlines() == ["drgn", "-c", core, "-s", exe]
    chosen = {**env, "OBIT_DEBUG_DEBUGGER": "lldb"}
    assert place.obit("debug", env=chosen).stdout.splitlines() == ["lldb", exe, "-c", core]


def test_gdb_opens_the_minicore(place: Place) -> None:
    result = subprocess.run(
        [OBIT, "debug", "--gdb"],
        input="backtrace\n",
        capture_output=True,
        text=True,
        env=place.env,
        cwd=place.path,
        timeout=60,
        check=False,
    )
    assert "at cart.c:6" in result.stdout
    assert "main () at cart.c:13" in result.stdout


def test_a_debugger_that_is_not_here_is_said(place: Place) -> None:
    assert "not installed" in one_sentence(place.obit("debug", "--drgn", env={"PATH": "/nowhere"}), 3)


def test_doctor_answers(place: Place) -> None:
    checks = {check["name"]: check for check in document(place.obit("doctor", "--json"))["checks"]}
    assert checks["engine"]["ok"]
    assert checks["obit run"]["ok"]
    assert "engine" in place.obit("doctor").stdout


def test_config_says_where_a_value_comes_from(place: Place) -> None:
    (place.path / "my.toml").write_text("[report]\nwidth = 70\n")
    listed = document(place.obit("--config", "my.toml", "config", "--json"))["settings"]
    assert {one["name"]: (one["value"], one["source"]) for one in listed}["report.width"] == (70, "my.toml")
    assert "report.width = 70   (my.toml)" in place.obit("config", "--config", "my.toml").stdout


def test_the_width_that_is_set_holds(place: Place) -> None:
    lines = place.obit("show", env={"OBIT_REPORT_WIDTH": "60"}).stdout.splitlines()
    assert max(len(line) for line in lines if not line.startswith("            ")) <= 60


def test_bash_accepts_the_completion_and_completes_commands(place: Place) -> None:
    script = place.path / "completion"
    script.write_text(place.obit("completion", "bash").stdout)
    ask = f'. {script}; COMP_WORDS=(obit sh); COMP_CWORD=1; _shtab_obit; echo "${{COMPREPLY[@]}}"'
    result = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["show"]


def test_the_version_is_quick(place: Place) -> None:
    """Processor time: what else runs on the machine does not count."""
    times = []
    for _ in range(5):
        before = os.times()
        assert place.obit("--version").stdout.startswith("obit ")
        after = os.times()
        times.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(times) <= 0.060


def test_the_version_imports_nothing_slow(place: Place) -> None:
    result = place.obit("--version", env={"PYTHONPROFILEIMPORTTIME": "1"})
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "obit.cli.main" in imported
    assert not {"argparse", "msgspec", "typing", "subprocess"} & imported


def test_view_opens_on_a_terminal_and_quits(place: Place) -> None:
    ours, theirs = pty.openpty()
    env = {**place.env, "TERM": "xterm-256color"}
    with subprocess.Popen([OBIT, "view", place.id[:6]], stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=place.path) as process:
        os.close(theirs)
        seen = b""
        while b"cart.c" not in seen:
            seen += os.read(ours, 65536)
        os.write(ours, b"q")
        try:
            while os.read(ours, 65536):
                pass
        except OSError:
            pass
        os.close(ours)
        assert process.wait(30) == 0
