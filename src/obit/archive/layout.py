"""The archive's names: where it is, its states, the files of a fault.

`HOME/STATE/ID/` holds one fault. A fault is written in `incoming`, moved by rename through the other states, and is
visible to readers once it has left `incoming`. Standard library only: the kernel's pipe handler imports this.

meta.json holds, as far as known: source, captured_at (RFC 3339 UTC), pid, tid, start_time (clock ticks after boot, field 22 of
/proc/PID/stat), uid, gid, exe, application, signal (as in the fault document), attributes (the user's key-values), missing
([{what, why, fix?}]), and from the commit on state and sizes ({file: bytes}).
"""

import os

INCOMING = "incoming"
PENDING = "pending"
ANALYZING = "analyzing"
SENDING = "sending"
DONE = "done"
FAILED = "failed"

VISIBLE_STATES = (PENDING, ANALYZING, SENDING, DONE, FAILED)
"""In the order in which a fault passes through them."""
STATES = (INCOMING, *VISIBLE_STATES)

META = "meta.json"
CORE = "core"
ASSETS = "assets.tar"
SNAPSHOT = "snapshot.obit"
REASON = "reason"
SUMMARY = "summary.json"
"""What a listing shows of an analysed fault, beside its snapshot so that listing opens no snapshot."""
OCCURRENCES = "occurrences"
"""How many faults this one stands for, as decimal digits; absent means 1."""
COUNTS = "counts.json"
"""In HOME itself: faults that left no folder, see `counts`."""
LEDGER = "ledger"
"""In HOME itself: what was decided of each caught fault since the counts were last settled, see `ledger`."""

ID_DIGITS = 32
SHORTEST_PREFIX = 6

_HEX = frozenset("0123456789abcdef")


def home() -> str:
    """The state directory of whoever runs this: OBIT_HOME, else root's /var/lib/obit, else $XDG_STATE_HOME/obit."""
    chosen = os.environ.get("OBIT_HOME")
    if chosen:
        return os.path.abspath(chosen)
    if os.geteuid() == 0:
        return "/var/lib/obit"
    state = os.environ.get("XDG_STATE_HOME", "")
    # The XDG base directory specification: a relative path is invalid and ignored.
    return f"{state if os.path.isabs(state) else os.path.expanduser('~/.local/state')}/obit"


def new_id() -> str:
    """A fault ID: 32 hex digits that nobody else has drawn."""
    return os.urandom(ID_DIGITS // 2).hex()


def is_id(text: str) -> bool:
    """Whether this is a whole fault ID."""
    return len(text) == ID_DIGITS and _HEX.issuperset(text)


def is_prefix(text: str) -> bool:
    """Whether this may be the beginning of a fault ID."""
    return len(text) <= ID_DIGITS and _HEX.issuperset(text)
