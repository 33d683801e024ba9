"""`make setup`: repeatable, and clear about what it cannot do."""

import os
import resource
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ROOT / "tools" / "packages.sh"


def packages(place: Path, status: str, user: str) -> subprocess.CompletedProcess[str]:
    """The package step where dpkg-query says `status` of everything and `id -u` says `user`; apt-get only notes what it is asked for."""
    scripts = {"dpkg-query": f"echo -n {status}", "id": f"echo {user}", "apt-get": f'echo "$@" >> {place}/asked'}
    (place / "bin").mkdir()
    for name, script in scripts.items():
        (place / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (place / "bin" / name).chmod(0o755)
    (place / "list").write_text("# a comment\nlibdw-dev\ngcc # another\n")
    environment = {"PATH": f"{place}/bin:/usr/bin:/bin"}
    return subprocess.run([PACKAGES, place / "list"], capture_output=True, text=True, env=environment, check=False)


def test_nothing_is_asked_for_when_everything_is_there(tmp_path: Path) -> None:
    result = packages(tmp_path, "installed", "0")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert not (tmp_path / "asked").exists()


def test_root_installs_what_is_missing(tmp_path: Path) -> None:
    assert packages(tmp_path, "unknown", "0").returncode == 0
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update.startswith("update")
    assert install.startswith("install")
    assert install.endswith(" libdw-dev gcc")


def test_a_user_gets_the_exact_line(tmp_path: Path) -> None:
    result = packages(tmp_path, "unknown", "1000")
    assert result.returncode == 3
    assert "sudo apt-get install -y --no-install-recommends libdw-dev gcc\n" in result.stderr
    assert not (tmp_path / "asked").exists()


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_setup_again_does_nothing_and_is_quick() -> None:
    # `make test` runs this: its own flags are not for the make that is tested.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(["make", "setup"], cwd=ROOT, check=True, capture_output=True, env=environment)
    before = os.stat(ROOT / ".venv" / ".built").st_mtime_ns
    used = _cpu_of_children()
    result = subprocess.run(["make", "setup"], cwd=ROOT, check=True, capture_output=True, text=True, env=environment)
    assert _cpu_of_children() - used < 1
    assert result.stdout == "ready: .venv/bin/obit\n"
    assert os.stat(ROOT / ".venv" / ".built").st_mtime_ns == before


def test_an_old_python_is_refused_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    command = ["make", f"PYTHON={old}", f"VENV={tmp_path}/venv", f"{tmp_path}/venv/.created"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "Obit needs Python 3.11 or newer" in result.stderr
