"""Findings of `obit doctor`."""

from pathlib import Path

import pytest

from obit.cli import checks, doctor, main
from obit.cli.explain import Places
from obit.snapshot.page import Page


def test_a_finding_shows_what_is_wrong_and_the_command_that_mends_it() -> None:
    page = Page(60, color=False)
    doctor.show(page, "debug files", False, False, "no debug file is installed", "apt-get install libc6-dbg")
    doctor.show(page, "engine", True, True, "libdw loads", "never shown")
    text = page.text()
    assert text.startswith("--  debug files")
    assert text.splitlines()[-2].strip() == "apt-get install libc6-dbg"
    assert text.splitlines()[-1] == "ok  engine               libdw loads"


def test_what_is_needed_decides_the_exit_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for ok, needed, status in ((True, True, 0), (False, False, 0), (False, True, 1)):
        monkeypatch.setattr(checks, "CHECKS", (lambda _, ok=ok, needed=needed: checks.Finding("x", ok, needed, "why"),))
        assert main.run(["doctor", "--json"]) == status
        assert f'"ok":{"true" if status == 0 else "false"}' in capsys.readouterr().out


def test_the_archive_must_be_writable_and_its_parents_need_not_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OBIT_HOME", str(tmp_path / "a" / "b"))
    assert checks.archive(Places()).ok
    assert not (tmp_path / "a").exists()
    monkeypatch.setattr("os.access", lambda *_: False)
    assert not checks.archive(Places()).ok


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("@@/run/obit.socket", "the socket /run/obit.socket"),
        ("|/usr/lib/systemd/systemd-coredump %P", "the program /usr/lib/systemd/systemd-coredump"),
        ("|", "the program ?"),
        ("core.%p", "files named core.%p"),
        (None, "cannot be read"),
    ],
)
def test_core_pattern_is_told_in_words(pattern: str | None, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "read", lambda _: pattern)
    assert says in checks.core_pattern(Places()).why


def test_a_python_that_is_redirected_is_told_with_the_way_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHOME", raising=False)
    assert checks.python(Places()).ok
    monkeypatch.setenv("PYTHONHOME", "/opt/python")
    finding = checks.python(Places())
    assert not finding.ok
    assert finding.fix == 'env -u PYTHONHOME obit run -- env PYTHONHOME="$PYTHONHOME" CMD'


def test_no_check_raises_here() -> None:
    for check in checks.CHECKS:
        finding = check(Places())
        assert finding.name
        assert finding.why
