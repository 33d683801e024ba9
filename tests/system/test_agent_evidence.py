"""What the agent keeps beside the core: the code that ran, packages, files of /proc; and whom it feeds besides."""

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from obit.agent import install
from tests.system import agents
from tests.system.agents import OBIT, PATTERN, Agent, build, crash, machine

pytestmark = [pytest.mark.needs_root, pytest.mark.exclusive]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    folder.mkdir()
    return build(folder)


@pytest.fixture
def held() -> Iterator[str]:
    """The machine's core_pattern is ours for the test."""
    with machine() as text:
        yield text


def test_the_executable_is_kept_and_libraries_have_their_package(tmp_path: Path, program: Path, held: str) -> None:
    with Agent(tmp_path / "home") as agent:
        fault = agent.settled(crash(program))
        document = agent.show(fault)
    kept = {path.name.partition(".")[0] for path in (tmp_path / "home" / "modules").iterdir()}
    modules = {module["path"]: module for module in document["modules"]}
    assert modules[str(program)]["build_id"] in kept
    libc = next(module for path, module in modules.items() if path.endswith("/libc.so.6"))
    assert libc["build_id"] in kept
    assert libc["package"] == "libc6"
    installed = subprocess.run(["dpkg-query", "-W", "-f=${Version}", "libc6"], capture_output=True, text=True, check=True).stdout
    assert libc["version"] == installed
    assert "package" not in modules[str(program)] or modules[str(program)]["package"] is None


def test_a_fault_is_analysed_again_from_the_kept_code(tmp_path: Path, program: Path, held: str) -> None:
    with Agent(tmp_path / "home", OBIT_CORE_KEEP="always") as agent:
        fault = agent.settled(crash(program))
    folder = tmp_path / "home" / "done" / fault["id"]
    shutil.rmtree(program.parent)
    for name in ("snapshot.obit", "summary.json"):
        (folder / name).unlink()
    (tmp_path / "home" / "pending").mkdir(exist_ok=True)
    folder.rename(tmp_path / "home" / "pending" / fault["id"])
    environ = {**os.environ, "OBIT_HOME": str(tmp_path / "home")}
    shown = subprocess.run([OBIT, "show", fault["id"]], env=environ, capture_output=True, text=True, check=True).stdout
    assert "total" in shown
    assert "crash.c" in shown


def test_files_of_proc_are_kept(tmp_path: Path, program: Path, held: str) -> None:
    log = tmp_path / "shop.log"
    log.write_text("last words\n")
    with Agent(tmp_path / "home", OBIT_ASSETS_LOGS=f"crash={log}", OBIT_ASSETS_DIRECTORIES=str(program.parent)) as agent:
        pid = crash(program)
        fault = agent.settled(pid)
    with tarfile.open(tmp_path / "home" / "done" / fault["id"] / "assets.tar") as tar:
        names = tar.getnames()
        status, words = tar.extractfile("status"), tar.extractfile("logs/0")
        assert status is not None
        assert words is not None
        assert f"Pid:\t{pid}\n".encode() in status.read()
        assert words.read() == f"{log}\nlast words\n".encode()
    assert {"links.json", "tasks.json", "host.json", "directories.json"} <= set(names)


@pytest.mark.parametrize("capture", ["socket", "pipe"])
def test_the_handler_that_was_there_before_gets_the_core_too(tmp_path: Path, program: Path, held: str, capture: str) -> None:
    handler = tmp_path / "handler"
    handler.write_text(f"#!/bin/sh\ncat > {tmp_path}/core.$1.new; id -u > {tmp_path}/uid; mv {tmp_path}/core.$1.new {tmp_path}/core.$1\n")
    handler.chmod(0o755)
    PATTERN.write_text(f"|{handler} %P")
    with Agent(tmp_path / "home", capture=capture, OBIT_FORWARD_COMMAND="previous") as agent:
        pid = crash(program)
        assert agent.settled(pid)["state"] == "done"
    assert PATTERN.read_text() == f"|{handler} %P\n"
    assert (tmp_path / "uid").read_text() == "0\n"
    words = ["gdb", "-batch", "-nx", str(program), "-c", str(tmp_path / f"core.{pid}"), "-ex", "bt"]
    assert "total (order=" in subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("capture", ["socket", "pipe"])
def test_the_service_may_do_whatever_the_agent_does(
    tmp_path: Path, program: Path, held: str, monkeypatch: pytest.MonkeyPatch, capture: str
) -> None:
    """The unit's SystemCallFilter, against what is called from the start over a crash and a forwarded core to the end."""
    trace, traced = tmp_path / "trace", tmp_path / "obit"
    traced.write_text(f'#!/bin/sh\nexec strace -D -f -qq -o {trace} {OBIT} "$@"\n')
    traced.chmod(0o755)
    monkeypatch.setattr(agents, "OBIT", traced)
    with Agent(tmp_path / "home", capture=capture, OBIT_FORWARD_COMMAND="/usr/bin/wc -c") as agent:
        monkeypatch.undo()
        assert agent.settled(crash(program))["state"] == "done"
    called = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE))
    assert {"chroot", "unshare", "splice"} <= called
    assert called - allowed_calls() == set()


def allowed_calls() -> set[str]:
    unit = (Path(install.__file__).parent / "units" / install.SERVICE).read_text()
    (line,) = re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE)
    return {call for word in line.split() for call in calls_of(word)}


def calls_of(word: str) -> set[str]:
    """The system calls that systemd means by a word of a filter."""
    if not word.startswith("@"):
        return {word}
    out = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True).stdout
    words = [line.strip() for line in out.splitlines()[1:]]
    return {call for each in words if each and not each.startswith("#") for call in calls_of(each)}
