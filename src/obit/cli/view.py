"""Look around in a fault: threads, frames, variables, source.

TARGET is the beginning of a fault's ID, or a file: a snapshot, a core, a fault
document. Without one the newest fault is shown.

Keys: t threads, f frames, v variables, r registers, d disassembly, w why;
arrows or j and k move, Enter opens a variable, x opens all, c goes back to the
frame that crashed, q quits.

Example:
  obit view 3f2a91
"""

import sys
from argparse import ArgumentParser, Namespace

from obit.cli import explain, stored
from obit.errors import EnvironmentLacks


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    parser.add_argument("target", metavar="TARGET", nargs="?", help="a fault's ID or a file (default: the newest fault)")
    explain.add_places(parser)


def run(arguments: Namespace) -> int:
    """Open the viewer."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise EnvironmentLacks("the viewer needs a terminal: use `obit show` or `obit analyze` here")
    fault = stored.find_fault(arguments.target, explain.places_of(arguments))
    # After the analysis: Textual takes longer to import than most cores take to explain.
    from obit.tui.app import Viewer

    Viewer(fault).run()
    return 0
