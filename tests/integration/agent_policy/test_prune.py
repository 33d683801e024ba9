"""`obit prune`, and the count after it."""

import json
import time
from pathlib import Path

import pytest

from obit.agent.rules import moment
from obit.cli.main import run
from tests.builders import archives, faults


@pytest.fixture
def ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Faults of 1, 2 and 100 days ago, and one of 200 days that waits."""
    home = str(tmp_path / "home")
    monkeypatch.setenv("OBIT_HOME", home)
    moments = [moment(time.time() - days * 86_400) for days in (1, 2, 100)]
    made = [archives.done(home, faults.fault((), captured_at=captured_at)) for captured_at in moments]
    return [*made, archives.pending(home, moment(time.time() - 200 * 86_400))]


def removed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert run(["prune", "--json", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["dry_run"] == ("--dry-run" in words)
    return list(document["removed"])


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        ((), [2]),
        (("--older", "36h"), [2, 1]),
        (("--older", "1w", "--keep", "2"), [2, 1]),
        (("--keep", "2"), [2, 1]),
        (("--keep", "0K"), [2, 1, 0]),
        (("--keep", "1G"), []),
    ],
)
def test_what_the_options_say_goes_the_oldest_first(
    ids: list[str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], gone: list[int]
) -> None:
    assert removed(capsys, *words, "--dry-run") == [ids[index] for index in gone]
    assert removed(capsys, *words) == [ids[index] for index in gone]
    assert removed(capsys, *words) == []
    run(["list", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert {fault["id"] for fault in document["faults"]} == set(ids) - {ids[index] for index in gone}
    assert document["suppressed"] == len(gone)


def test_a_person_reads_what_went(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prune", "--keep", "2", "--dry-run"]) == 0
    assert "would remove 2 faults" in capsys.readouterr().out
    assert run(["prune", "--keep", "100"]) == 0
    assert capsys.readouterr().out == "nothing to remove\n"


@pytest.mark.parametrize("words", [("--older", "long"), ("--keep", "many")])
def test_a_limit_that_makes_no_sense_removes_nothing(ids: list[str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    assert run(["prune", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
