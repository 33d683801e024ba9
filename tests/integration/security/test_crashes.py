"""Hostile crashes of the machine, and who may read what is kept of them: one agent, seen from outside."""

import os
import socket
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.agents import SECONDS, Agent, machine, until

pytestmark = [pytest.mark.needs_root, pytest.mark.exclusive]
NOBODY = 65534
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
DUMPABLE = Path("/proc/sys/fs/suid_dumpable")
SETTLED = ("done", "failed")
SECRET = "the-secret-of-root"
VICTIM = r"""
#include <sys/prctl.h>
#include <sys/resource.h>
#include <stdlib.h>
int main(void) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &all);
    if (getenv("NAME")) prctl(PR_SET_NAME, getenv("NAME"));
#line 1 SOURCE
    *(volatile int *)0 = 1;
    return 0;
}
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A place that every user can reach."""
    made = subprocess.run(["mktemp", "-d", "/tmp/obit-security-XXXXXX"], capture_output=True, text=True, check=True).stdout.strip()
    os.chmod(made, 0o755)
    yield Path(made)
    subprocess.run(["rm", "-rf", made], check=True)


@pytest.fixture(scope="module")
def agent(folder: Path) -> Iterator[Agent]:
    before = DUMPABLE.read_text()
    with machine():
        try:
            DUMPABLE.write_text("2")
            with Agent(folder / "h") as running:
                yield running
        finally:
            DUMPABLE.write_text(before)


def build(folder: Path, name: str, source: str = "victim.c") -> Path:
    command = ["gcc", "-g", "-x", "c", "-", "-o", name, f'-DSOURCE="{source}"']
    subprocess.run(command, input=VICTIM.encode(), check=True, cwd=folder)
    return folder / name


def crashed(agent: Agent, command: Sequence[str | Path], **environment: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A crash's row in the list and its document."""
    before = {fault["id"] for fault in agent.listing()["faults"]}
    words, name = [str(word) for word in command], Path(command[-1]).name
    status = subprocess.run(words, env={"PATH": os.environ["PATH"], **environment}, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL)
    assert status.returncode in (-11, 139)

    def fresh() -> list[dict[str, Any]]:
        faults = agent.listing()["faults"]
        return [fault for fault in faults if fault["id"] not in before and fault["application"] == name and fault["state"] in SETTLED]

    (fault,) = until(fresh, "the fault")
    assert fault["state"] == "done", fault
    return fault, agent.show(fault)


def meta_of(agent: Agent, fault: dict[str, Any]) -> str:
    return Path(agent.home, "done", fault["id"], "meta.json").read_text()


def set_user(program: Path) -> None:
    program.chmod(0o4755)


def set_group(program: Path) -> None:
    program.chmod(0o2755)


def set_capability(program: Path) -> None:
    subprocess.run(["setcap", "cap_net_raw+ep", program], check=True)


@pytest.mark.parametrize("privileged", [set_user, set_group, set_capability])
def test_a_program_with_more_rights_than_its_user_is_for_root_only(agent: Agent, folder: Path, privileged: Any) -> None:
    program = build(folder, privileged.__name__)
    privileged(program)
    fault, _ = crashed(agent, [*AS_NOBODY, program])
    assert '"dumpable": 2' in meta_of(agent, fault)


def test_the_user_who_crashed_gets_nothing_of_the_archive(agent: Agent, folder: Path) -> None:
    """Neither as its owner, nor through its group: no file is given to anybody."""
    crashed(agent, [*AS_NOBODY, build(folder, "plain")])
    found = list((agent.home / "done").rglob("*"))
    assert len(found) > 3
    for path in (*found, agent.home / "done"):
        status = path.lstat()
        assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode) & 0o077) == (0, 0, 0), path
    assert subprocess.run([*AS_NOBODY, "ls", agent.home / "done"], capture_output=True, check=False).returncode


@pytest.mark.parametrize("name", [") R 1 1 1", "a\nUid:\t7\t7", "x) S 1\n(y", "((((", "%P%d|"])
def test_a_hostile_name_forges_nothing(agent: Agent, folder: Path, name: str) -> None:
    fault, document = crashed(agent, [*AS_NOBODY, build(folder, "named")], NAME=name)
    assert document["process"]["uid"] == NOBODY
    assert document["process"]["exe"] == str(folder / "named")
    assert f'"uid": {NOBODY}' in meta_of(agent, fault)
    assert document["threads"][0]["name"] == name[:15]


def sources(document: dict[str, Any]) -> list[Any]:
    return [frame["source"] for thread in document["threads"] for frame in thread["frames"] if frame.get("source")]


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    path.write_text(f"{SECRET}\n" * 20)
    path.chmod(0o644)
    yield path


def test_source_lines_are_shown_where_the_user_could_read_them(agent: Agent, folder: Path) -> None:
    with readable(folder / "open.c") as source:
        _, document = crashed(agent, [*AS_NOBODY, build(folder, "shown", str(source))])
    assert SECRET in str(sources(document))


