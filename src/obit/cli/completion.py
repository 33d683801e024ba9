"""Print the completion script of a shell.

Example:
  obit completion bash > /etc/bash_completion.d/obit
"""

from argparse import ArgumentParser, Namespace

from obit.cli import output

SHELLS = ("bash", "zsh", "tcsh")


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that will read it")


def run(arguments: Namespace) -> int:
    """Print the script."""
    import shtab

    from obit.cli.whole import whole_parser

    output.print_text(shtab.complete(whole_parser(), shell=arguments.shell) + "\n")
    return 0
