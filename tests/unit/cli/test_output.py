"""What the terminal bears."""

import io
from pathlib import Path

import pytest

from obit.cli import output
from obit.errors import EnvironmentLacks


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert output.color(Terminal())
    assert not output.color(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not output.color(Terminal())
    monkeypatch.setenv("NO_COLOR", "")
    assert output.color(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert not output.color(Terminal())


def test_the_width_is_80_without_a_terminal_or_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBIT_REPORT_WIDTH", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    assert output.width(None) == 80
    monkeypatch.setenv("COLUMNS", "60")
    assert output.width(None) == 60
    monkeypatch.setenv("COLUMNS", "wide")
    assert output.width(None) == 80
    monkeypatch.setenv("OBIT_REPORT_WIDTH", "66")
    assert output.width(None) == 66


def test_text_that_the_terminal_cannot_show_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    output.print_text("▸ naïve\n")
    stream.flush()
    assert raw.getvalue() == b"? na?ve\n"


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLacks, match="cannot be written"):
        output.write_file(str(tmp_path / "no" / "where"), b"")