def private(folder: Path) -> Path:
    (folder / "private.c").write_text(f"{SECRET}\n" * 20)
    (folder / "private.c").chmod(0o600)
    return folder / "private.c"


def below_private(folder: Path) -> Path:
    (folder / "closed").mkdir(mode=0o700)
    with readable(folder / "closed/open.c") as source:
        return source


def link(folder: Path) -> Path:
    with readable(folder / "target.c") as source:
        (folder / "link.c").symlink_to(source)
    return folder / "link.c"


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "fifo.c", 0o666)
    return folder / "fifo.c"


def shadow(_folder: Path) -> Path:
    return Path("/etc/shadow")


def process(_folder: Path) -> Path:
    return Path("/proc/1/environ")


def device(_folder: Path) -> Path:
    return Path("/dev/zero")


@pytest.mark.parametrize("source", [private, below_private, link, fifo, shadow, process, device])
def test_no_file_is_opened_because_debug_information_names_it(agent: Agent, folder: Path, source: Any) -> None:
    _, document = crashed(agent, [*AS_NOBODY, build(folder, f"names-{source.__name__}", str(source(folder)))])
    assert sources(document) == []
    assert SECRET not in str(document)


def test_nothing_of_a_container_is_run_and_its_ids_are_the_machines(agent: Agent, folder: Path) -> None:
    """The root directory is the victim's, with programs under every name that somebody might run."""
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    subprocess.run(["gcc", "-static", "-g", "-x", "c", "-", "-o", root / "contained", '-DSOURCE="v.c"'], input=VICTIM.encode(), check=True)
    for name in ("sh", "python3", "gdb", "dpkg", "rpm", "objdump"):
        (root / "bin" / name).write_text(f"#!/victim\n# {SECRET}\n")
        (root / "bin" / name).chmod(0o755)
    pids = [agent.process.pid, *(pid for role in agent.roles().values() for pid in role)]
    trace = folder / "executed"
    words = [word for pid in pids for word in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", "-f", *words, "-o", trace, "-e", "trace=execve,execveat,setns"], stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    for _ in pids:
        assert "attached" in tracer.stderr.readline()
    container = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={root}", "--wd=/", "/contained"]
    try:
        fault, document = crashed(agent, container)
    finally:
        tracer.terminate()
        tracer.communicate()
    assert "exec" not in trace.read_text()
    assert "setns" not in trace.read_text()
    assert fault["pid"] > 2, "as the machine counts, and not the container"
    assert document["threads"][0]["frames"][0]["function"] == "main"


def status_of(pid: int) -> dict[str, str]:
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


@pytest.mark.parametrize("role", ["selector", "analyser"])
def test_whoever_parses_what_a_victim_wrote_is_nobody(agent: Agent, folder: Path, role: str) -> None:
    """No user, no capability, no file system, no network, no new rights, no core of its own."""
    crashed(agent, [build(folder, "parsed")])
    pid = agent.role(role)
    status = status_of(pid)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {str(NOBODY)}
    assert status["Groups"].split() == []
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert os.listdir(f"/proc/{pid}/root/") == []
    assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
    assert Path(f"/proc/{pid}/environ").stat().st_uid == 0, "it is not dumpable: nobody else who is nobody may look into it"


@pytest.mark.parametrize(("role", "allowed"), [("receiver", {1, 2, 19, 21}), ("broker", {2, 6, 7}), ("committer", set())])
def test_the_others_have_the_capabilities_they_need(agent: Agent, role: str, allowed: set[int]) -> None:
    status = status_of(agent.role(role))
    assert {bit for bit in range(64) if int(status["CapEff"], 16) >> bit & 1} == allowed
    assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("prefix", [(), AS_NOBODY])
def test_a_crash_that_somebody_made_up_is_none(agent: Agent, prefix: Sequence[str]) -> None:
    """A connection that is not the kernel's, and a hand-over that is not root's handler's."""
    before = len(agent.listing()["faults"])
    for name, kind in (("kernel", "SOCK_STREAM"), ("drop", "SOCK_SEQPACKET")):
        code = (
            f"import os, socket as s\nc = s.socket(s.AF_UNIX, s.{kind})\nc.connect('{agent.home}/run/{name}')\n"
            "s.send_fds(c, [b'1 1 11 0 1'], [os.pipe()[0]])\nc.settimeout(20)\nc.recv(100)\n"
        )
        if name == "drop" and not prefix:
            continue  # root may hand over: it is who the kernel runs the handler as
        done = subprocess.run([*prefix, "python3", "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False)
        assert "timed out" not in done.stderr, "it was let go"
    assert len(agent.listing()["faults"]) == before


def test_the_sockets_are_where_nobody_else_writes(agent: Agent) -> None:
    run = agent.home / "run"
    assert stat.S_IMODE(run.stat().st_mode) & 0o022 == 0
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(run / "kernel"))
