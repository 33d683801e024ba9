"""From a fault of the archive to its document; one that still waits is analysed now."""

import os
from typing import TYPE_CHECKING, Any

from obit.cli.explain import LARGEST_SNAPSHOT, Known, Places, explain_core, explain_file, read_start
from obit.errors import BadInput, NothingFound

if TYPE_CHECKING:
    from obit.archive.stored import StoredFault
    from obit.snapshot.model import Fault


def find_fault(target: str | None, places: Places) -> "Fault":
    """The fault that a word names: a file when there is one of that name, else the beginning of an ID; the newest without a word."""
    from obit.archive.layout import home
    from obit.archive.reader import Archive

    if target is not None and ("/" in target or os.path.exists(target)):
        return explain_file(target, places)
    archive = Archive(home())
    return explain_stored(archive.find(target) if target is not None else archive.newest(), archive.home, places)


def explain_stored(stored: "StoredFault", home: str, places: Places) -> "Fault":
    """The fault of the archive; one that still waits is analysed now, and what comes out is kept. `NothingFound`, `BadInput`."""
    from obit.archive.layout import PENDING, SNAPSHOT

    if stored.has(SNAPSHOT):
        return _read_snapshot(stored)
    if stored.state == "failed":
        raise NothingFound(f"fault {stored.id[:12]} could not be analysed ({stored.reason or 'no reason was kept'}): try `obit debug`")
    if stored.state == PENDING or stored.state == "analyzing":
        return _analyze_stored(stored, home, places)
    raise NothingFound(f"fault {stored.id[:12]} has no snapshot: `obit list` shows what it still has")


def _read_snapshot(stored: "StoredFault") -> "Fault":
    from obit.archive.layout import SNAPSHOT
    from obit.snapshot.encode import decode_snapshot

    return decode_snapshot(read_start(f"{stored.path}/{SNAPSHOT}", LARGEST_SNAPSHOT))


def _analyze_stored(stored: "StoredFault", home: str, places: Places) -> "Fault":
    from obit.archive.claim import claim_analysis
    from obit.archive.reader import Archive
    from obit.snapshot.encode import encode_snapshot

    with claim_analysis(home, stored.id) as claimed:
        if claimed.ours:
            folder = Archive(home).find(stored.id)
            known = known_of(folder)
            fault = explain_core(core_of(folder), places._replace(archive=home, uid=known.uid), known)
            claimed.finish(fault, encode_snapshot(fault))
            return fault
    return explain_stored(Archive(home).find(stored.id), home, places)


def core_of(stored: "StoredFault") -> str:
    """Path of the fault's core. `NothingFound`."""
    from obit.archive.layout import CORE

    name = next((name for name in (CORE, f"{CORE}.zst") if stored.has(name)), None)
    if name is None:
        raise NothingFound(f"fault {stored.id[:12]} has no core any more: `obit list` shows what it still has")
    path = f"{stored.path}/{name}"
    if not os.path.isfile(path) or os.path.islink(path):
        raise BadInput(f"{path} is no regular file: the archive is damaged")  # a debugger would wait for a FIFO's writer
    return path


def known_of(stored: "StoredFault") -> Known:
    """What the fault's meta.json says."""
    import msgspec

    from obit.archive.layout import META

    try:
        meta = msgspec.json.decode(read_start(f"{stored.path}/{META}", 1 << 20)) if stored.has(META) else {}
    except msgspec.DecodeError:
        meta = {}
    attributes = meta.get("attributes") if isinstance(meta, dict) else None
    source = meta.get("source") if isinstance(meta, dict) else None
    uid = meta.get("uid") if isinstance(meta, dict) else None
    return Known(
        stored.id,
        stored.captured_at,
        source if isinstance(source, str) else None,
        {str(name): _scalar(value) for name, value in attributes.items()} if isinstance(attributes, dict) else None,
        _process_of(stored),
        uid if isinstance(uid, int) else None,
    )


def _process_of(stored: "StoredFault") -> dict[str, Any] | None:
    """What assets.tar says of the process."""
    from obit.archive.layout import ASSETS

    if not stored.has(ASSETS):
        return None
    from obit.capture.assetfacts import LIMIT, process_facts_of

    return process_facts_of(read_start(f"{stored.path}/{ASSETS}", LIMIT))


def _scalar(value: object) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
