import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from obit.agent import install as installing
from obit.agent.install import FILES, LINKS, MANIFEST, SERVICE, SOCKETS, install, uninstall
from obit.errors import EnvironmentLacks, UsageError

OBIT = "/opt/obit/bin/obit"
COMMAND = Path(sys.executable).with_name("obit")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine that has some of the directories, and files of others in them."""
    place = tmp_path / "machine"
    (place / "etc/systemd/system/multi-user.target.wants").mkdir(parents=True)
    (place / "etc/sysctl.d").mkdir()
    (place / "etc/sysctl.d/50-coredump.conf").write_text("kernel.core_pattern=|/usr/lib/systemd/systemd-coredump %P\n")
    (place / "etc/systemd/system/multi-user.target.wants/ssh.service").symlink_to("/lib/systemd/system/ssh.service")
    return place


def tree(root: Path) -> dict[str, tuple[int, str]]:
    """Everything below a directory: mode, and content or target."""
    found = {}
    for path in sorted(root.rglob("*")):
        content = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else ""
        found[str(path.relative_to(root))] = path.lstat().st_mode, content
    return found


def put(root: Path, obit: str = OBIT, **options: bool) -> list[str]:
    return list(install(str(root), obit=obit, **options))


def take_back(root: Path, **options: bool) -> list[str]:
    return list(uninstall(str(root), **options))


def test_it_is_exactly_reversible(root: Path) -> None:
    before = tree(root)
    put(root)
    assert set(FILES) | set(LINKS) | {MANIFEST} <= set(tree(root))
    take_back(root)
    assert tree(root) == before


def test_a_second_time_does_nothing(root: Path) -> None:
    put(root)
    once = tree(root)
    assert put(root) == ["everything is installed"]
    assert tree(root) == once
    take_back(root)
    assert take_back(root) == [f"nothing is installed below {root}"]


def test_a_newer_version_renews_what_an_older_one_made(root: Path) -> None:
    before = tree(root)
    put(root, "/old/obit")
    assert put(root, "/new/obit") == [f"wrote {root}/etc/systemd/system/{SERVICE}"]
    assert "ExecStart=/new/obit agent run" in (root / "etc/systemd/system" / SERVICE).read_text()
    take_back(root)
    assert tree(root) == before


@pytest.mark.parametrize("what", [put, take_back])
def test_a_dry_run_changes_nothing(root: Path, what: object) -> None:
    if what is take_back:
        put(root)
    before = tree(root)
    lines = put(root, dry_run=True) if what is put else take_back(root, dry_run=True)
    assert sum(line.startswith("would ") for line in lines) == len(FILES) + len(LINKS)
    assert tree(root) == before


@pytest.mark.parametrize("path", ["etc/systemd/system/obit-agent.service", "etc/systemd/system/multi-user.target.wants/obit-agent.service"])
def test_a_file_of_somebody_elses_is_not_overwritten(root: Path, path: str) -> None:
    (root / path).write_text("mine")
    before = tree(root)
    with pytest.raises(EnvironmentLacks, match="is not what Obit put there"):
        put(root)
    assert tree(root) == before


def test_what_somebody_has_changed_since_stays(root: Path) -> None:
    put(root)
    sysctl = root / "etc/sysctl.d/60-obit.conf"
    sysctl.write_text("kernel.core_pipe_limit = 8\n")
    assert f"left {sysctl}: it was changed since" in take_back(root)
    assert sysctl.read_text() == "kernel.core_pipe_limit = 8\n"


def test_what_somebody_has_removed_is_no_trouble(root: Path) -> None:
    put(root)
    (root / "etc/tmpfiles.d/obit.conf").unlink()
    take_back(root)
    assert MANIFEST not in tree(root)


def test_what_was_cut_off_can_be_taken_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(root)
    write = installing._write

    def fail_at_sysctl(root: str, path: str, content: bytes) -> None:
        if "sysctl" in path:
            raise OSError("the disk is full")
        write(root, path, content)

    monkeypatch.setattr(installing, "_write", fail_at_sysctl)
    with pytest.raises(OSError, match="full"):
        put(root)
    monkeypatch.undo()
    take_back(root)
    assert tree(root) == before


@pytest.mark.parametrize("obit", [OBIT, "/opt/my obit/bin/obit", "/opt/100%n/obit", "/opt/$HOME/obit"])
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path, root: Path, obit: str) -> None:
    program = tmp_path / obit.lstrip("/")
    program.parent.mkdir(parents=True)
    shutil.copy("/bin/true", program)
    put(root, str(program))
    units = [str(root / "etc/systemd/system" / name) for name in (SERVICE, *SOCKETS)]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_broken_unit_would_be_found(tmp_path: Path, root: Path) -> None:
    put(root, "/nonexistent/obit")
    unit = str(root / "etc/systemd/system" / SERVICE)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert done.returncode != 0


def test_the_service_is_hardened(root: Path) -> None:
    put(root, "/bin/true")
    unit = str(root / "etc/systemd/system" / SERVICE)
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=50", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]


def test_systemds_own_tools_accept_user_and_directories(root: Path) -> None:
    put(root)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    subprocess.run(["systemd-sysusers", f"--root={root}", str(root / "etc/sysusers.d/obit.conf")], check=True, capture_output=True)
    assert "\nobit:" in (root / "etc/passwd").read_text()
    command = ["systemd-tmpfiles", f"--root={root}", "--create", str(root / "etc/tmpfiles.d/obit.conf")]
    subprocess.run(command, check=True, capture_output=True)
    assert (root / "var/lib/obit").stat().st_mode & 0o777 == 0o700
    uid = next(line.split(":")[2] for line in (root / "etc/passwd").read_text().splitlines() if line.startswith("obit:"))
    assert (root / "var/lib/obit").stat().st_uid == int(uid)


def test_on_the_running_system_the_services_are_started_and_stopped() -> None:
    """Only said here."""
    lines = list(install("/", dry_run=True, obit=OBIT))
    assert "would run systemctl start obit-kernel.socket obit-drop.socket obit-agent.service" in lines
    assert "would run systemd-sysusers /etc/sysusers.d/obit.conf" in lines


def test_a_damaged_manifest_is_said(root: Path) -> None:
    put(root)
    (root / MANIFEST).write_text("{")
    with pytest.raises(EnvironmentLacks, match="damaged"):
        take_back(root)


@pytest.mark.parametrize("character", "\n\"'\\")
def test_a_path_that_no_unit_can_have(root: Path, character: str) -> None:
    with pytest.raises(UsageError):
        put(root, f"/opt/a{character}b/obit")


def test_the_command(root: Path) -> None:
    before = tree(root)
    for words in (["install", "--dry-run"], ["install"], ["install"], ["uninstall"], ["uninstall"]):
        done = subprocess.run([COMMAND, "agent", *words, "--root", root], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout
    assert tree(root) == before


def test_a_root_that_cannot_be_changed_is_said() -> None:
    done = subprocess.run([COMMAND, "agent", "install", "--root", "/proc/self"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("obit: /proc/self/etc")
