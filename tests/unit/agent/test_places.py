import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from obit.agent.places import Runtime


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    short = tempfile.mkdtemp(prefix="ob-", dir="/tmp")  # a longer one would have its sockets in /run
    monkeypatch.setenv("OBIT_HOME", short)
    yield short
    shutil.rmtree(short)


@pytest.mark.parametrize("passed", [False, True])
def test_the_sockets_that_systemd_passed_stay(home: str, monkeypatch: pytest.MonkeyPatch, passed: bool) -> None:
    """They are its own, and crashes wait in them for the next agent."""
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()) if passed else "1")
    runtime = Runtime(home)
    with runtime:
        sockets = [Path(runtime.kernel_socket), Path(runtime.drop_socket)]
        for path in sockets:
            path.touch()
    assert [path.exists() for path in sockets] == [passed, passed]
