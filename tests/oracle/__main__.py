"""`python -m tests.oracle [PART…]`: compare Obit with gdb on every case whose name contains a PART; a table and the differences."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.programs.build import Crashed, crashed
from tests.programs.matrix import cases

from .compare import Comparison, compare
from .known import explain
from .oracle import ask
from .ours import analyze

SHOWN = 40
JOBS = 2


def compare_all(places: Sequence[Crashed]) -> Iterable[Comparison]:
    """One comparison for each case; gdb is asked ahead."""
    with ThreadPoolExecutor(JOBS) as pool:
        for at, oracle in zip(places, pool.map(ask, places), strict=True):
            yield compare(at.case.name, oracle, analyze(at))


def main(parts: Sequence[str]) -> int:
    """Print a line for each case with differences, and the totals."""
    wanted = [case for case in cases() if not parts or any(part in case.name for part in parts)]
    totals: Counter[str] = Counter()
    by_category: Counter[str] = Counter()
    for result in compare_all(crashed(wanted)):
        totals.update(frames=result.frames, values=result.values, bad_frames=result.count("frame"), bad_values=result.count("value"))
        if result.mismatches:
            sys.stdout.write(
                f"{result.case}: {result.count('frame')}/{result.frames} frames, {result.count('value')}/{result.values} values\n"
            )
        for each in result.mismatches[:SHOWN]:
            entry = explain(result.case, each)
            note = f" (known: {entry.reason})" if entry else ""
            sys.stdout.write(f"    {each.category}: {each.where}: {each.gdb[:200]} | {each.obit[:120]}{note}\n")
        by_category.update(f"{each.kind}: {each.category}" for each in result.mismatches)
    sys.stdout.write("\n".join(f"{count:6} {category}" for category, count in by_category.most_common()) + "\n")
    for what in ("frames", "values"):
        good = totals[what] - totals[f"bad_{what}"]
        sys.stdout.write(f"{what}: {good} of {totals[what]} agree, {100 * good / max(totals[what], 1):.2f} %\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
