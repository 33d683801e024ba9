"""The argument parser that all commands share: a docstring is the help text, and a mistake is one sentence."""

import argparse
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import NoReturn

from obit.cli.output import columns
from obit.errors import UsageError

# Obit speaks English; looking for translations of argparse's few words costs a millisecond.
argparse._ = str  # type: ignore[attr-defined]


class HelpText(RawDescriptionHelpFormatter):
    """As wide as the terminal. argparse makes one for every option that is added, and for its own idea of the width imports shutil, and
    with that the compressors (2 ms)."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=columns() - 2)


class CommandParser(ArgumentParser):
    """`text` is a command's docstring. Abbreviated options are refused: a later option must not change what a script means."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(prog=name, description=text.strip(), formatter_class=HelpText, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` with argparse's reason and where to look."""
        raise UsageError(f"{self.prog.removeprefix('obit ')}: {message}; see `{self.prog} --help`")
