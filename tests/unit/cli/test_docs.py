"""The documentation is what the commands say; completions and the man page name every command."""

import subprocess
import sys
from pathlib import Path

import pytest

from obit.cli.main import COMMANDS
from obit.cli.settings import SETTINGS
from obit.cli.whole import whole_parser

ROOT = Path(__file__).parents[3]


def test_the_generated_pages_are_up_to_date() -> None:
    """`make docs` writes them."""
    assert subprocess.run([sys.executable, ROOT / "tools/docs.py", "--check"], check=False).returncode == 0


@pytest.mark.parametrize("name", [name for name, _ in COMMANDS])
def test_every_command_is_documented(name: str) -> None:
    assert f"\n## obit {name}\n" in (ROOT / "docs/commands.md").read_text()


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/settings.md").read_text()
    assert all(one.name in page and one.variable in page for one in SETTINGS)


def test_the_man_page_has_every_command(tmp_path: Path) -> None:
    page = tmp_path / "obit.1"
    subprocess.run([sys.executable, ROOT / "tools/man.py", page], check=True)
    text = page.read_text().replace("\\-", "-")
    assert all(f"obit {name}" in text for name, _ in COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completions_know_every_command(shell: str) -> None:
    import shtab

    script = shtab.complete(whole_parser(), shell=shell)
    assert all(name in script for name, _ in COMMANDS)
