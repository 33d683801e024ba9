"""Jobs, replies, records, results, claims: what the agent's processes tell each other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from obit.agent import messages, record, result
from obit.agent.messages import Job, decode_job, decode_reply, encode_job, encode_reply
from obit.agent.record import Record
from obit.agent.result import Result
from obit.capture.agentsocket import parse_claim

ID = "0123456789abcdef" * 2


@contextmanager
def memfd() -> Iterator[int]:
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    try:
        yield fd
    finally:
        os.close(fd)


def test_a_job_arrives_with_its_descriptors_by_kind() -> None:
    ours, theirs = messages.pair()
    with ours, theirs, memfd() as one, memfd() as two, memfd() as three:
        job = Job(4, ID, 2, "its selector died", {"core": [one], "modules": [two, three]})
        messages.send(ours, *encode_job(job))
        arrived = decode_job(*messages.receive(theirs))
        assert arrived[:4] == job[:4]
        assert {kind: len(fds) for kind, fds in arrived.held.items()} == {"core": 1, "modules": 2}
        assert os.fstat(arrived.one("core")).st_ino == os.fstat(one).st_ino
        assert [os.fstat(fd).st_ino for fd in arrived.held["modules"]] == [os.fstat(fd).st_ino for fd in (two, three)]
        arrived.close()


def test_a_job_without_a_kind_says_so() -> None:
    assert Job(0, ID, 1, "", {}).one("core") == -1


def test_the_end_of_the_other_side_is_an_empty_packet() -> None:
    ours, theirs = messages.pair()
    ours.close()
    with theirs:
        assert messages.receive(theirs) == (b"", [])


@pytest.mark.parametrize("fault", [ID, ""])
def test_a_reply_is_read_back(fault: str) -> None:
    assert decode_reply(encode_reply(3, fault)) == (3, fault)


@pytest.mark.parametrize("data", [b"", b"\x03", encode_reply(3, ID) + b"!"])
def test_what_is_no_reply_is_none(data: bytes) -> None:
    assert decode_reply(data) is None


def test_a_record_cannot_be_changed_by_those_who_read_it() -> None:
    known = Record({"pid": 7, "missing": []}, b"captured", (1000, 1000, (4,)), ("/bin/x",), "", "")
    with memfd() as fd:
        record.write(fd, known)
        assert record.read(fd) == known
        with pytest.raises(PermissionError):
            os.pwrite(fd, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(fd, 0)


def test_a_result_is_read_back() -> None:
    for wanted in (Result(b"snapshot", b"{}", b'{"MESSAGE": "x"}'), Result(failure="it has no header")):
        with memfd() as fd:
            result.write(fd, wanted)
            assert result.read(fd) == wanted


@pytest.mark.parametrize("data", [b"", b"short", b"\xff" * 64, bytes(16) + b"more than it says"])
def test_a_result_that_is_not_whole_is_none(data: bytes) -> None:
    with memfd() as fd:
        os.write(fd, data)
        assert result.read(fd) is None


def test_claims() -> None:
    assert parse_claim(b"claim 4711 123456") == (4711, 123456)
    for text in (b"", b"claim", b"claim 1", b"claim 1 -2", b"claim a b", b"4711 4711 11 0 1", b"claim 1 2 3"):
        assert parse_claim(text) is None
