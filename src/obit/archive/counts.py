"""How many faults each folder stands for, and how many left none: caught faults = Σ occurrences + suppressed, always.

`HOME/counts.json` is {"suppressed": N, "removing": [ID…], "folding": {ID: occurrences}, "waiting": {ID: folds}, "accepted": [ID…],
"ledger": N}. It is replaced whole, so that every change of several numbers happens at once:

- Removing faults is written there first, together with the number that makes up for them: from that moment they do not exist, and
  whoever comes next deletes what a killed process left of them.
- Settling the ledger (`settlement`) writes there what the decisions come to: `folding` are the new `occurrences` of faults, put into
  their folders next; `accepted` are faults whose folder is still to come, `waiting` what was folded into those; ledgers with a
  smaller number than `ledger` are in it.
"""

import msgspec

from obit.archive.folder import Folder
from obit.archive.layout import COUNTS, OCCURRENCES

_MOST_BYTES = 16 << 20


class Counts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `counts.json` says."""

    suppressed: int = 0
    removing: tuple[str, ...] = ()
    folding: dict[str, int] = {}
    waiting: dict[str, int] = {}
    accepted: tuple[str, ...] = ()
    ledger: int = 0


def read_counts(home: Folder) -> Counts:
    """The counts of an archive; zeros when there are none or they are damaged."""
    try:
        return msgspec.json.decode(home.read_if_file(COUNTS, _MOST_BYTES), type=Counts)
    except (FileNotFoundError, msgspec.DecodeError):
        return Counts()


def write_counts(home: Folder, counts: Counts) -> None:
    """Replace them durably. The caller holds the home's lock."""
    home.replace_durably(COUNTS, msgspec.json.encode(counts))


def occurrences(folder: Folder) -> int:
    """How many caught faults this one stands for."""
    try:
        digits = folder.read_if_file(OCCURRENCES, 20).strip()
    except FileNotFoundError:
        return 1
    return int(digits) if digits.isdigit() else 1
