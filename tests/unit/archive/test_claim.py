"""One process at a time works on a fault."""

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from obit.archive.claim import claim, claim_analysis
from obit.archive.layout import ANALYZING, DONE, FAILED, PENDING, SNAPSHOT
from obit.archive.reader import Archive
from obit.archive.recovery import recover
from obit.errors import NothingFound
from obit.snapshot.encode import encode_snapshot
from tests.builders import archives, faults

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


def test_an_analysis_goes_through_analyzing_to_done(home: str) -> None:
    fault_id = archives.pending(home)
    document = faults.fault((), id=fault_id)
    with claim_analysis(home, fault_id) as analysis:
        assert analysis.ours
        assert Archive(home).find(fault_id).state == ANALYZING
        analysis.finish(document, encode_snapshot(document))
    fault = Archive(home).find(fault_id)
    assert fault.state == DONE
    assert fault.fingerprint == document.fingerprint
    assert Path(fault.path, SNAPSHOT).read_bytes() == encode_snapshot(document)


def test_a_failed_analysis_has_a_reason(home: str) -> None:
    fault_id = archives.pending(home)
    with claim_analysis(home, fault_id) as analysis:
        analysis.fail("the core is 0 bytes long")
    fault = Archive(home).find(fault_id)
    assert (fault.state, fault.reason) == (FAILED, "the core is 0 bytes long")


def test_an_analysis_that_raises_leaves_the_fault_pending(home: str) -> None:
    fault_id = archives.pending(home)
    with pytest.raises(KeyboardInterrupt), claim_analysis(home, fault_id):
        raise KeyboardInterrupt
    assert Archive(home).find(fault_id).state == PENDING


def test_a_finished_fault_is_not_ours_to_analyse(home: str) -> None:
    fault_id = archives.done(home, faults.fault(()))
    with claim_analysis(home, fault_id) as analysis:
        assert not analysis.ours
    assert Archive(home).find(fault_id).state == DONE


def test_a_fault_that_is_gone_is_nothing_found(home: str) -> None:
    archives.pending(home)
    with pytest.raises(NothingFound):
        claim(home, "0" * 32)


def _analyse_when_told(home: str, fault_id: str, pipe: Connection) -> None:
    with claim_analysis(home, fault_id) as analysis:
        pipe.send(analysis.ours)
        if analysis.ours and pipe.recv() == "finish":
            document = faults.fault((), id=fault_id)
            analysis.finish(document, encode_snapshot(document))


def _started(home: str, fault_id: str) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_analyse_when_told, args=(home, fault_id, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def test_two_processes_analyse_a_fault_once(home: str) -> None:
    fault_id = archives.pending(home)
    first, first_pipe = _started(home, fault_id)
    assert first_pipe.recv() is True
    second, second_pipe = _started(home, fault_id)
    assert not second_pipe.poll(0.5), "the second waits for the first"
    first_pipe.send("finish")
    assert second_pipe.recv() is False
    for process in (first, second):
        process.join(30)
        assert process.exitcode == 0
    assert Archive(home).find(fault_id).state == DONE


def test_the_fault_of_a_killed_analyser_is_pending_again(home: str) -> None:
    fault_id = archives.pending(home)
    process, pipe = _started(home, fault_id)
    assert pipe.recv() is True
    assert recover(home) == {}, "its analyser lives"
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert recover(home) == {fault_id: PENDING}
    assert Archive(home).find(fault_id).state == PENDING
