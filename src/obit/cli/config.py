"""Print every setting with its value, its source and what it does.

A flag goes before a variable, a variable before the file (/etc/obit.toml, or
--config FILE). `[debug] cache` of the file is OBIT_DEBUG_CACHE.

Example:
  OBIT_REPORT_WIDTH=100 obit config
"""

import sys
from argparse import ArgumentParser, Namespace

from obit.cli import output, settings
from obit.snapshot.format import printable


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    output.add_json(parser)


def run(arguments: Namespace) -> int:
    """Print the settings."""
    found = settings.load(arguments.config)
    strange = settings.unknown(arguments.config)
    if arguments.json:
        output.print_json(
            {
                "settings": [
                    {
                        "name": name,
                        "value": one.value,
                        "source": one.source,
                        "variable": one.setting.variable,
                        "explanation": one.setting.explanation,
                    }
                    for name, one in found.items()
                ],
                "unknown": strange,
            }
        )
        return 0
    for name, one in found.items():
        sys.stdout.write(f"{name} = {printable(shown(one.value))}   ({printable(one.source)})\n    {one.setting.explanation}\n")
    for name in strange:
        sys.stdout.write(f"{printable(name)}: the file sets it, and Obit has no such setting\n")
    return 0


def row(one: settings.Found) -> dict[str, object]:
    """A setting as JSON."""
    setting = one.setting
    return {
        "name": setting.name,
        "value": one.value,
        "source": one.source,
        "variable": setting.variable,
        "explanation": setting.explanation,
    }


def shown(value: settings.Value) -> str:
    """A value as the file would have it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
