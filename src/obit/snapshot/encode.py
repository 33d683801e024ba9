"""The fault document in bytes: JSON for people and programs, zstd-compressed msgpack (`snapshot.obit`) for disk and wire.

Whatever a newer Obit added survives a passage through this one. Most documents have nothing of the kind, so decoding tries the strict
types first and only then sorts the known from the unknown; encoding looks for the marker under which msgspec writes unknown fields.
Documents come from anywhere: their size is bounded before anything is built from them.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from obit.errors import BadInput
from obit.snapshot.model import SCHEMA, UNKNOWN, Fault
from obit.snapshot.unknown import gather, spread

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SIZE_LIMIT = 32 << 20
"""Bytes of an uncompressed document. The largest seen (500 threads, all variables) takes 6 MB."""
CONTAINER_LIMIT = 4 << 20
"""Bytes that could open a list or a map in a document with unknown fields: what one byte of it may cost in memory is 60."""
PEEK_SIZE = 256 << 10
"""Bytes of a zstd frame that are enough to see how its content begins (a block is at most 128 kB)."""

_strict_json = msgspec.json.Decoder(Fault)
_strict_msgpack = msgspec.msgpack.Decoder(Fault)


def encode_json(fault: Fault) -> bytes:
    """The fault document as JSON, UTF-8, on one line."""
    return _encode(fault, msgspec.json.encode)


def encode_snapshot(fault: Fault) -> bytes:
    """The fault document as one zstd frame of msgpack. `BadInput` when it holds a number of more than 64 bits."""
    import zstandard

    try:
        packed = _encode(fault, msgspec.msgpack.encode)
    except OverflowError:
        raise BadInput("the document holds a number of more than 64 bits, which a snapshot cannot: write it as text") from None
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(packed)


def decode(data: bytes) -> Fault:
    """A fault from a snapshot or a JSON document, told apart by content. `BadInput`."""
    return decode_snapshot(data) if data[:4] == ZSTD_MAGIC else decode_json(data)


def decode_json(data: bytes) -> Fault:
    """A fault from its JSON document. `BadInput`."""
    if len(data) > SIZE_LIMIT:
        raise BadInput(f"the document is larger than {SIZE_LIMIT >> 20} MB: this is no fault document")
    return _decode(data, _strict_json.decode, msgspec.json.decode, b"[{")


def decode_snapshot(data: bytes) -> Fault:
    """A fault from a `snapshot.obit`. `BadInput`."""
    packed = _decompress(data, SIZE_LIMIT + 1)
    if len(packed) > SIZE_LIMIT:
        raise BadInput(f"the snapshot unpacks to more than {SIZE_LIMIT >> 20} MB: this is no snapshot of Obit's")
    return _decode(packed, _strict_msgpack.decode, msgspec.msgpack.decode, bytes([*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF]))


def looks_like_document(head: bytes) -> bool:
    """Whether a file that begins with `head` (`PEEK_SIZE` bytes or all of it) is a snapshot or a JSON document."""
    if head[:4] != ZSTD_MAGIC:
        return head.lstrip()[:1] == b"{"
    try:
        first = _decompress(head, 1)
    except BadInput:
        return False
    return bool(first) and (0x80 <= first[0] <= 0x8F or first[0] in (0xDE, 0xDF))


def _decompress(data: bytes, limit: int) -> bytes:
    """The first `limit` bytes of a zstd frame's content; `BadInput`."""
    import zstandard

    try:
        with zstandard.ZstdDecompressor(max_window_size=8 << 20).stream_reader(data) as reader:
            return reader.read(limit)
    except zstandard.ZstdError as error:
        raise BadInput(f"the snapshot is damaged ({error}): get it again from where it came") from None


def _encode(fault: Fault, write: Callable[[Any], bytes]) -> bytes:
    try:
        data = write(fault)
    except UnicodeEncodeError:
        return write(spread(msgspec.to_builtins(fault)))
    return write(spread(msgspec.to_builtins(fault))) if UNKNOWN.encode() in data else data


def _decode(data: bytes, strict: Callable[[bytes], Fault], loose: Callable[[bytes], Any], containers: bytes) -> Fault:
    try:
        fault = strict(data)
    except msgspec.ValidationError:
        fault = _decode_loosely(data, loose, containers)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"this is no fault document ({_reason(error)}): give a snapshot or the JSON that Obit wrote") from None
    if fault.schema != SCHEMA:
        raise _wrong_schema(fault.schema)
    return fault


def _decode_loosely(data: bytes, loose: Callable[[bytes], Any], containers: bytes) -> Fault:
    """A document that does not fit the types exactly: with fields that are not known here, of another schema, or wrong."""
    if len(data) - len(data.translate(None, containers)) > CONTAINER_LIMIT:
        raise BadInput("the document has too many parts: this is no fault document")
    try:
        document = loose(data)
        if not isinstance(document, dict) or "schema" not in document:
            raise BadInput("the document has no `schema`: this is no fault document")
        if document["schema"] != SCHEMA:
            raise _wrong_schema(document["schema"])
        return msgspec.convert(gather(document, Fault), Fault)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"the fault document is malformed ({_reason(error)}): write it with `obit analyze --json` or `-o`") from None


def _reason(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]


def _wrong_schema(found: object) -> BadInput:
    what = f"has schema {found}" if isinstance(found, int) else "has a `schema` that is no number"
    return BadInput(f"the document {what}, this Obit reads schema {SCHEMA}: use the Obit that wrote it, or a newer one")
