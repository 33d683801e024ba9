"""Where a setting's value comes from."""

from pathlib import Path

import pytest

from obit.cli import settings
from obit.errors import UsageError


@pytest.fixture(autouse=True)
def no_other_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "DEFAULT_FILE", str(tmp_path / "obit.toml"))
    for setting in settings.SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)


def write(tmp_path: Path, text: str) -> str:
    file = tmp_path / "chosen.toml"
    file.write_text(text)
    return str(file)


def test_without_any_source_the_defaults_hold() -> None:
    found = settings.load()
    assert {name: one.value for name, one in found.items()} == {one.name: one.default for one in settings.SETTINGS}
    assert {one.source for one in found.values()} == {"default"}


def test_the_file_goes_before_the_default(tmp_path: Path) -> None:
    file = write(tmp_path, '[debug]\ndirectories = ["/a", "/b"]\n[report]\nwidth = 100\n')
    found = settings.load(file)
    assert settings.texts(found["debug.directories"]) == ("/a", "/b")
    assert found["report.width"] == (found["report.width"].setting, 100, file)
    assert found["debug.debugger"].source == "default"


def test_the_variable_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBIT_REPORT_WIDTH", "90")
    monkeypatch.setenv("OBIT_DEBUG_DIRECTORIES", "/x:/y:")
    found = settings.load(write(tmp_path, "[report]\nwidth = 100\n"))
    assert settings.number(found["report.width"]) == 90
    assert found["report.width"].source == "OBIT_REPORT_WIDTH"
    assert settings.texts(found["debug.directories"]) == ("/x", "/y")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[report\n", "is no TOML"),
        ("[report]\nwidth = true\n", "is True, which is no number"),
        ('[report]\nwidth = "9"\n', "which is no number"),
        ("[debug]\ndirectories = [1]\n", "which is no list"),
        ("[debug]\ncache = 1\n", "which is no text"),
    ],
)
def test_a_file_that_makes_no_sense_is_wrong_usage(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        settings.load(write(tmp_path, text))


def test_a_variable_that_makes_no_sense_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBIT_REPORT_WIDTH", "wide")
    with pytest.raises(UsageError, match="OBIT_REPORT_WIDTH is 'wide', which is no number"):
        settings.load()


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        settings.load(str(tmp_path / "nowhere.toml"))


def test_names_that_no_setting_has_are_found(tmp_path: Path) -> None:
    assert settings.unknown(write(tmp_path, "[report]\nwidth = 1\nheight = 2\n[moon]\nphase = 3\n")) == ["moon.phase", "report.height"]
