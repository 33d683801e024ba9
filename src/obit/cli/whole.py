"""One parser of all commands: what completions, man page and documentation are made from. Running a command needs none of it."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter

from obit import __doc__ as purpose
from obit import __version__
from obit.cli.main import COMMANDS, add_common, load


def whole_parser() -> ArgumentParser:
    """`obit` with every command as a sub-command."""
    parser = ArgumentParser("obit", description=purpose, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"obit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, summary in COMMANDS:
        command = load(name)
        text = (command.__doc__ or "").strip()
        child = commands.add_parser(name, help=summary, description=text, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False)
        command.add_arguments(child)
        add_common(child)
    return parser
