"""Taking a fault, so that at most one process works on it, and moving it between the states."""

from typing import Self, TypeVar

from obit.archive.folder import Folder
from obit.archive.layout import ANALYZING, DONE, FAILED, PENDING, REASON, SNAPSHOT, STATES, SUMMARY
from obit.archive.stored import summary_of
from obit.archive.writer import explained
from obit.errors import NothingFound
from obit.snapshot.model import Fault


class Claim:
    """A fault whose lock this process holds until the end of the `with`; the lock of a process that dies is let go by the kernel."""

    def __init__(self, home: str, fault_id: str, state: str, folder: Folder) -> None:
        self.id = fault_id
        self.state = state
        self._home = home
        self.folder = folder

    def move(self, state: str) -> None:
        """Into another state, durably; `CannotStore`."""
        with explained(self._home), Folder.existing(self._home) as home, home.child(self.state) as source, home.ensure(state) as target:
            source.rename(self.id, target)
            self.state = state  # from now on, also when the disk does not say that it is durable
            target.sync()
            source.sync()

    def write(self, name: str, data: bytes) -> None:
        """Put a file of the fault in place, durably and at once; `CannotStore`."""
        with explained(self._home):
            self.folder.replace_durably(name, data)

    def finish(self, fault: Fault, snapshot: bytes, state: str = DONE) -> None:
        """Keep the analysis (`snapshot` is `fault` encoded) and move to `done`, or to `sending`; `CannotStore`."""
        self.keep(summary_of(fault), snapshot, state)

    def keep(self, summary: bytes, snapshot: bytes, state: str = DONE) -> None:
        """The same with the summary's bytes; `CannotStore`."""
        self.write(SUMMARY, summary)
        self.write(SNAPSHOT, snapshot)
        self.move(state)

    def fail(self, reason: str) -> None:
        """Move to `failed`, saying why; `CannotStore`."""
        self.write(REASON, f"{reason}\n".encode())
        self.move(FAILED)

    def remove(self) -> None:
        """Delete the fault; `CannotStore`."""
        with explained(self._home), Folder.existing(self._home) as home, home.child(self.state) as source:
            source.remove_tree(self.id)

    def close(self) -> None:
        """Let go of the fault."""
        self.folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_Kind = TypeVar("_Kind", bound=Claim)


class Analysis(Claim):
    """A claim for the time of an analysis: leaving it unfinished puts the fault back into `pending`."""

    @property
    def ours(self) -> bool:
        """Whether the fault waits for us; false when it had been finished (by another process while we waited)."""
        return self.state == ANALYZING

    def __exit__(self, *_: object) -> None:
        try:
            if self.ours:
                self.move(PENDING)
        finally:
            self.close()


def claim(home: str, fault_id: str) -> Claim:
    """Take a fault, waiting for whoever has it; `NothingFound` when it is gone."""
    return _taken(Claim, home, fault_id)


def claim_analysis(home: str, fault_id: str) -> Analysis:
    """Take a fault to analyse it: moved from `pending` into `analyzing` when nobody has finished it before (`ours`)."""
    taken = _taken(Analysis, home, fault_id)
    if taken.state == PENDING:
        taken.move(ANALYZING)
    return taken


def claim_leftover(home: str, state: str, fault_id: str) -> Claim | None:
    """Take a fault that should be in this state without waiting; None when a process has it or it has moved on."""
    found = _open(home, fault_id)
    if not found:
        return None
    folder, seen = found
    if seen == state and folder.lock(wait=False) and _state(home, fault_id) == state:
        return Claim(home, fault_id, state, folder)
    folder.close()
    return None


def _taken(kind: type[_Kind], home: str, fault_id: str) -> _Kind:
    found = _open(home, fault_id)
    if found:
        folder, _ = found
        folder.lock(wait=True)
        state = _state(home, fault_id)  # it may have moved while we waited
        if state:
            return kind(home, fault_id, state, folder)
        folder.close()
    raise NothingFound(f"fault {fault_id} is no longer in {home}; `obit list` shows those that are there")


def _state(home: str, fault_id: str) -> str | None:
    found = _open(home, fault_id)
    if not found:
        return None
    folder, state = found
    folder.close()
    return state


def _open(home: str, fault_id: str) -> tuple[Folder, str] | None:
    # Twice: a fault that goes back from analyzing to pending may slip past the first look.
    for state in STATES * 2:
        try:
            with Folder.existing(home) as root, root.child(state) as states:
                return states.child(fault_id), state
        except (FileNotFoundError, NotADirectoryError):
            continue
    return None
