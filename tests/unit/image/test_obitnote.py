"""The vendor note: what the capturing side writes is what the reading side gets."""

import os

import pytest

from obit.image.obitnote import LIMIT, ObitNote, decode, encode


def test_a_note_survives_the_way() -> None:
    note: ObitNote = {
        "captured_at": "2026-11-02T14:02:11Z",
        "source": "ptrace",
        "process": {"pid": 4711, "cmdline": ["./shop", "--küche"]},
        "thread_names": {4711: "shop", 4712: "worker"},
        "missing": [("the heap", "too large", None)],
        "maps": [(0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000, "--xp", 0, "[vsyscall]")],
    }
    assert decode(encode(note)) == note


def test_names_that_are_not_utf8_are_kept_readably() -> None:
    read = decode(encode({"thread_names": {1: os.fsdecode(b"w\xff\x80")}, "message": "a \ud800 b"}))
    assert read is not None
    assert read["thread_names"] == {1: r"w\xff\x80"}
    assert read["message"] == "a ? b"


def test_padding_and_unknown_fields_are_ignored() -> None:
    assert decode(b'{"source":"sdk","from_the_future":[1]}\0\0') == {"source": "sdk"}


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"maps":[[1]]}', b'{"maps":3}', b"\xff" * 9, b"[" * 100_000, b" " * (LIMIT + 1)])
def test_a_damaged_note_is_none(damaged: bytes) -> None:
    assert decode(damaged) is None


def test_numbers_that_no_document_can_hold_become_text() -> None:
    forged = b'{"process": {"pid": 7, "big": 123456789012345678901234567890, "list": [-99999999999999999999, 1.5]}}'
    note = decode(forged)
    assert note is not None
    assert note["process"] == {"pid": 7, "big": "123456789012345678901234567890", "list": ["-99999999999999999999", 1.5]}
