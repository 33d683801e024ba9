"""What keeps the start of a command short."""

import sys


def import_msgspec_alone() -> None:
    """Import msgspec without typing_extensions, which it asks for newer forms of annotations, none of which are used here: that module
    costs 8 of the 28 ms that msgspec takes (decision 0009)."""
    if "typing_extensions" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # how an import is told that there is no such module
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]
