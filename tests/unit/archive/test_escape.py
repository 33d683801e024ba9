"""Bytes that are no UTF-8 survive as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obit.archive.escape import bytes_of, json_safe, text_of


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        ("Grüße".encode(), "Grüße"),
        (b"caf\xe9", r"caf\xe9"),
        (rb"C:\new", r"C:\new"),
        (rb"\x41", r"\x5cx41"),
        (rb"\x4", r"\x4"),
        (b"\\\xff", r"\\xff"),
        (b"\xed\xa0\x80", r"\xed\xa0\x80"),
    ],
)
def test_text_keeps_utf8_and_escapes_the_rest(raw: bytes, text: str) -> None:
    assert text_of(raw) == text
    assert bytes_of(text) == raw


@given(st.lists(st.sampled_from([b"\\", b"x", b"4", b"f", b"\xff", b"\x00", "é".encode(), b"\xc3"])).map(b"".join) | st.binary())
def test_every_byte_string_comes_back(raw: bytes) -> None:
    text = text_of(raw)
    assert bytes_of(text) == raw
    text.encode()  # no surrogates are left


def test_json_values_are_cleaned_to_every_depth() -> None:
    assert json_safe({b"k\xff": [b"\xfe", {"p": "/tmp/\udce9"}, 3, None, True]}) == {
        r"k\xff": [r"\xfe", {"p": r"/tmp/\xe9"}, 3, None, True]
    }
