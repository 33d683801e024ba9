"""Explain a core file, a minicore or a snapshot.

FILE may be compressed (.zst, .lz4, .xz, .gz). Executables and libraries are
looked for where the process had them, and used only when their build-id says
that they are the ones; debug files in /usr/lib/debug and in the directories
of the setting [debug] directories.

Example:
  obit analyze core.4711 --exe ./shop-cart --html report.html
"""

from argparse import ArgumentParser, Namespace

from obit.cli import explain, output


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    parser.add_argument("file", metavar="FILE", help="a core, a minicore, a snapshot or a fault document in JSON")
    explain.add_places(parser)
    output.add_report(parser)
    parser.add_argument("-o", dest="snapshot", metavar="SNAPSHOT", help="keep the analysis, a few kB that need no other file")
    parser.add_argument("--full", action="store_true", help="the long report: every thread, variable, register and module")


def run(arguments: Namespace) -> int:
    """Explain the file."""
    fault = explain.explain_file(arguments.file, explain.places_of(arguments), full=arguments.full)
    if arguments.snapshot:
        from obit.snapshot.encode import encode_snapshot

        output.write_file(arguments.snapshot, encode_snapshot(fault))
    output.show_fault(fault, arguments, all_threads=arguments.full, next_commands=next_commands(arguments))
    return 0


def next_commands(arguments: Namespace) -> list[str]:
    """How to go on with this file."""
    words = [arguments.snapshot or arguments.file]
    if not arguments.snapshot:
        for option in ("exe", "sysroot"):
            value = getattr(arguments, option)
            words += [f"--{option}", value] if value else []
    named = " ".join(map(output.quoted, words))
    return [f"obit view {named}"] + ([] if arguments.full else [f"obit analyze {named} --full"])
