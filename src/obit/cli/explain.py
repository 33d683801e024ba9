"""From a file (a core, a minicore, a snapshot) to the fault document. Opens the files; analysis itself opens none."""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from obit.cli.startup import import_msgspec_alone
from obit.errors import BadInput, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping, Sequence

    from obit.debuginfo.search import FileFinder
    from obit.image.process import ProcessImage
    from obit.snapshot.model import Fault

LARGEST_SNAPSHOT = 64 << 20
ELF_MAGIC = b"\x7fELF"


import_msgspec_alone()


class Places(NamedTuple):
    """Where the files of the process are, beside where it had them."""

    exe: str | None = None
    sysroot: str | None = None
    debug_directories: tuple[str, ...] = ()
    cache: str | None = None
    debuginfod: tuple[str, ...] = ()
    """Servers to ask for what is not here; none unless the user wants that."""
    archive: str | None = None
    uid: int | None = None
    """The archive whose kept modules count, and the user whose process crashed."""
    held: "Mapping[str, str] | None" = None
    """Where the files of the process can be read that are gone, by their paths."""
    scrub: tuple[str, ...] = ()
    """Regular expressions whose matches no document shows."""


class Known(NamedTuple):
    """What is known of a fault besides its core. What is None the core is asked for."""

    id: str | None = None
    captured_at: str | None = None
    source: str | None = None
    attributes: dict[str, Any] | None = None
    process: dict[str, Any] | None = None
    """Facts that count where the core says nothing."""
    uid: int | None = None


NOTHING_KNOWN = Known()


def add_places(parser: "ArgumentParser") -> None:
    """The options that say where files are."""
    parser.add_argument("--exe", metavar="EXE", help="the executable that crashed, when it is not where it was")
    parser.add_argument(
        "--debuginfod", action="store_true", help="ask the servers of [debug] debuginfod, or $DEBUGINFOD_URLS, for missing files"
    )
    parser.add_argument("--sysroot", metavar="DIR", help="a copy of the file system of the machine that the core comes from")


def places_of(arguments: "Namespace") -> Places:
    """The places that arguments and settings name."""
    from obit.cli import settings

    found = settings.load(arguments.config)
    cache = found["debug.cache"].value
    directories = settings.texts(found["debug.directories"])
    exe = getattr(arguments, "exe", None)
    if exe is not None and not os.path.isfile(exe):
        raise BadInput(f"{exe} is no file: give the executable that crashed to --exe")
    asked = _servers(found["debug.debuginfod"].value) if getattr(arguments, "debuginfod", False) else ()
    patterns = settings.texts(found["scrub.patterns"])
    kept = cache if isinstance(cache, str) and cache else None
    return Places(exe, getattr(arguments, "sysroot", None), directories, kept, asked, scrub=patterns)


def _servers(configured: object) -> tuple[str, ...]:
    from obit.debuginfo.debuginfod import servers

    found = servers(configured if isinstance(configured, str) and configured else None)
    if not found:
        raise UsageError('no debuginfod server is known: export DEBUGINFOD_URLS="https://debuginfod.debian.net", or set [debug] debuginfod')
    return found


def explain_file(path: str, places: Places, *, full: bool = False) -> "Fault":
    """The fault in a core, a minicore or a snapshot, told apart by content; `full`: as much of every thread's values as of the crashed
    one's. `BadInput`."""
    # Only what may be a document needs the decoders: a plain core is explained without importing them.
    if read_start(path, 4)[:4] != ELF_MAGIC:
        from obit.snapshot.encode import PEEK_SIZE, decode, looks_like_document

        if looks_like_document(read_start(path, PEEK_SIZE)):
            try:
                return decode(read_start(path, LARGEST_SNAPSHOT + 1))
            except BadInput as error:
                raise BadInput(f"{path}: {error}") from None
    return explain_core(path, places, full=full)


def read_start(path: str, size: int) -> bytes:
    """The first `size` bytes of a regular file. `BadInput`."""
    import stat

    try:
        # Without O_NONBLOCK a FIFO would hang here.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadInput(f"{path} cannot be opened ({reason}): give a core or a snapshot that you may read") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise BadInput(f"{path} is no regular file: give a core or a snapshot")
    with open(fd, "rb") as file:
        return file.read(size)


def explain_core(path: str, places: Places, known: Known = NOTHING_KNOWN, *, full: bool = False) -> "Fault":
    """The fault in a core, plain or compressed. `BadInput`."""
    from obit.image.open import open_core

    image = open_core(path, file_finder(places))
    return explain_image(image, places, known, full=full)


def explain_image(image: "ProcessImage", places: Places, known: Known = NOTHING_KNOWN, *, full: bool = False) -> "Fault":
    """The fault that a process image shows."""
    from obit.analysis.draft import Request
    from obit.analysis.scrub import Patterns
    from obit.analysis.steps import analyze
    from obit.cli.sourcefiles import SourceFiles

    if known.process:
        from msgspec.structs import replace

        image = replace(image, process=known.process | image.process)
    request = Request(
        id=known.id or os.urandom(16).hex(),
        captured_at=known.captured_at or image.captured_at or _now(),
        source=source_word(known.source or image.source),
        attributes=image.attributes if known.attributes is None else known.attributes,
        read_source=SourceFiles(places.sysroot).lines,
        message=image.message,
        full=full,
        packages=_packages(image, places.sysroot),
        scrub=Patterns(places.scrub),
    )
    return analyze(image, request)


def _packages(image: "ProcessImage", sysroot: str | None) -> dict[str, tuple[str, str]]:
    """The packages of the modules, as far as that can be told at once: the report waits."""
    from obit.agent.packages import Installed, of_modules

    return of_modules(((module.path, module.build_id) for module in image.modules), Installed(sysroot or ""), thorough=False)


def source_word(text: str | None) -> Any:
    """The document's word for where a fault comes from; a core that Obit did not write was imported."""
    from typing import get_args

    from obit.snapshot.model import Source

    return text if text in get_args(Source) else "import"


def _now() -> str:
    from time import gmtime, strftime

    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime())


def file_finder(places: Places) -> "FileFinder":
    """Finds modules and debug files in these places."""
    from obit.debuginfo.cache import Cache
    from obit.debuginfo.search import FileFinder

    # libdw would ask the network by itself, without a limit on time.
    os.environ.pop("DEBUGINFOD_URLS", None)
    executables, cache = (places.exe,) if places.exe else (), Cache(places.cache)
    kept = _kept(places.archive, places.uid) if places.archive else None
    if not places.debuginfod:
        return FileFinder(executables, places.sysroot, places.debug_directories, cache, kept=kept, held=places.held)
    from obit.debuginfo.debuginfod import Debuginfod, FetchingFinder

    servers = Debuginfod(places.debuginfod, cache)
    return FetchingFinder(servers, _told, executables, places.sysroot, places.debug_directories, cache, None, kept, places.held)


def _kept(archive: str, uid: int | None) -> "Callable[[str], Sequence[str]]":
    """The modules that the agent kept when they were in a fault; looked for only when one is not where it was."""

    def files(build_id: str) -> list[str]:
        from obit.agent.modulecache import ModuleCache

        return ModuleCache(archive).files(build_id, uid)

    return files


def _told(path: str) -> None:
    import sys

    print(f"obit: asking debuginfod for {path}", file=sys.stderr)
