"""Where the archive is, and what an ID is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from obit.archive import layout

SRC = Path(layout.__file__).parents[2]


def test_obit_home_overrides_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBIT_HOME", "/srv/faults")
    assert layout.home() == "/srv/faults"


def test_root_has_var_lib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBIT_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert layout.home() == "/var/lib/obit"


@pytest.mark.parametrize(("state", "home"), [("/data/state", "/data/state/obit"), ("relative", "/home/ada/.local/state/obit")])
def test_a_user_has_the_xdg_state_directory(monkeypatch: pytest.MonkeyPatch, state: str, home: str) -> None:
    monkeypatch.delenv("OBIT_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", state)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert layout.home() == home


def test_ids_are_32_hex_digits_and_differ() -> None:
    first, second = layout.new_id(), layout.new_id()
    assert first != second
    assert layout.is_id(first)
    assert not layout.is_id(first[:-1])
    assert not layout.is_id(first.upper().replace("0", "A"))
    assert not layout.is_id("../" + first[3:])


def test_the_writer_runs_isolated_without_site_packages() -> None:
    """The kernel's pipe handler starts so; what it does not import it does not pay for."""
    script = (
        f"import sys; sys.path.insert(0, {str(SRC)!r}); import obit.archive.writer; "
        "print(*sorted({'msgspec', 'typing', 'json', 'dataclasses', 'pathlib', 're', 'subprocess'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
