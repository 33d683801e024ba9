"""A skip is named, and in CI it is a failure."""

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[2] / "conftest.py"


def run_tests(place: Path, source: str, ci: str) -> str:
    (place / "conftest.py").write_text(CONFTEST.read_text())
    (place / "test_it.py").write_text(source)
    (place / "pytest.ini").write_text("[pytest]\nmarkers =\n  needs_root: x\n")
    command = [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", str(place)]
    return subprocess.run(command, capture_output=True, text=True, cwd=place, env={"CI": ci}, check=False).stdout


SKIPS = "import pytest\n@pytest.mark.skip(reason='no gdb')\ndef test_a(): pass\ndef test_b(): pytest.skip('no lldb')\ndef test_c(): pass\n"
MODULE_SKIPS = "import pytest\npytest.skip('no chromium', allow_module_level=True)\n"


def test_a_skip_is_a_skip_on_a_desk(tmp_path: Path) -> None:
    assert "1 passed, 2 skipped" in run_tests(tmp_path, SKIPS, "")


def test_a_skip_is_a_failure_in_ci(tmp_path: Path) -> None:
    output = run_tests(tmp_path, SKIPS, "true")
    assert "1 failed, 1 passed, 1 error" in output
    assert "no gdb" in output
    assert "no lldb" in output


def test_a_module_that_skips_itself_is_a_failure_in_ci(tmp_path: Path) -> None:
    assert "1 error" in run_tests(tmp_path, MODULE_SKIPS, "true")


@pytest.mark.parametrize(("user", "expected"), [(0, "1 passed"), (1000, "test_mounts needs root")])
def test_a_test_that_needs_root_says_so_by_name(tmp_path: Path, user: int, expected: str) -> None:
    source = "import pytest\n@pytest.mark.needs_root\ndef test_mounts(): pass\n"
    override = f"\nos.geteuid = lambda: {user}\n"
    (tmp_path / "test_it.py").write_text(source)
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text() + override)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  needs_root: x\n")
    command = [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", str(tmp_path)]
    assert expected in subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={}, check=False).stdout
