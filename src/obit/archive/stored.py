"""One fault as a listing shows it, read from its folder without opening core or snapshot."""

import os

import msgspec

from obit.archive.counts import occurrences
from obit.archive.folder import Folder
from obit.archive.layout import META, OCCURRENCES, REASON, SUMMARY
from obit.snapshot.model import Fault
from obit.snapshot.names import title

_MOST_META = 1 << 20
_MOST_REASON = 4096
_BLOCK = 512
"""st_blocks counts these, whatever the file system's own block is (stat(2))."""


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """What meta.json and summary.json both tell; the latter knows more. `signal` as in the fault document."""

    captured_at: str | None = None
    application: str | None = None
    exe: str | None = None
    pid: int | None = None
    signal: dict[str, object] | None = None
    title: str | None = None
    fingerprint: str | None = None


class StoredFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault in the archive. `bytes` are allocated bytes of its folder, `files` the names in it, `path` the folder itself."""

    id: str
    state: str
    path: str
    application: str | None
    pid: int | None
    signal: dict[str, object] | None
    captured_at: str
    bytes: int
    title: str | None
    fingerprint: str | None
    occurrences: int
    reason: str | None
    files: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether a file (`layout.CORE`, `SNAPSHOT`, `ASSETS` …) is there."""
        return name in self.files


def summary_of(fault: Fault) -> bytes:
    """summary.json of an analysed fault, to be written beside its snapshot."""
    return msgspec.json.encode(
        Summary(
            captured_at=fault.captured_at,
            application=_application(fault.attributes.get("application"), fault.process.get("exe")),
            pid=fault.process.get("pid"),
            signal=msgspec.to_builtins(fault.signal) if fault.signal else None,
            title=title(fault),
            fingerprint=fault.fingerprint,
        )
    )


def read_stored(states: Folder, state: str, fault_id: str) -> StoredFault | None:
    """A fault in an open state folder; None when it has just moved on, or is no folder."""
    try:
        with states.child(fault_id) as folder:
            return _read(folder, state, fault_id)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _read(folder: Folder, state: str, fault_id: str) -> StoredFault:
    files = frozenset(folder.names())
    blocks = os.fstat(folder.fd).st_blocks + sum(os.stat(name, dir_fd=folder.fd, follow_symlinks=False).st_blocks for name in files)
    summary = _summary(folder, files)
    return StoredFault(
        id=fault_id,
        state=state,
        path=folder.path,
        application=_application(summary.application, summary.exe),
        pid=summary.pid,
        signal=summary.signal,
        captured_at=summary.captured_at or _changed_at(folder),
        bytes=blocks * _BLOCK,
        title=summary.title,
        fingerprint=summary.fingerprint,
        occurrences=occurrences(folder) if OCCURRENCES in files else 1,
        reason=folder.read_if_file(REASON, _MOST_REASON).decode(errors="replace").strip() if REASON in files else None,
        files=files,
    )


def _summary(folder: Folder, files: frozenset[str]) -> Summary:
    for name in (SUMMARY, META):
        if name in files:
            try:
                return msgspec.json.decode(folder.read_if_file(name, _MOST_META), type=Summary)
            except msgspec.DecodeError:
                continue  # damaged by a power cut, or no file: the folder is still worth listing
    return Summary()


def _application(application: object, exe: object) -> str | None:
    if isinstance(application, str):
        return application
    return os.path.basename(exe) if isinstance(exe, str) else None


def _changed_at(folder: Folder) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(os.fstat(folder.fd).st_mtime, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
