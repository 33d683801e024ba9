"""What the README shows is what a newcomer gets."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_report_in_the_readme_is_the_one_that_is_printed_now() -> None:
    result = subprocess.run([sys.executable, ROOT / "tools" / "readme_output.py", "--check"], check=False)
    assert result.returncode == 0, "the report looks different now: make docs"


def test_the_demo_explains_a_c_and_a_cpp_crash() -> None:
    result = subprocess.run(["make", "--no-print-directory", "demo"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    report = result.stdout + result.stderr
    assert "cart crashed: null pointer" in report
    assert "apply_discount" in report
    assert "cart.c:38" in report
    assert "inventory crashed: null pointer" in report
    assert "Warehouse::reserve" in report
    assert "inventory.cpp:39" in report
