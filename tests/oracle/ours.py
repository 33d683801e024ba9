"""Obit's document of a crashed program, through the command line's own path."""

from obit.cli.main import dispatch
from obit.snapshot.encode import decode_json
from obit.snapshot.model import Fault
from tests.programs.build import Crashed


def analyze(at: Crashed) -> Fault:
    """What `obit analyze --full --json` says of a core: of all threads as much as gdb prints."""
    import contextlib
    import io

    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(output):
        dispatch(["analyze", str(at.core), "--exe", str(at.exe), "--full", "--json"])
    output.flush()
    buffer: object = output.buffer
    assert isinstance(buffer, io.BytesIO)
    return decode_json(buffer.getvalue())
