"""The command protocol: dispatch, help, errors and exit statuses."""

import sys
from types import ModuleType

import pytest

from obit.cli import main
from obit.errors import BadInput


class Fake(ModuleType):
    """A command that does what a test says."""

    def __init__(self, failure: BaseException | None = None) -> None:
        super().__init__("fake", "Do nothing.\n\nExample:\n  obit fake")
        self.failure = failure
        self.seen: object = None

    def add_arguments(self, parser: object) -> None:
        """No arguments of its own."""

    def run(self, arguments: object) -> int:
        """Remember the arguments, then fail as told."""
        self.seen = arguments
        if self.failure is not None:
            raise self.failure
        return 7


def install(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> Fake:
    monkeypatch.setitem(sys.modules, "obit.cli.fake", fake)
    monkeypatch.setattr(main, "COMMANDS", (*main.COMMANDS, ("fake", "Do nothing.")))
    return fake


def test_the_command_decides_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Fake())
    assert main.run(["fake"]) == 7


def test_config_is_accepted_before_and_after_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install(monkeypatch, Fake())
    for words in (["--config", "a.toml", "fake"], ["--config=a.toml", "fake"], ["fake", "--config", "a.toml"]):
        main.run(words)
        assert getattr(fake.seen, "config", None) == "a.toml"


def test_an_error_is_one_sentence_and_its_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, Fake(BadInput("x is\nno core: \x1b[31mgive one")))
    assert main.run(["fake"]) == 4
    assert capsys.readouterr().err == "obit: x is no core: \\e[31mgive one\n"


def test_control_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Fake(KeyboardInterrupt()))
    assert main.run(["fake"]) == 130


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Fake(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main.run(["fake"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["analyse"], "did you mean `obit analyze`?"),
        (["qqqq"], "`obit --help` lists the commands"),
        (["--frob"], "unknown option --frob"),
    ],
)
def test_an_unknown_word_is_wrong_usage(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(words) == 2
    assert says in capsys.readouterr().err


def test_an_unknown_option_of_a_command_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, Fake())
    assert main.run(["fake", "--frob"]) == 2
    assert capsys.readouterr().err == "obit: fake: unrecognized arguments: --frob; see `obit fake --help`\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text and summary in text for name, summary in main.COMMANDS)


@pytest.mark.parametrize("name", [name for name, _ in main.COMMANDS])
def test_a_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = main.load(name)
    assert (command.__doc__ or "").splitlines()[0] == dict(main.COMMANDS)[name]
    with pytest.raises(SystemExit) as ended:
        main.run([name, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "Example" in text
    assert f"obit {name}" in text


def test_what_the_system_refuses_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, Fake(PermissionError(13, "Permission denied", "/var/lib/obit/\x1b[31m")))
    assert main.run(["fake"]) == 3
    assert capsys.readouterr().err.startswith("obit: /var/lib/obit/\\e[31m: Permission denied: ")
    install(monkeypatch, Fake(OSError(28, "No space left on device")))
    assert main.run(["fake"]) == 3
    assert capsys.readouterr().err.startswith("obit: No space left on device: ")
