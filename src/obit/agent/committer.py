"""The archive's hand: memfds become a fault on the disk, and results are put beside it. Nothing is parsed here that a victim wrote.

Whatever is asked may have been half done by a committer that was killed; asked again it is finished, and not done twice.
"""

import os
from socket import socket
from typing import Any

import msgspec

from obit.agent import journal, messages, record, result
from obit.agent.admission import DEADLINE, NOT_STORED
from obit.agent.messages import Job
from obit.agent.metrics import Metrics
from obit.agent.modulecache import ModuleCache
from obit.agent.record import Record
from obit.agent.stages import ANALYSE, CLAIM, COMMIT, COUNT, END, FINISH, STAGES
from obit.agent.worker import complain
from obit.archive.claim import Claim, claim, claim_leftover
from obit.archive.folder import Folder
from obit.archive.layout import ANALYZING, ASSETS, CORE, DONE, FAILED, INCOMING, META, PENDING, REASON, is_id
from obit.archive.ledger import Ledger
from obit.archive.writer import CannotStore, Incoming, begin
from obit.errors import NothingFound

_MOST_META = 1 << 20
_ALLOWED_FIELDS = ("MESSAGE", "PRIORITY", "COREDUMP_", "OBIT_")
NOBODY = (65534, 65534, ())


class Committer:
    """Works on the archive at `home`."""

    def __init__(self, home: str, modules: ModuleCache | None = None, numbers: Metrics | None = None) -> None:
        self._home = home
        self._numbers = numbers or Metrics()
        self._modules = modules
        self._claims: dict[str, Claim] = {}
        self._ledger = Ledger(home)

    def main(self, channel: socket) -> None:
        """Serve until the channel ends."""
        while True:
            data, descriptors = messages.receive(channel)
            if not data:
                return
            job = messages.decode_job(data, descriptors)
            stage, fault, passed = self._handle(job)
            messages.send(channel, messages.encode_reply(stage, fault), passed)
            messages.close_all(passed)
            job.close()

    def _handle(self, job: Job) -> tuple[int, str, list[int]]:
        if job.stage == COMMIT:
            return self._commit(job), job.fault, []
        if job.stage == CLAIM:
            return self._claim(job.fault)
        if job.stage == FINISH:
            self._finish(job)
            self._keep_modules(job)
        elif job.stage == COUNT:
            reason = NOT_STORED if _size(job.one("facts")) else DEADLINE
            self._ledger.suppress(job.fault, reason)
            self._numbers.add("suppressed", reason)
        return END, job.fault, []

    # Committing

    def _commit(self, job: Job) -> int:
        if self._was_committed(job.fault):
            return CLAIM
        known = record.read(job.one("facts"))
        if not known.failure and not _is_core(job.one("core")):
            known = known._replace(failure=f"no memory was saved: {job.trouble or 'the selector wrote none'}")
        meta = dict(known.meta)
        if job.trouble:
            meta["missing"] = [*meta.get("missing", ()), {"what": "a part of the memory", "why": job.trouble}]
        try:
            self._write(job, known, meta)
        except CannotStore as error:
            return self._mark(job.fault, meta, str(error))
        return END if known.failure else CLAIM

    def _write(self, job: Job, known: Record, meta: dict[str, Any]) -> None:
        with begin(self._home, meta, job.fault) as incoming:
            for name, fd in ((CORE, job.one("core")), (ASSETS, job.one("assets"))):
                _copy(incoming, name, fd)
            if known.failure:
                incoming.write(REASON, f"{known.failure}\n".encode(errors="surrogateescape"))
            incoming.commit(FAILED if known.failure else PENDING)
        self._numbers.add("stored")
        self._numbers.add("bytes", number=_size(job.one("core")) + _size(job.one("assets")))

    def _mark(self, fault: str, meta: dict[str, Any], why: str) -> int:
        """The disk takes no more: at least say that there was a crash."""
        try:
            if self._was_committed(fault):
                return CLAIM
            with begin(self._home, meta, fault) as incoming:
                incoming.write(REASON, f"{why}\n".encode(errors="surrogateescape"))
                incoming.commit(FAILED)
        except CannotStore:
            return COUNT
        return END

    def _was_committed(self, fault: str) -> bool:
        """Whether a committer before us had got that far; what it left unfinished is removed."""
        try:
            with claim(self._home, fault) as leftover:
                if leftover.state != INCOMING and b'"sizes"' in leftover.folder.read(META, _MOST_META):
                    return True
                leftover.remove()
        except (NothingFound, FileNotFoundError):
            pass
        return False

    # Analysis

    def _claim(self, fault: str) -> tuple[int, str, list[int]]:
        taken = self._take(fault) if fault else self._adopted()
        if taken is None:
            return END, fault, []
        if taken.state == PENDING:
            _try_move(taken, ANALYZING)
        self._claims[taken.id] = taken
        core = os.open(CORE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=taken.folder.fd)
        return ANALYSE, taken.id, [core] if fault else [core, _facts(taken)]

    def _take(self, fault: str) -> Claim | None:
        """The fault that waits; None when somebody else analyses it."""
        return self._claims.get(fault) or claim_leftover(self._home, PENDING, fault) or claim_leftover(self._home, ANALYZING, fault)

    def _adopted(self) -> Claim | None:
        """The oldest fault that waits in the archive and has a core."""
        try:
            with Folder.existing(self._home) as home, home.child(PENDING) as pending:
                names = sorted(filter(is_id, pending.names()), key=lambda name: os.stat(name, dir_fd=pending.fd).st_mtime)
        except FileNotFoundError:
            return None
        for name in names:
            taken = claim_leftover(self._home, PENDING, name)
            if taken and CORE in taken.folder.names():
                return taken
            if taken:
                taken.close()
        return None

    def _keep_modules(self, job: Job) -> None:
        """Last of all, for it may take long and the fault is safe without."""
        if self._modules:
            for module in job.held.get("modules", ()):
                self._modules.keep(module)

    def _finish(self, job: Job) -> None:
        taken = self._claims.pop(job.fault, None) or self._take(job.fault)
        if taken is None:
            return
        with taken:
            found = result.read(job.one("result")) if job.one("result") >= 0 else None
            try:
                _settle(taken, found, job.trouble)
            except CannotStore as error:
                _mark_unfinished(taken, error)
            self._numbers.add("analysed", taken.state if taken.state == DONE else FAILED)
            _say(taken, found)


