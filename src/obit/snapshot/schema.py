"""The JSON Schema of the fault document, as shipped with the package."""

from typing import Any


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of schema 1, `fault.schema.json` beside this file."""
    from importlib.resources import files

    import msgspec

    return msgspec.json.decode(files("obit.snapshot").joinpath("fault.schema.json").read_bytes(), type=dict[str, Any])
