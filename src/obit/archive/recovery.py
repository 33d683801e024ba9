"""What killed processes left behind: unfinished removals, writes and analyses.

Run by whoever opens the archive to work on it. A folder whose lock can be had has nobody at work on it. Nothing that was captured
is thrown away: a fault without memory is marked `failed`, one with a part of it is analysed with what there is.
"""

import os
from typing import Any

import msgspec

from obit.archive.claim import Claim, claim_leftover
from obit.archive.folder import Folder
from obit.archive.layout import ANALYZING, CORE, DONE, FAILED, INCOMING, META, PENDING, SNAPSHOT, SUMMARY, is_id
from obit.archive.removal import finish_removals
from obit.archive.writer import explained

_MOST_META = 1 << 20
_CUT = {"what": "the end of the core", "why": "the process that was saving it was killed"}


def recover(home: str) -> dict[str, str]:
    """Finish or mark every leftover; the IDs and the states that they are in now. `CannotStore`."""
    if not os.path.isdir(home):
        return {}
    done: dict[str, str] = {}
    with explained(home), Folder.existing(home) as root:
        root.lock(wait=True)
        finish_removals(root)
        for state, mend in ((INCOMING, _finish_write), (ANALYZING, _put_back)):
            for fault_id in _ids(root, state):
                taken = claim_leftover(home, state, fault_id)
                if taken:
                    with taken:
                        mend(taken)
                        done[fault_id] = taken.state
    return {fault_id: state for fault_id, state in done.items() if state != INCOMING}


def _ids(home: Folder, state: str) -> list[str]:
    try:
        with home.child(state) as states:
            return [name for name in states.names() if is_id(name)]
    except FileNotFoundError:
        return []


def _put_back(taken: Claim) -> None:
    taken.move(PENDING)


def _finish_write(taken: Claim) -> None:
    """meta.json is put in place whole and first: without it nothing of the fault was saved."""
    meta = _meta(taken.folder)
    if meta is None:
        taken.remove()
    elif meta.get("source") == "import" and not _complete(taken.folder, meta):
        taken.remove()  # its original is still where it was
    elif _complete(taken.folder, meta):
        _sync(taken.folder)
        taken.move(meta["state"] if meta.get("state") in (DONE, FAILED) else PENDING)
    elif CORE in taken.folder.names() and taken.folder.size(CORE):
        _keep_part(taken, meta)
    else:
        taken.fail("the process that was saving this fault was killed before it had saved any memory")


def _meta(folder: Folder) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(folder.read(META, _MOST_META), type=dict[str, Any])
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        return {}


def _complete(folder: Folder, meta: dict[str, Any]) -> bool:
    """Whether the commit had begun: only then meta.json says the sizes."""
    sizes = meta.get("sizes")
    files = set(folder.names())
    return isinstance(sizes, dict) and all(name in files and folder.size(name) == size for name, size in sizes.items())


def _keep_part(taken: Claim, meta: dict[str, Any]) -> None:
    for name in (SNAPSHOT, SUMMARY):
        taken.folder.remove(name)  # may be cut short; the analysis makes them again
    taken.write(META, msgspec.json.encode({**meta, "missing": [*(meta.get("missing") or ()), _CUT]}))
    _sync(taken.folder)
    taken.move(PENDING)


def _sync(folder: Folder) -> None:
    for name in folder.names():
        folder.sync_file(name)
    folder.sync()
