"""How dangerous a crash is, by documented rules: what an attacker would gain if the input were theirs.

A word about the kind of fault, not proof: `exploitable` means that control flow or a write left the program's hands,
`not-exploitable` that the kind of fault gives an attacker a crash and nothing more.
"""

from collections.abc import Sequence

from obit.snapshot.model import Severity

RULES: tuple[tuple[frozenset[str], Severity, str], ...] = (
    # In order; the first rule one of whose words is among the classifiers decides.
    (frozenset({"bad-return", "stack-execution", "stack-smash"}), "exploitable", "a return address or code came from overwritten memory"),
    (frozenset({"use-after-free", "double-free", "invalid-free", "heap-overflow"}), "exploitable", "the heap is under someone else's pen"),
    (frozenset({"null"}), "not-exploitable", "the first pages are never mapped"),
    (frozenset({"wild-jump", "memory.execute"}), "exploitable", "control went where no code is"),
    (frozenset({"stack-overflow"}), "not-exploitable", "the guard stopped a runaway recursion"),
    (
        frozenset({"memory.write", "heap-corruption", "stack-corruption", "fortify"}),
        "probably-exploitable",
        "memory is written out of place",
    ),
    (
        frozenset("divide-by-zero floating-point truncated-mapping bus-error assert abort uncaught-exception pure-virtual".split()),
        "not-exploitable",
        "the program ended itself, or an operation failed that writes nothing",
    ),
    (
        frozenset("breakpoint seccomp killed snapshot machine-check misaligned privileged-instruction".split()),
        "not-exploitable",
        "no memory was misused",
    ),
)


def severity(classifiers: Sequence[str]) -> Severity:
    """The severity of a fault. A read of a wild address alone stays unknown: it depends on where the address came from."""
    words = set(classifiers)
    return next((verdict for rule, verdict, _ in RULES if rule & words), "unknown")
