"""Open a fault in gdb, lldb or drgn, with the right files.

The core that the archive keeps is opened with the executable whose build-id
the process had. The setting [debug] debugger says which debugger, an option
goes before it.

Example:
  obit debug 3f2a91 --lldb
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from obit.cli import explain, stored
from obit.errors import BadInput, EnvironmentLacks, UsageError

if TYPE_CHECKING:
    from obit.archive.stored import StoredFault
    from obit.cli.explain import Places

PACKAGES = {"gdb": "apt-get install gdb", "lldb": "apt-get install lldb", "drgn": "pip install drgn"}
ZSTD = ".zst"
AT_ENTRY = 9
"""The auxiliary vector's entry point of the program (include/uapi/linux/auxvec.h)."""


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    parser.add_argument("id", metavar="ID", nargs="?", help="the fault (default: the newest)")
    which = parser.add_mutually_exclusive_group()
    for name in PACKAGES:
        which.add_argument(f"--{name}", dest="debugger", action="store_const", const=name, help=f"open it in {name}")
    explain.add_places(parser)


def run(arguments: Namespace) -> int:
    """Become the debugger."""
    from obit.archive.layout import home
    from obit.archive.reader import Archive
    from obit.cli import settings

    archive = Archive(home())
    fault = archive.find(arguments.id) if arguments.id is not None else archive.newest()
    places = explain.places_of(arguments)._replace(archive=archive.home, uid=stored.known_of(fault).uid)
    debugger = arguments.debugger or str(settings.load(arguments.config)["debug.debugger"].value)
    words = command(debugger, executable(fault, places), readable_core(stored.core_of(fault)), places)
    sys.stdout.flush()
    try:
        os.execvp(words[0], words)  # noqa: S606 - becoming the debugger is the purpose
    except FileNotFoundError:
        raise EnvironmentLacks(f"{debugger} is not installed: `{PACKAGES[debugger]}`, or choose another debugger") from None


def command(debugger: str, exe: str | None, core: str, places: "Places") -> list[str]:
    """The words that start a debugger on a core. `UsageError` for an unknown one."""
    match debugger:
        case "gdb":
            options = ["-iex", f"set sysroot {places.sysroot}"] if places.sysroot else []
            if places.debug_directories:
                options += ["-iex", f"set debug-file-directory {':'.join((*places.debug_directories, '/usr/lib/debug'))}"]
            return ["gdb", *options, *([exe] if exe else []), "-c", core]
        case "lldb":
            return ["lldb", *([exe] if exe else []), "-c", core]
        case "drgn":
            return ["drgn", "-c", core, *(["-s", exe] if exe else [])]
    raise UsageError(f"{debugger!r} is no debugger that Obit knows: set [debug] debugger to gdb, lldb or drgn")


def executable(fault: "StoredFault", places: "Places") -> str | None:
    """The executable that ran, when a file with its build-id is here; else a word on standard error."""
    path, build_id = _recorded(fault, places)
    found = explain.file_finder(places).module(path, build_id, main=True) if path else None
    if found is not None and found.path is not None:
        return found.path
    from obit.snapshot.format import printable

    why = found.why if found is not None and found.why else "nothing says which executable ran"
    print(f"obit: without the executable: {printable(why)} (--exe names it)", file=sys.stderr)
    return None


def _recorded(fault: "StoredFault", places: "Places") -> tuple[str | None, str | None]:
    """Path and build-id of the executable: the module in which the process began."""
    from obit.image.open import open_core

    try:
        image = open_core(stored.core_of(fault), explain.file_finder(places))
    except BadInput:
        return places.exe, None
    module = image.module_at(image.auxv.get(AT_ENTRY, 0))
    return (module.path, module.build_id) if module else (places.exe, None)


def readable_core(path: str) -> str:
    """A core that a debugger can read: a compressed one is unpacked into memory, under a name that survives exec."""
    if not path.endswith(ZSTD):
        return path
    import zstandard

    target = os.memfd_create("core", 0)
    os.set_inheritable(target, True)
    try:
        with open(path, "rb") as source, open(target, "wb", closefd=False) as unpacked:
            zstandard.ZstdDecompressor().copy_stream(source, unpacked)
    except zstandard.ZstdError as error:
        raise BadInput(f"{path} is damaged ({error}): `obit show` has what was analysed") from None
    return f"/proc/self/fd/{target}"
