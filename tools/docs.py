"""Make docs/commands.md and docs/settings.md from the commands themselves and the table of settings.

`tools/docs.py` writes the pages; `--check` only says (status 1) whether they are up to date.
"""

import os
import sys
from pathlib import Path

from obit.cli.config import shown
from obit.cli.main import COMMANDS, load, parser_of
from obit.cli.settings import SETTINGS

DOCS = Path(__file__).parents[1] / "docs"
COLUMNS = "80"


def commands() -> str:
    """What every command says of itself."""
    parts = ["<!-- made by tools/docs.py from the commands -->\n# Commands\n"]
    parts += [f"- [`obit {name}`](#obit-{name}) {summary}\n" for name, summary in COMMANDS]
    for name, _ in COMMANDS:
        text = parser_of(name, load(name)).format_help().rstrip()
        parts.append(f"\n## obit {name}\n```\n{text}\n```\n")
    return "".join(parts)


def settings() -> str:
    """Every setting."""
    rows = [f"| `{one.name}` | `{one.variable}` | `{shown(one.default)}` | {one.explanation} |\n" for one in SETTINGS]
    return (
        "<!-- made by tools/docs.py from obit.cli.settings -->\n# Settings\n"
        "A flag goes before the variable, the variable before the file (`/etc/obit.toml`, or `--config FILE`), the file before the\n"
        "default. `obit config` shows what holds and why.\n\n| setting | variable | default | |\n|---|---|---|---|\n" + "".join(rows)
    )


def pages() -> dict[Path, str]:
    """The pages as they should be."""
    os.environ["COLUMNS"] = COLUMNS
    return {DOCS / "commands.md": commands(), DOCS / "settings.md": settings()}


def main(arguments: list[str]) -> int:
    """Write or check; the exit status."""
    made = pages()
    if arguments == ["--check"]:
        return 0 if all(path.exists() and path.read_text() == text for path, text in made.items()) else 1
    for path, text in made.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
