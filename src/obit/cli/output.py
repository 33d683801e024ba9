"""How commands print: reports, pages, JSON, and what the terminal bears."""

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any, TextIO

from obit.errors import EnvironmentLacks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obit.snapshot.model import Fault

WIDEST = 120
ELSEWHERE = 80
"""Columns where there is no terminal."""


def add_json(parser: ArgumentParser) -> None:
    """`--json`, as every command that prints has it."""
    parser.add_argument("--json", action="store_true", help="print one JSON document, and nothing else, on standard output")


def add_report(parser: ArgumentParser) -> None:
    """The options of commands that show a fault."""
    add_json(parser)
    parser.add_argument("--html", metavar="OUT", help="write the report as one self-contained page")


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    import msgspec

    write_bytes(msgspec.json.encode(document))


def write_bytes(data: bytes) -> None:
    """Bytes and a newline on standard output, as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data + b"\n")


def show_fault(
    fault: "Fault", arguments: Namespace, *, all_threads: bool, next_commands: "Sequence[str]" = (), occurrences: int = 1
) -> None:
    """The fault as the arguments ask: a page in a file, JSON, or (when neither says otherwise) the report."""
    if arguments.html:
        from obit.snapshot.html import render_page

        write_file(arguments.html, render_page(fault).encode())
    if arguments.json:
        from obit.snapshot.encode import encode_json

        write_bytes(encode_json(fault))
    elif arguments.html:
        sys.stdout.write(f"wrote {arguments.html}\n")
    else:
        from obit.snapshot.text import render

        print_text(
            render(
                fault,
                width=width(arguments.config),
                color=color(sys.stdout),
                all_threads=all_threads,
                next_commands=next_commands,
                occurrences=occurrences,
            )
        )


def print_text(text: str) -> None:
    """Text on standard output; what its encoding does not have becomes `?` rather than a failure."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))


def write_file(path: str, data: bytes) -> None:
    """A file that the user named; `EnvironmentLacks` when it cannot be written."""
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise EnvironmentLacks(f"{path} cannot be written ({error.strerror}): name another place") from None


def color(stream: TextIO) -> bool:
    """Whether colours are wanted: on a terminal that has them, unless NO_COLOR is set (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def width(config: str | None) -> int:
    """Columns of a report."""
    from obit.cli import settings

    chosen = settings.number(settings.load(config)["report.width"])
    if chosen:
        return chosen
    return min(columns(), WIDEST)


def columns() -> int:
    """Columns of the terminal, or what COLUMNS says."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or ELSEWHERE
    except (OSError, ValueError):
        return ELSEWHERE


def quoted(word: str) -> str:
    """A word as a shell takes it."""
    if word.replace("/", "").replace(".", "").replace("_", "").replace("-", "").isalnum() and word.isascii():
        return word
    import shlex

    return shlex.quote(word)
