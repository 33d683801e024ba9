"""What a module of this package offers to `main` (see the package's docstring)."""

from argparse import ArgumentParser, Namespace
from typing import Protocol


class Command(Protocol):
    """A command's module."""

    __doc__: str | None

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options and operands."""

    def run(self, arguments: Namespace) -> int:
        """Do it; the exit status."""
        ...
