"""Print the report of a fault in the archive.

ID is the beginning of a fault's ID, 6 digits or more (`obit list` shows them);
without one the newest fault is shown. A fault that has not been analysed yet
is analysed now.

Example:
  obit show 3f2a91 --threads all
"""

from argparse import ArgumentParser, Namespace

from obit.cli import explain, output, stored


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    parser.add_argument("id", metavar="ID", nargs="?", help="the fault (default: the newest)")
    parser.add_argument("--threads", choices=("crashed", "all"), default="crashed", help="the crashed thread, or everything of all")
    output.add_report(parser)


def run(arguments: Namespace) -> int:
    """Show the fault."""
    from obit.archive.layout import home
    from obit.archive.reader import Archive

    archive = Archive(home())
    found = archive.find(arguments.id) if arguments.id is not None else archive.newest()
    fault = stored.explain_stored(found, archive.home, explain.places_of(arguments))
    short = found.id[:6]
    commands = [f"obit view {short}", f"obit debug {short}"]
    if arguments.threads != "all":
        commands.append(f"obit show {short} --threads all")
    everything = arguments.threads == "all"
    output.show_fault(fault, arguments, all_threads=everything, next_commands=commands, occurrences=found.occurrences)
    return 0
