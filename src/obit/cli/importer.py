"""Import crashes that systemd-coredump, apport or ABRT kept, and loose cores.

PATH is a core (also .zst, .lz4, .xz, .gz), a .crash file of apport's, a problem
directory of ABRT's, or a directory of such things: /var/lib/systemd/coredump,
/var/crash, /var/spool/abrt. What they tell beside the core (program, user, time,
signal) is kept with it. Each becomes a fault that `obit show` explains; a core
that is in the archive already is not imported again. The originals stay.

Exit status 4 when something was refused, 1 when there was nothing to import.

Example:
  obit import /var/lib/systemd/coredump
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from obit.cli import output
from obit.cli.progress import Progress
from obit.errors import NothingFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from obit.agent.importing.dump import Refused
    from obit.agent.importing.store import Importer, Taken

REFUSED = 4
SHORT = 12


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a core, a report, or a directory of them")
    output.add_json(parser)


def run(arguments: Namespace) -> int:
    """Import what is there."""
    from obit.agent.importing.dump import Refused

    refused = 0
    rows: list[Taken | Refused] = []
    with _importer(arguments) as importer:
        for row in _imported(importer, arguments.paths):
            rows.append(row)
            refused += isinstance(row, Refused)
            if not arguments.json:
                _tell(row)
    if arguments.json:
        output.print_json(_document(rows))
    if not rows:
        raise NothingFound(f"there is nothing to import in {', '.join(arguments.paths)}: give cores, or directories that hold some")
    return REFUSED if refused else 0


def _importer(arguments: Namespace) -> "Importer":
    from obit.agent.importing.store import Importer
    from obit.agent.quantities import parse_share
    from obit.analysis.scrub import Patterns
    from obit.archive.layout import home
    from obit.cli import settings

    found = settings.load(arguments.config)
    return Importer(
        home(), parse_share(str(found["limits.disk_reserve"].value), _disk(home())), Patterns(settings.texts(found["scrub.patterns"]))
    )


def _disk(path: str) -> int:
    """Bytes of the file system in which a path is, or will be."""
    import os

    while not os.path.exists(path):
        path = os.path.dirname(path)
    disk = os.statvfs(path)
    return disk.f_blocks * disk.f_frsize


def _imported(importer: "Importer", paths: "Sequence[str]") -> "Iterator[Taken | Refused]":
    from obit.agent.importing.dump import Refused
    from obit.agent.importing.search import find
    from obit.snapshot.format import printable

    for path in paths:
        for dump in find(path):
            if isinstance(dump, Refused):
                yield dump
                continue
            progress = Progress(f"importing {printable(dump.path)}")
            try:
                row = importer.take(dump, progress)
            finally:
                progress.end()
            yield row


def _tell(row: "Taken | Refused") -> None:
    from obit.agent.importing.dump import Refused
    from obit.cli.main import complain
    from obit.snapshot.format import printable

    if isinstance(row, Refused):
        complain(f"{row.path} {row.why}")
    else:
        print(f"{row.id[:SHORT]}  {'imported' if row.is_new else 'is there'}  {printable(row.path)}", flush=True)


def _document(rows: "Sequence[Taken | Refused]") -> dict[str, list[dict[str, object]]]:
    from obit.agent.importing.dump import Refused

    return {
        "imported": [{"path": row.path, "id": row.id, "new": row.is_new} for row in rows if not isinstance(row, Refused)],
        "refused": [{"path": row.path, "reason": row.why} for row in rows if isinstance(row, Refused)],
    }
