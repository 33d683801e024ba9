"""Fields of the document that this Obit does not know: aside while it is in memory, back in their place when it is written."""

from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from obit.snapshot.format import spelled
from obit.snapshot.model import UNKNOWN, Record

_children: dict[type[Record], dict[str, type[Record] | None]] = {}


def fields_of(kind: type[Record]) -> dict[str, type[Record] | None]:
    """The fields that a class knows, by their names in the document, each with the class of the records in it (None: plain values)."""
    known = _children.get(kind)
    if known is None:
        hints = get_type_hints(kind)
        known = {info.encode_name: record_in(hints[info.name]) for info in msgspec.structs.fields(kind) if info.encode_name != UNKNOWN}
        _children[kind] = known
    return known


def record_in(hint: Any) -> type[Record] | None:
    """The record class that a type hint mentions: of `tuple[Frame, ...] | None` it is `Frame`."""
    if get_origin(hint) is None:
        return hint if isinstance(hint, type) and issubclass(hint, Record) else None
    return next((found for found in map(record_in, get_args(hint)) if found), None)


def gather(value: Any, kind: type[Record]) -> Any:
    """Decoded JSON or msgpack with the unknown fields of every record moved under `UNKNOWN`."""
    if isinstance(value, list):
        return [gather(item, kind) for item in value]
    if not isinstance(value, dict):
        return value
    fields = fields_of(kind)
    known: dict[Any, Any] = {}
    unknown = {}
    for name, item in value.items():
        if name in fields:
            child = fields[name]
            known[name] = gather(item, child) if child and item is not None else item
        else:
            unknown[name] = item
    if unknown:
        known[UNKNOWN] = unknown
    return known


def spread(value: Any) -> Any:
    """The reverse: unknown fields back beside the known, and undecodable bytes in text (unpaired surrogates) as `\\xNN`."""
    if isinstance(value, dict):
        flat = {_clean(name): spread(item) for name, item in value.items() if name != UNKNOWN}
        rest = value.get(UNKNOWN)
        return {**spread(rest), **flat} if isinstance(rest, dict) else flat
    if isinstance(value, list | tuple):
        return [spread(item) for item in value]
    return _clean(value)


def _clean(value: Any) -> Any:
    if not isinstance(value, str) or value.isascii():
        return value
    return "".join(spelled(letter) if "\ud800" <= letter <= "\udfff" else letter for letter in value)