def _copy(incoming: Incoming, name: str, fd: int) -> None:
    size = _size(fd)
    if not size:
        return
    with incoming.create(name) as file:
        at = 0
        while at < size and (sent := os.sendfile(file.fileno(), fd, at, size - at)):
            at += sent


def _settle(taken: Claim, found: result.Result | None, trouble: str) -> None:
    if found is None:
        taken.fail(f"its analysis was given up after {STAGES[ANALYSE].attempts} attempts: {trouble}")
    elif found.failure:
        taken.fail(found.failure)
    else:
        taken.keep(found.summary, found.snapshot)


def _say(taken: Claim, found: result.Result | None) -> None:
    """A line in the system's log. What an analyser says is let through by its names: it does not write others' entries."""
    entry: journal.Entry = {}
    if found and found.entry:
        try:
            entry = msgspec.json.decode(found.entry, type=journal.Entry)
        except msgspec.MsgspecError:
            entry = {}
    allowed = {name: value for name, value in entry.items() if name.startswith(_ALLOWED_FIELDS)}
    if taken.state == DONE and {"MESSAGE", "PRIORITY"} <= allowed.keys():
        journal.say(allowed | {"PRIORITY": str(journal.CRITICAL), "SYSLOG_IDENTIFIER": "obit", "OBIT_ID": taken.id})
    else:
        journal.say(journal.entry_failed(_meta(taken), taken.id, (found.failure if found else "") or f"it is {taken.state}"))


def _mark_unfinished(taken: Claim, error: CannotStore) -> None:
    """The snapshot cannot be kept, but a few bytes may have room."""
    complain(f"fault {taken.id} was analysed and cannot be finished: {error}")
    if taken.state == DONE:
        return
    try:
        taken.fail(f"it was analysed, and the analysis could not be stored: {error}")
    except CannotStore:
        _try_move(taken, PENDING)


def _try_move(taken: Claim, state: str) -> None:
    """Where the disk refuses even that, the fault stays where it is, which is where the next agent looks for it."""
    try:
        taken.move(state)
    except CannotStore as error:
        complain(f"fault {taken.id} stays {taken.state}: {error}")


def _is_core(fd: int) -> bool:
    """Whether the selector got as far as the header, which it writes last."""
    return fd >= 0 and os.pread(fd, 4, 0) == b"\x7fELF"


def _size(fd: int) -> int:
    return os.fstat(fd).st_size if fd >= 0 else 0


def _meta(taken: Claim) -> dict[str, Any]:
    try:
        return msgspec.json.decode(taken.folder.read(META, _MOST_META), type=dict[str, Any])
    except (msgspec.MsgspecError, FileNotFoundError):
        return {}


def _facts(taken: Claim) -> int:
    """What the broker and the analyser need to know of a fault that was found in the archive."""
    meta = _meta(taken)
    uid, gid = meta.get("uid"), meta.get("gid")
    user = (uid, gid, ()) if isinstance(uid, int) and isinstance(gid, int) else NOBODY
    fd = os.memfd_create("obit-facts", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    record.write(fd, Record(meta, user=user))
    return fd
