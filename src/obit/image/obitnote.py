"""The note that Obit puts into the minicores it writes: what an ELF core has no place for.

Name "OBIT", type 1, the descriptor is one JSON object in UTF-8. Readers ignore fields that they do not know; a field that is not
there was not captured. The writing side needs nothing but the standard library, because the pipe handler has nothing else.
"""

from typing import Any, TypedDict

NAME = b"OBIT\0"
TYPE = 1
LIMIT = 16 << 20
"""A descriptor longer than this (bytes) is not ours."""

# Bytes of a name that are not UTF-8 arrive as lone surrogates (os.fsdecode); they are written as the four characters \xNN.
_NOT_UTF8 = {0xDC00 + byte: rf"\\x{byte:02x}" for byte in range(0x80, 0x100)}


class ObitNote(TypedDict, total=False):
    """What the capturing side knew. `captured_at` and `source` are the document's; `process` and `host` its facts."""

    captured_at: str
    source: str
    message: str
    process: dict[str, Any]
    host: dict[str, Any]
    attributes: dict[str, str | int | float | bool | None]
    thread_names: dict[int, str]
    thread_states: dict[int, str]
    missing: list[tuple[str, str, str | None]]
    """(what, why, fix)"""
    maps: list[tuple[int, int, str, int, str | None]]
    """(start, end, flags "rwxp", offset in bytes, path) of every mapping, captured or not."""


def encode(note: ObitNote) -> bytes:
    """The note's descriptor (its ELF header and padding are the writer's)."""
    import json  # readers do without it

    text = json.dumps(note, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_NOT_UTF8).encode("utf-8", "replace")


def decode(descriptor: bytes) -> ObitNote | None:
    """The note in a descriptor; None when it is damaged or not of this kind."""
    from msgspec import MsgspecError
    from msgspec.json import decode as decode_json

    if len(descriptor) > LIMIT:
        return None
    try:
        note = decode_json(descriptor.rstrip(b"\0"), type=ObitNote)
        for facts in ("process", "host", "attributes"):
            if facts in note:
                note[facts] = _storable(note[facts])
    except (MsgspecError, RecursionError):
        return None
    return note


def _storable(value: Any) -> Any:
    """Facts with numbers that no document can hold (beyond 64 bits: a note may be forged) as text."""
    if isinstance(value, dict):
        return {name: _storable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return str(value) if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64 else value
