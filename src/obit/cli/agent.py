"""Catch every crash of this machine: the daemon, and what belongs to it.

`run` takes over the kernel's core_pattern, prints `ready`, and turns each crash
into a fault of the archive, analysed: `obit list`, `obit show`. On SIGTERM it
finishes what is in flight and gives core_pattern back. It runs in the foreground,
as root.

`install` makes systemd units (socket-activated), a user for the archive and what
they need; `uninstall` takes away exactly that and leaves the faults. `status` says
whether an agent runs, and what the archive holds.

Example:
  obit agent run --capture socket
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from obit.errors import EnvironmentLacks, NothingFound

if TYPE_CHECKING:
    from collections.abc import Iterator


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    actions = parser.add_subparsers(dest="action", metavar="run | install | uninstall | status", required=True, parser_class=ArgumentParser)
    run_parser = actions.add_parser("run", help="the daemon, in the foreground")
    run_parser.add_argument(
        "--capture",
        choices=("auto", "socket", "pipe", "none"),
        default="auto",
        help="how the kernel hands over a crash (default: what works)",
    )
    for name, text in (("install", "systemd units, sysctl, user"), ("uninstall", "take away what install made")):
        one = actions.add_parser(name, help=text)
        one.add_argument("--root", metavar="DIR", default="/", help="the root of another file system, of which only files are changed")
        one.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    status = actions.add_parser("status", help="whether an agent runs, and what the archive holds")
    status.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: Namespace) -> int:
    """Do it; the exit status."""
    actions = {"run": _run, "install": _install, "uninstall": _uninstall, "status": _status}
    return actions[arguments.action](arguments)


def _run(arguments: Namespace) -> int:
    from obit.agent import forward
    from obit.agent.admission import Limits
    from obit.agent.configuration import Assets, Configuration
    from obit.agent.daemon import Daemon
    from obit.agent.quantities import parse_size
    from obit.agent.rules import Rules
    from obit.archive.layout import home
    from obit.cli import settings

    found = settings.load(arguments.config)
    values = {name: each.value for name, each in found.items()}
    configuration = Configuration(
        home(),
        arguments.capture,
        parse_size(str(values["limits.memory_budget"])),
        settings.texts(found["debug.directories"]),
        str(values["debug.cache"]) or None,
        Limits.of(values),
        parse_size(str(values["modules.limit"])),
        Assets(
            settings.number(found["assets.threads"]),
            settings.texts(found["assets.logs"]),
            settings.texts(found["assets.directories"]),
            settings.texts(found["scrub.patterns"]),
        ),
        str(values["forward.command"]),
        Rules.of(values),
        str(values["metrics.file"]),
        str(values["metrics.socket"]),
    )
    forward.parse(configuration.forward)
    Daemon(configuration).run()
    return 0


def _install(arguments: Namespace) -> int:
    from obit.agent.install import install

    return _told(install(arguments.root, dry_run=arguments.dry_run))


def _uninstall(arguments: Namespace) -> int:
    from obit.agent.install import uninstall

    return _told(uninstall(arguments.root, dry_run=arguments.dry_run))


def _told(lines: "Iterator[str]") -> int:
    """Print what is done as it is done."""
    from obit.snapshot.format import printable

    try:
        for line in lines:
            print(printable(line), flush=True)
    except OSError as error:
        raise EnvironmentLacks(f"{error.filename or 'a file'} cannot be changed ({error.strerror}): run it as root") from None
    return 0


def _status(arguments: Namespace) -> int:
    import msgspec

    from obit.agent.places import running
    from obit.archive.layout import home
    from obit.archive.reader import Archive, totals
    from obit.cli.output import write_bytes

    found, archive = running(home()), Archive(home())
    held = totals(archive.faults())
    if arguments.json:
        document = {"running": found is not None, "home": home(), "totals": held, "suppressed": archive.suppressed()}
        write_bytes(msgspec.json.encode(document | (found or {})))
        return 0 if found else 1
    if found is None:
        raise NothingFound(
            f"no agent runs for the archive {home()}: start one with `obit agent run`, or install it with `obit agent install`"
        )
    print(f"the agent runs as process {found['pid']}; crashes come by {_WAYS[found['pattern']]}")
    counts = ", ".join(f"{total.count} {state}" for state, total in held.items() if total.count)
    print(f"the archive {home()} holds {counts or 'nothing yet'}; {archive.suppressed()} more crashes were counted and not stored")
    return 0


_WAYS = {"@@": "the kernel's socket", "@": "the kernel's socket (without a protocol)", "|": "the kernel's pipe", "": "hand-over only"}
