"""List the faults in the archive.

The newest ten, with --all every one; at the end what each state holds.
States: pending (waiting for analysis), analyzing, sending, done, failed.
Letters say what a fault still has: c core, s snapshot, a assets.

Example:
  obit list -a shop-cart
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from obit.cli import output
from obit.snapshot.format import count_text, pad, printable, size_text, truncate, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obit.archive.reader import Total
    from obit.archive.stored import StoredFault

NEWEST = 10
SHORT_ID = 8
WIDE = 100
"""Columns from which there is room for the year."""
STATES = ("pending", "analyzing", "sending", "done", "failed")


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    parser.add_argument("-a", "--application", metavar="APP", help="only faults of this application")
    parser.add_argument("--state", choices=STATES, help="only faults in this state")
    parser.add_argument("--all", action="store_true", help=f"every fault, not the newest {NEWEST}")
    output.add_json(parser)


def run(arguments: Namespace) -> int:
    """Print the list."""
    from obit.archive.layout import home
    from obit.archive.reader import Archive, totals

    _recover(home())
    archive = Archive(home())
    every = archive.faults()
    chosen = [fault for fault in every if _wanted(fault, arguments)]
    if arguments.json:
        held = {state: {"count": total.count, "bytes": total.bytes} for state, total in totals(every).items()}
        output.print_json({"faults": [row(fault) for fault in chosen], "totals": held, "suppressed": archive.suppressed()})
        return 0
    shown = chosen if arguments.all else chosen[:NEWEST]
    output.print_text(table(shown, output.width(arguments.config)))
    output.print_text(footer(len(chosen) - len(shown), totals(every), archive.suppressed(), archive.home))
    return 0


def _recover(place: str) -> None:
    """What a killed process left unfinished is put in order first; an archive that one may only read is listed as it is."""
    from contextlib import suppress

    from obit.archive.recovery import recover
    from obit.archive.writer import CannotStore

    with suppress(CannotStore):
        recover(place)


def _wanted(fault: "StoredFault", arguments: Namespace) -> bool:
    return arguments.application in (None, fault.application) and arguments.state in (None, fault.state)


def row(fault: "StoredFault") -> dict[str, Any]:
    """A fault as `obit list --json` has it."""
    names = ("id", "state", "application", "pid", "signal", "captured_at", "bytes", "title", "fingerprint", "occurrences")
    fields = {name: getattr(fault, name) for name in names}
    fields["has"] = sorted(word for word, letter in parts(fault).items() if letter)
    return fields if fault.reason is None else {**fields, "reason": fault.reason}


def parts(fault: "StoredFault") -> dict[str, bool]:
    """What the fault's folder still has."""
    from obit.archive.layout import ASSETS, CORE, SNAPSHOT

    return {"core": fault.has(CORE) or fault.has(f"{CORE}.zst"), "snapshot": fault.has(SNAPSHOT), "assets": fault.has(ASSETS)}


def table(faults: "Sequence[StoredFault]", columns: int) -> str:
    """One line a fault: ID, time, application, state, parts, size, and what happened."""
    if not faults:
        return ""
    rows = [_cells(fault, year=columns >= WIDE) for fault in faults]
    wide = [min(max(width(cell) for cell in column), 24 if columns >= WIDE else 16) for column in zip(*rows, strict=True)][:-1]
    lines = []
    for cells in rows:
        fixed = "  ".join(pad(truncate(cell, size), size) for cell, size in zip(cells, wide, strict=False))
        lines.append(f"{fixed}  {truncate(cells[-1], max(columns - width(fixed) - 2, 8))}".rstrip())
    return "\n".join(lines) + "\n\n"


def _cells(fault: "StoredFault", *, year: bool) -> tuple[str, ...]:
    times = f" ×{fault.occurrences:,}" if fault.occurrences > 1 else ""
    what = fault.reason if fault.state == "failed" and fault.reason else fault.title or _signal(fault)
    letters = "".join(word[0] if held else "-" for word, held in parts(fault).items())
    when = fault.captured_at[0 if year else 5 : 16].replace("T", " ")
    cells = (fault.id[:SHORT_ID], when, fault.application or "?", fault.state + times, letters, size_text(fault.bytes), what)
    return tuple(map(printable, cells))


def _signal(fault: "StoredFault") -> str:
    name = (fault.signal or {}).get("name")
    return name if isinstance(name, str) else "not analysed yet"


def footer(hidden: int, held: "dict[str, Total]", suppressed: int, place: str) -> str:
    """What is not shown, and the totals."""
    kept = [f"{total.count:,} {state} ({size_text(total.bytes)})" for state, total in held.items() if total.count]
    lines = [f"{hidden:,} more with --all"] if hidden > 0 else []
    lines.append(", ".join(kept) if kept else f"no faults in {printable(place)}: `obit run -- CMD` catches one")
    if suppressed:
        lines.append(f"{count_text(suppressed, 'more fault')} caught and not kept")
    return "\n".join(lines) + "\n"
