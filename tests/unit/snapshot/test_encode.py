"""The fault document in bytes and back."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import zstandard

from obit.errors import BadInput
from obit.snapshot import encode
from obit.snapshot.model import Fault, Frame, Thread, Variable
from obit.snapshot.schema import schema
from tests.builders import faults

EVERY = pytest.mark.parametrize("make", faults.ALL.values(), ids=faults.ALL.keys())


def document(fault: Fault) -> Any:
    return json.loads(encode.encode_json(fault))


def packed(document: object) -> bytes:
    return zstandard.compress(msgspec.msgpack.encode(document))


@EVERY
def test_json_and_snapshot_give_the_fault_back(make: Callable[[], Fault]) -> None:
    fault = make()
    assert encode.decode(encode.encode_json(fault)) == fault
    assert encode.decode(encode.encode_snapshot(fault)) == fault


@EVERY
def test_a_document_fits_the_schema(make: Callable[[], Fault]) -> None:
    jsonschema.Draft202012Validator(schema()).validate(document(make()))


def test_the_schema_is_the_contract() -> None:
    shipped = Path(encode.__file__).with_name("fault.schema.json")
    contract = Path(__file__).parents[3] / "../shared/contract/fault.schema.json"
    if contract.exists():
        assert shipped.read_bytes() == contract.read_bytes()
    assert schema()["properties"]["schema"] == {"const": 1}


def test_empty_additions_are_left_out_and_the_rest_is_not() -> None:
    fault = faults.fault((Thread(tid=1, crashed=True, frames=(Frame(pc="0x1"),)),))
    written = document(fault)
    assert not {"globals", "memory", "others", "unknown", "*unknown*"} & written.keys()
    assert set(schema()["required"]) <= written.keys()
    assert written["threads"][0].keys() == {"tid", "name", "crashed", "state", "frames", "registers"}
    frame = written["threads"][0]["frames"][0]
    assert not {"signal_frame", "source", "disassembly"} & frame.keys()
    assert set(schema()["$defs"]["frame"]["required"]) <= frame.keys()


def test_registers_are_not_shared_between_threads() -> None:
    assert Thread(tid=1).registers is not Thread(tid=2).registers


def with_additions() -> dict[str, Any]:
    """A document with an unknown field at every level, one of them called `unknown`."""
    written: dict[str, Any] = document(faults.null_read())
    written["verdict"] = {"by": "newer", "list": [1, {"deep": None}]}
    written["signal"]["unknown"] = 7
    written["threads"][0]["priority"] = -5
    frame = written["threads"][0]["frames"][0]
    frame["tail_call"] = True
    frame["variables"][0]["children"][0]["owner_thread"] = "0x12"
    frame["source"][0]["highlight"] = [1, 4]
    written["modules"][1]["signature"] = "ok"
    return written


@pytest.mark.parametrize("carry", [encode.encode_json, encode.encode_snapshot])
def test_unknown_fields_survive_at_every_level(carry: Callable[[Fault], bytes]) -> None:
    written = with_additions()
    assert document(encode.decode(carry(encode.decode(json.dumps(written).encode())))) == written
    assert document(encode.decode(packed(written))) == written


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no fault document"),
        (b"{", "no fault document"),
        (b"[1, 2]", "no `schema`"),
        (b"\xff\xfe", "no fault document"),
        (b'{"schema": 2}', "schema 2, this Obit reads schema 1"),
        (b'{"schema": [1]}', "`schema` that is no number"),
        (b'{"schema": 1}', "malformed"),
        (b'{"schema": 1, "x": ' + b"[" * 5000 + b"]" * 5000 + b"}", "nested too deeply"),
        (encode.ZSTD_MAGIC + b"garbage", "damaged"),
        (zstandard.compress(b"\x81"), "no fault document"),
        (packed({"schema": 9}), "schema 9"),
        (packed(7), "no `schema`"),
    ],
)
def test_what_is_no_fault_document_is_bad_input(data: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says.replace("(", r"\(")):
        encode.decode(data)


def test_a_document_of_another_schema_that_fits_otherwise_is_refused() -> None:
    with pytest.raises(BadInput, match="schema 3"):
        encode.decode(json.dumps(document(faults.nothing()) | {"schema": 3}).encode())


def test_a_small_file_cannot_unpack_to_gigabytes() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(1 << 20) * 200)
    assert len(bomb) < 1 << 20
    with pytest.raises(BadInput, match="unpacks to more than"):
        encode.decode(bomb)


def test_a_small_file_cannot_decode_to_gigabytes() -> None:
    lists = b"\x82\xa6schema\x01\xa1x\xdd" + (20 << 20).to_bytes(4, "big") + b"\x90" * (20 << 20)
    with pytest.raises(BadInput, match="too many parts"):
        encode.decode(zstandard.compress(lists))


def test_a_number_of_more_than_64_bits_stays_json() -> None:
    fault = faults.fault((), attributes={"n": 1 << 70})
    assert encode.decode(encode.encode_json(fault)) == fault
    with pytest.raises(BadInput, match="64 bits"):
        encode.encode_snapshot(fault)


def test_undecodable_bytes_are_kept_as_hexadecimal() -> None:
    fault = faults.fault((), process={"pid": 1, "exe": "/srv/\udcff\ud800é"})
    assert document(fault)["process"]["exe"] == "/srv/\\xff\\ud800é"
    assert encode.decode(encode.encode_snapshot(fault)).process["exe"] == "/srv/\\xff\\ud800é"


def test_documents_are_told_from_other_files_by_content() -> None:
    fault = faults.null_read()
    assert encode.looks_like_document(encode.encode_snapshot(fault))
    assert encode.looks_like_document(b"\n " + encode.encode_json(fault))
    assert not encode.looks_like_document(zstandard.compress(b"\x7fELF" + bytes(100)))
    assert not encode.looks_like_document(encode.ZSTD_MAGIC + b"garbage")
    assert not encode.looks_like_document(b"\x7fELF")
    assert not encode.looks_like_document(b"")


def test_a_deep_variable_tree_is_kept_or_refused_but_never_a_traceback() -> None:
    tree = Variable(name="leaf", kind="local", type="int", value="1")
    for _ in range(400):
        tree = Variable(name="node", kind="local", type="node", value=None, children=(tree,))
    fault = faults.fault((Thread(tid=1, crashed=True, frames=(Frame(pc="0x1", variables=(tree,)),)),))
    written = encode.encode_json(fault)
    with suppress(BadInput):
        assert encode.encode_json(encode.decode(written)) == written
