"""docs/security.md names a test for every requirement, and the test is there."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "security.md"


def named() -> list[tuple[str, str]]:
    """(file, function) of each test on the page; `::name` after another means the same file."""
    found: list[tuple[str, str]] = []
    for word in re.findall(r"`([^`]*::[^`]*)`", PAGE.read_text()):
        file, _, function = word.partition("::")
        found.append((file or found[-1][0], function))
    return found


def test_every_named_test_is_there() -> None:
    missing = [name for name in named() if f"def {name[1]}(" not in (TESTS / name[0]).read_text()]
    assert len(named()) > 25
    assert missing == []


def test_every_requirement_has_a_test_or_a_reason() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.startswith(("| source", "| rule"))]
    assert [row for row in rows if "::" not in row and "cannot apply" not in row and "the same, `" not in row] == []
