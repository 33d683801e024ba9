"""What keeps the start of a command short."""

import os
import sys


def import_msgspec_alone() -> None:
    """Import msgspec without what it drags along and Obit has no use for (decision 0009): typing_extensions, which it asks for newer forms
    of annotations, costs 8 of 28 ms; platform, which uuid asks for the name of the system, 1.5."""
    if "typing_extensions" in sys.modules:
        return
    stand_ins = {"typing_extensions": None} if "platform" in sys.modules else {"typing_extensions": None, "platform": _Platform()}
    # None is how an import is told that there is no such module.
    sys.modules.update(stand_ins)  # type: ignore[arg-type]
    try:
        import msgspec  # noqa: F401
    finally:
        for name in stand_ins:
            del sys.modules[name]


class _Platform:
    """As much of the module `platform` as uuid needs to be imported."""

    @staticmethod
    def system() -> str:
        """`Linux`."""
        return os.uname().sysname
