"""The shape of what `gdb_script` writes."""

from typing import Any

import msgspec

Node = dict[str, Any]


class GdbFrame(msgspec.Struct, frozen=True):
    """`kind` is normal, inline, tailcall (made up by gdb), signal or other; `debug` whether gdb has debug information for it."""

    pc: int
    function: str | None
    debug: bool
    file: str | None
    line: int | None
    kind: str
    variables: list[tuple[str, Node]]


class GdbThread(msgspec.Struct, frozen=True):
    """`count` is the number of frames before the middle ones were left out; `stopped` why gdb went no further."""

    tid: int
    count: int
    stopped: str
    frames: list[GdbFrame]


class Oracle(msgspec.Struct, frozen=True):
    """What gdb says of one core."""

    threads: list[GdbThread]
