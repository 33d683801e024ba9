"""Remove old faults from the archive.

Without an option, what [retention] of the configuration says. Faults that
still wait to be analysed or sent stay. What goes is still counted: `obit list`
shows how many were caught and not kept.

Example:
  obit prune --older 30d --dry-run
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from obit.cli import output, settings
from obit.snapshot.format import count_text, size_text

if TYPE_CHECKING:
    from obit.archive.retention import Limits


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    parser.add_argument("--older", metavar="AGE", help="remove what is older: 12h, 30d, 8w")
    parser.add_argument("--keep", metavar="LIMIT", help="keep the newest: a number of faults (100), or a size (2G)")
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    output.add_json(parser)


def run(arguments: Namespace) -> int:
    """Remove, and say what."""
    from obit.archive.layout import home
    from obit.archive.reader import Archive
    from obit.archive.retention import expired, retain

    archive, limits = Archive(home()), limits_of(arguments)
    gone = expired(archive.faults(), limits) if arguments.dry_run else retain(archive, limits)
    size = sum(fault.bytes for fault in gone)
    if arguments.json:
        output.print_json({"removed": [fault.id for fault in gone], "bytes": size, "dry_run": arguments.dry_run})
        return 0
    did = "would remove" if arguments.dry_run else "removed"
    lines = [f"{fault.id[:12]}  {fault.captured_at}  {fault.application or '?'}  {size_text(fault.bytes)}" for fault in gone]
    lines.append(f"{did} {count_text(len(gone), 'fault')} ({size_text(size)})" if gone else "nothing to remove")
    output.print_text("\n".join(lines) + "\n")
    return 0


def limits_of(arguments: Namespace) -> "Limits":
    """What the options say; what they leave open is no limit, and without any the settings hold. `UsageError`."""
    import time

    from obit.agent.quantities import parse_duration, parse_size
    from obit.agent.rules import Rules

    if arguments.older is None and arguments.keep is None:
        return Rules.of({name: found.value for name, found in settings.load(arguments.config).items()}).limits(time.time())
    count = int(arguments.keep) if arguments.keep and arguments.keep.isdecimal() else None
    size = parse_size(arguments.keep) if arguments.keep and count is None else None
    age = parse_duration(arguments.older) if arguments.older else None
    return Rules(age=age, size=size, number=count).limits(time.time())
