"""Say what works on this machine, and what to do about what does not.

The exit status is 1 when `obit run` or `obit analyze` would not work here;
what only makes reports poorer is said, with the command that mends it.

Example:
  obit doctor --json
"""

from argparse import ArgumentParser, Namespace

from obit.cli import explain, output
from obit.snapshot.format import wrap
from obit.snapshot.page import BOLD, DIM, GREEN, RED, YELLOW, Page


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    output.add_json(parser)


def run(arguments: Namespace) -> int:
    """Check everything."""
    import sys

    from obit.cli.checks import CHECKS, Finding

    places = explain.places_of(arguments)
    findings: list[Finding] = [check(places) for check in CHECKS]
    works = all(finding.ok or not finding.needed for finding in findings)
    if arguments.json:
        output.print_json({"ok": works, "checks": [finding._asdict() for finding in findings]})
        return 0 if works else 1
    page = Page(output.width(arguments.config), color=output.color(sys.stdout))
    for finding in findings:
        show(page, finding.name, finding.ok, finding.needed, finding.why, finding.fix)
    output.print_text(page.text())
    return 0 if works else 1


def show(page: Page, name: str, ok: bool, needed: bool, why: str, fix: str | None) -> None:
    """One finding: a mark, its name, what was found, and the command that mends it."""
    mark, style = ("ok", GREEN) if ok else ("NO", RED) if needed else ("--", YELLOW)
    lines = wrap(why, page.columns - 25)
    page.line((f"{mark}  ", style), (f"{name:<21}", BOLD if not ok else ""), lines[0] if lines else "")
    for line in lines[1:]:
        page.line(" " * 25, line)
    if fix and not ok:
        page.line(" " * 25, ("mend it with: ", DIM))
        page.command(27, fix)
