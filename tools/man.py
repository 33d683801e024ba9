"""Make man/obit.1 from the commands themselves: `tools/man.py [FILE]`."""

import os
import sys
from pathlib import Path

from argparse_manpage.manpage import Manpage  # type: ignore[import-untyped]

from obit import __version__
from obit.cli.whole import whole_parser

TARGET = Path(__file__).parents[1] / "build" / "man" / "obit.1"
DATA = {"project_name": "obit", "version": __version__, "authors": [], "manual_title": "Obit", "manual_section": "1"}


def page() -> str:
    """The page in troff."""
    os.environ["COLUMNS"] = "80"
    parser = whole_parser()
    parser.man_short_description = "turn the death of a native program into an explanation"  # type: ignore[attr-defined]
    return str(Manpage(parser, _data=DATA, format="pretty"))


def main(arguments: list[str]) -> int:
    """Write the page."""
    target = Path(arguments[0]) if arguments else TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
