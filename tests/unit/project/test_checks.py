"""What `make test` is made of."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_make_test_runs_every_check() -> None:
    result = subprocess.run(
        ["make", "-n", "test", "VENV=.venv"], cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    for check in ("ruff check .", "ruff format --check .", "mypy", "lint-imports", "tests/unit", "--ignore tests/unit tests"):
        assert check in result.stdout, check


def test_every_ignored_rule_has_a_reason() -> None:
    settings = (ROOT / "pyproject.toml").read_text()
    lint = settings[settings.index("\nignore = [") : settings.index("[tool.ruff.lint.mccabe]")]
    ignored = re.findall(r'^\s+"[A-Z]+[0-9]*",?(.*)$', lint, re.MULTILINE)
    assert len(ignored) > 20
    assert all(re.fullmatch(r"\s*# .{10,}", reason) for reason in ignored), ignored


def test_every_layer_is_in_the_contract() -> None:
    settings = (ROOT / "pyproject.toml").read_text()
    assert "exhaustive = true" in settings


def test_package_lists_are_sorted_and_do_not_repeat() -> None:
    seen: list[str] = []
    for name in ("debian.txt", "debian-test.txt"):
        for paragraph in re.split(r"^#.*$", (ROOT / "packages" / name).read_text(), flags=re.MULTILINE):
            packages = paragraph.split()
            assert packages == sorted(packages)
            seen += packages
    assert len(seen) == len(set(seen))
