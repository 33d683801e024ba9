"""core_pattern is taken over and given back, whatever happens in between. On files that stand for the kernel's."""

from errno import EINVAL
from pathlib import Path

import pytest

from obit.agent import pattern
from obit.agent.pattern import LEAST_WAITING, SAVED, Takeover
from obit.agent.probe import IMPOSSIBLE, knows_sockets
from obit.errors import EnvironmentLacks

ORIGINAL = "|/usr/lib/other %P\n"


class Kernel:
    """Files in the place of core_pattern and core_pipe_limit."""

    def __init__(self, folder: Path) -> None:
        self.pattern, self.limit, self.home = folder / "core_pattern", folder / "core_pipe_limit", folder / "home"
        self.pattern.write_text(ORIGINAL)
        self.limit.write_text("0\n")

    def takeover(self) -> Takeover:
        return Takeover(str(self.home), str(self.pattern), str(self.limit))


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    def write(path: str, text: str) -> None:
        if text.startswith("@bad"):
            raise OSError(EINVAL, "no")
        Path(path).write_text(f"{text}\n")  # as the kernel: all of it is replaced

    monkeypatch.setattr(pattern, "write", write)
    return Kernel(tmp_path)


def test_taken_and_given_back(kernel: Kernel) -> None:
    takeover = kernel.takeover()
    takeover.take("@@/run/obit/kernel")
    assert (kernel.pattern.read_text(), kernel.limit.read_text()) == ("@@/run/obit/kernel\n", f"{LEAST_WAITING}\n")
    takeover.give_back()
    assert (kernel.pattern.read_text(), kernel.limit.read_text()) == (ORIGINAL, "0\n")
    assert not (kernel.home / SAVED).exists()


def test_a_larger_limit_stays(kernel: Kernel) -> None:
    kernel.limit.write_text("200\n")
    kernel.takeover().take("@@/x")
    assert kernel.limit.read_text() == "200\n"


def test_the_next_agent_gives_back_what_a_killed_one_took(kernel: Kernel) -> None:
    kernel.takeover().take("@@/first")
    second = kernel.takeover()
    second.take("@@/second")
    second.give_back()
    assert kernel.pattern.read_text() == ORIGINAL


def test_what_somebody_has_changed_since_is_left_alone(kernel: Kernel) -> None:
    takeover = kernel.takeover()
    takeover.take("@@/ours")
    kernel.pattern.write_text("theirs\n")
    takeover.give_back()
    assert (kernel.pattern.read_text(), kernel.limit.read_text()) == ("theirs\n", "0\n")


def test_a_pattern_that_the_kernel_refuses_changes_nothing(kernel: Kernel) -> None:
    with pytest.raises(OSError, match="no"):
        kernel.takeover().take("@bad")
    assert (kernel.pattern.read_text(), kernel.limit.read_text()) == (ORIGINAL, "0\n")


def test_a_pattern_that_the_kernel_would_cut_is_refused(kernel: Kernel) -> None:
    with pytest.raises(EnvironmentLacks, match="too long"):
        kernel.takeover().take("@@/" + "x" * 125)
    assert kernel.pattern.read_text() == ORIGINAL


def test_a_damaged_note_is_no_note(kernel: Kernel) -> None:
    kernel.home.mkdir()
    (kernel.home / SAVED).write_text("{")
    assert not kernel.takeover().repair()


def test_a_kernel_that_refuses_the_impossible_knows_sockets() -> None:
    def refuses(text: str) -> None:
        raise OSError(EINVAL, text)

    assert knows_sockets(lambda: "core", refuses)


def test_a_kernel_that_takes_it_for_a_file_does_not_and_has_its_pattern_again() -> None:
    written: list[str] = []
    assert not knows_sockets(lambda: "core", written.append)
    assert written == [IMPOSSIBLE, "core"]
