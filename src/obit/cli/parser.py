"""The argument parser that all commands share: a docstring is the help text, and a mistake is one sentence."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import NoReturn

from obit.errors import UsageError


class CommandParser(ArgumentParser):
    """`text` is a command's docstring. Abbreviated options are refused: a later option must not change what a script means."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(prog=name, description=text.strip(), formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` with argparse's reason and where to look."""
        raise UsageError(f"{self.prog.removeprefix('obit ')}: {message}; see `{self.prog} --help`")
