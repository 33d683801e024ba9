"""The faults of a run into the archive: written while the process stands still, committed once it has died. Standard library only."""

import os
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from obit.archive.writer import Incoming
    from obit.capture.stops import Doomed
    from obit.capture.victim import Attributes, Captured

# What a capture needs is imported at the first one: most programs do not crash.

MAX_FAULTS = 64
"""A test suite may crash thousands of times for one reason; those beyond this number are counted, not kept."""


class Kept(NamedTuple):
    """A fault that was captured. `id` in the archive; None when the archive took nothing, and then only `unstored` has the core.

    `files` are descriptors of what it had mapped, by path: what the deposit's `hold` gave.
    """

    pid: int
    id: str | None
    unstored: IO[bytes] | None
    files: Mapping[str, int] = {}


class _Open(NamedTuple):
    """A fault whose process has not yet died: in the archive, in memory, or only the reason why it could not be captured."""

    incoming: "Incoming | None" = None
    core: IO[bytes] | None = None
    complaint: str | None = None
    files: Mapping[str, int] = {}


class Deposit:
    """The observer of a run. `complaints` are sentences for the user, `beyond` the number of crashes that were only counted.

    `hold` may open files of a process while it stands; it does not raise.
    """

    def __init__(
        self, home: str, attributes: "Attributes", *, full: bool = False, hold: "Callable[[Captured], Mapping[str, int]] | None" = None
    ) -> None:
        self.kept: list[Kept] = []
        self.complaints: list[str] = []
        self.beyond = 0
        self._home = home
        self._attributes = attributes
        self._full = full
        self._hold = hold
        self._open: dict[int, _Open] = {}

    def on_fault(self, doomed: "Doomed") -> None:
        """Capture a process that is about to die. What fails becomes a complaint: the program must go on its way."""
        if len(self.kept) + len(self._open) >= MAX_FAULTS:
            self.beyond += 1
            return
        from obit.capture.agentsocket import claim
        from obit.capture.victim import Unsupported, take

        try:
            captured = take(doomed, self._attributes)
            files = self._hold(captured) if self._hold else {}
            self._open[doomed.pid] = self._store(captured)._replace(files=files)
            claim(self._home, doomed.pid, captured.note["process"].get("start_time", 0))  # one fault, not two
        except Unsupported as error:
            self._open[doomed.pid] = _Open(complaint=f"process {doomed.pid} crashed and could not be captured: {error}")
        except Exception as error:  # noqa: BLE001  whatever a dying process makes us trip over must not hold up the living
            why = f"{type(error).__name__}: {error}"
            self._open[doomed.pid] = _Open(complaint=f"process {doomed.pid} crashed and could not be captured ({why})")

    def on_end(self, pid: int, died: bool) -> None:
        """Commit the fault of a process that has died; forget that of one which lives on."""
        from obit.archive.layout import PENDING
        from obit.archive.writer import CannotStore

        fault = self._open.pop(pid, None)
        if fault is None:
            return
        if fault.incoming is None:
            self._keep_unstored(pid, fault, died=died)
            return
        try:
            if died:
                fault.incoming.commit(PENDING)
                self.kept.append(Kept(pid, fault.incoming.id, None, fault.files))
        except CannotStore as error:
            self.complaints.append(str(error))
        finally:
            fault.incoming.discard()

    def _store(self, captured: "Captured") -> _Open:
        """Into the archive; where that fails, into memory, so that at least the report can be had."""
        from obit.archive.layout import CORE
        from obit.archive.writer import CannotStore, begin
        from obit.capture.victim import meta, write

        try:
            incoming = begin(self._home, meta(captured))
        except CannotStore as error:
            return self._in_memory(captured, error)
        try:
            with incoming.create(CORE) as core:
                write(captured, core.fileno(), full=self._full)
            _save_assets(incoming, captured)
        except (CannotStore, OSError) as error:
            incoming.discard()
            return self._in_memory(captured, error)
        return _Open(incoming, None)

    def _in_memory(self, captured: "Captured", error: Exception) -> _Open:
        from obit.capture.victim import write

        self.complaints.append(f"the fault is reported but not kept: {error}")
        core = open(os.memfd_create("obit-core"), "w+b")  # noqa: SIM115  handed on, closed by whoever reads the report
        write(captured, core.fileno())
        return _Open(None, core)

    def _keep_unstored(self, pid: int, fault: _Open, *, died: bool) -> None:
        if died and fault.complaint:
            self.complaints.append(fault.complaint)
        elif died:
            self.kept.append(Kept(pid, None, fault.core, fault.files))
        elif fault.core is not None:
            fault.core.close()


def _save_assets(incoming: "Incoming", captured: "Captured") -> None:
    from obit.archive.layout import ASSETS
    from obit.capture.assets import save

    proc = os.open(f"/proc/{captured.process.pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with incoming.create(ASSETS) as out:
            save(out.fileno(), proc, captured.threads[0].tid)
    finally:
        os.close(proc)
