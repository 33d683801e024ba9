"""The contract's black-box check, as it was given: the stages of what is built so far."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "tests" / "contract"
GIVEN = ROOT.parent / "shared" / "contract"


@pytest.mark.needs_root
@pytest.mark.parametrize("stage", ["analyze", "run"])
def test_the_contract_holds(stage: str) -> None:
    result = subprocess.run(
        [sys.executable, CONTRACT / "smoke.py", stage], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 failed" in result.stdout


@pytest.mark.parametrize("name", ["smoke.py", "fault.schema.json"])
def test_the_contract_is_the_one_that_was_given(name: str) -> None:
    """Where the original is beside the project, the copy is the same."""
    original = GIVEN / name
    assert not original.exists() or original.read_bytes() == (CONTRACT / name).read_bytes()


def test_the_package_ships_the_contracts_schema() -> None:
    assert (ROOT / "src/obit/snapshot/fault.schema.json").read_bytes() == (CONTRACT / "fault.schema.json").read_bytes()
