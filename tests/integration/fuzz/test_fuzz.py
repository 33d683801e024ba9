"""The seeded part of the fuzzing: the same mutated cores, executables and debug files every time. `make fuzz` runs 20,000."""

import subprocess
import sys

import pytest

COUNT, SEED = 300, 20261120


@pytest.mark.timeout(900)
def test_hostile_files_never_hang_crash_or_confuse_obit() -> None:
    command = [sys.executable, "-m", "tests.fuzz.run", "--count", str(COUNT), "--seed", str(SEED)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert f"{COUNT} cases" in done.stdout
    assert ", 0 problems" in done.stdout
