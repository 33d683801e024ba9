"""Make docs/promises.md from docs/promises.toml: what Obit promises, and the test or benchmark that holds each promise.

`tools/promises.py` writes the page; `--check` only says (status 1) whether it is up to date.
"""

import sys
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "docs" / "promises.toml"
PAGE = ROOT / "docs" / "promises.md"

INTRODUCTION = """<!-- made by tools/promises.py from promises.toml -->
# What Obit promises

Each line is held by the tests or benchmarks beside it: when the promise stops being true, one of them fails.
"""


def page(promises: list[dict[str, object]]) -> str:
    """The page; promises with the same `part` stand together, in the order of the file."""
    return INTRODUCTION + "".join(_part(str(title), list(part)) for title, part in groupby(promises, key=lambda promise: promise["part"]))


def _part(title: str, promises: list[dict[str, object]]) -> str:
    return f"\n## {title}\n" + "".join(_lines(promises))


def _lines(promises: list[dict[str, object]]) -> Iterator[str]:
    for promise in promises:
        held_by = promise["held_by"]
        assert isinstance(held_by, list)
        yield f"- {promise['text']}  \n  {', '.join(map(_link, held_by))}\n"


def _link(where: str) -> str:
    return f"[`{where}`](../{where.partition('::')[0]})"


def main(arguments: list[str]) -> int:
    """Write or check the page; the exit status."""
    made = page(tomllib.loads(SOURCE.read_text())["promise"])
    if arguments == ["--check"]:
        return 0 if PAGE.exists() and PAGE.read_text() == made else 1
    PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
