"""What was decided of each caught fault before anything of it was stored: the journal behind `occurrences` and `suppressed`.

`HOME/ledger` is append-only, a line a decision; the last line about an ID holds, so that saying a thing twice counts it once:

    A ID -         accepted: a folder of this ID will follow
    F ID TARGET    folded into the fault TARGET, whose `occurrences` grow by one
    S ID REASON    suppressed, or accepted and then not stored: it leaves no fault

One write() a line and no fsync: a kill loses none, a power cut those since the last settlement. `settlement` turns the lines into
counts. Several processes may append at once. Standard library only.

    ledger = Ledger(home)
    ledger.accept(ID) · ledger.fold(ID, TARGET) · ledger.suppress(ID, REASON)      none of them raises
    recent(home)                                                                   {ID: Decision} of the last minute at least
"""

import os
from typing import NamedTuple

from obit.archive.layout import LEDGER, is_id

ACCEPTED = "A"
FOLDED = "F"
SUPPRESSED = "S"
MOST_BYTES = 64 << 20
"""What is read of one ledger: a million decisions."""
_MOST_UNWRITTEN = 100_000


class Decision(NamedTuple):
    """One line: `kind` is ACCEPTED, FOLDED or SUPPRESSED; `detail` the target of a fold, the reason of a suppression."""

    kind: str
    fault_id: str
    detail: str

    def line(self) -> bytes:
        """As the file has it."""
        return f"{self.kind} {self.fault_id} {self.detail}\n".encode()


class Ledger:
    """The ledger of an archive, to be written to. A decision that the disk refuses is kept in memory and written with the next one."""

    def __init__(self, home: str) -> None:
        self._path = f"{home}/{LEDGER}"
        self._home = home
        self._fd = -1
        self._unwritten: list[bytes] = []

    @property
    def unwritten(self) -> int:
        """Decisions that the disk has refused so far."""
        return len(self._unwritten)

    def accept(self, fault_id: str) -> None:
        """A folder of this ID will follow."""
        self._append(Decision(ACCEPTED, fault_id, "-"))

    def fold(self, fault_id: str, target: str) -> None:
        """The fault counts as one more occurrence of `target`."""
        self._append(Decision(FOLDED, fault_id, target))

    def suppress(self, fault_id: str, reason: str) -> None:
        """The fault leaves nothing; also when it had been accepted and could not be stored. `reason` is one word."""
        self._append(Decision(SUPPRESSED, fault_id, reason))

    def flush(self) -> bool:
        """Write what the disk has refused so far; whether nothing is left."""
        while self._unwritten and self._write(b"".join(self._unwritten[:100])):
            del self._unwritten[:100]
        return not self._unwritten

    def close(self) -> None:
        """Let go of the file."""
        self.flush()
        self._drop()

    def _append(self, decision: Decision) -> None:
        self._unwritten.append(decision.line())
        del self._unwritten[:-_MOST_UNWRITTEN]
        self.flush()

    def _write(self, data: bytes) -> bool:
        import fcntl

        try:
            fd = self._current()
            try:
                written = os.write(fd, data)
            finally:
                fcntl.flock(fd, fcntl.LOCK_UN)
        except OSError:
            self._drop()
            return False
        if written == len(data):
            return True
        # A part of a line in front of the next one: the line break ends it, and the whole line that follows says the same or more.
        self._unwritten[0] = b"\n" + self._unwritten[0].lstrip(b"\n")
        return False

    def _current(self) -> int:
        """The descriptor of the file that has the name now, locked so that it is not put aside (`put_aside`) before we have written."""
        import fcntl

        while True:
            if self._fd < 0:
                self._fd = self._opened()
            fcntl.flock(self._fd, fcntl.LOCK_SH)
            try:
                if os.stat(self._path, follow_symlinks=False).st_ino == os.fstat(self._fd).st_ino:
                    return self._fd
            except FileNotFoundError:
                pass
            self._drop()

    def _opened(self) -> int:
        os.makedirs(self._home, 0o700, exist_ok=True)
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:  # the archive may be another user's, and root's receiver the first to write
            owner = os.stat(self._home)
            os.fchown(fd, owner.st_uid, owner.st_gid)
        return fd

    def _drop(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def put_aside(home_fd: int, number: int) -> None:
    """Rename the ledger to `ledger.NUMBER`, which nobody appends to any more. The caller holds the home's lock."""
    import fcntl

    try:
        fd = os.open(LEDGER, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=home_fd)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.rename(LEDGER, f"{LEDGER}.{number}", src_dir_fd=home_fd, dst_dir_fd=home_fd)
    finally:
        os.close(fd)


def numbers(home_fd: int) -> list[int]:
    """The numbers of the ledgers that were put aside, in order."""
    found = (name.partition(f"{LEDGER}.")[2] for name in os.listdir(home_fd) if name.startswith(f"{LEDGER}."))
    return sorted(int(digits) for digits in found if digits.isdecimal())


def read(home_fd: int, first: int = 0, end: int | None = None) -> dict[str, Decision]:
    """The decisions in the ledgers put aside from number `first` on, and (without `end`) in the current one: by ID, the last holds."""
    # The current one is opened first: when it is put aside meanwhile, the list has it under its number, and the inode tells.
    current = None if end is not None else _open(home_fd, LEDGER)
    aside = [_open(home_fd, f"{LEDGER}.{number}") for number in numbers(home_fd) if number >= first and (end is None or number < end)]
    decisions: dict[str, Decision] = {}
    seen: set[int] = set()
    for fd in (fd for fd in (*aside, current) if fd is not None):
        inode = os.fstat(fd).st_ino
        if inode not in seen:
            decisions.update((decision.fault_id, decision) for decision in parse(_content(fd)))
        seen.add(inode)
        os.close(fd)
    return decisions


def recent(home: str) -> dict[str, Decision]:
    """Every decision that the files still have: those of the last minute at least (`settlement.KEEP_SECONDS`)."""
    try:
        fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        return read(fd)
    finally:
        os.close(fd)


def parse(raw: bytes) -> list[Decision]:
    """The whole lines of a ledger; damaged ones are left out."""
    fields = (line.split() for line in raw.decode(errors="replace").splitlines())
    found = (Decision(*words) for words in fields if len(words) == 3)
    return [decision for decision in found if _sound(decision)]


def _sound(decision: Decision) -> bool:
    return is_id(decision.fault_id) and (decision.kind in (ACCEPTED, SUPPRESSED) or (decision.kind == FOLDED and is_id(decision.detail)))


def _open(home_fd: int, name: str) -> int | None:
    try:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=home_fd)
    except FileNotFoundError:
        return None


def _content(fd: int) -> bytes:
    blocks: list[bytes] = []
    left = MOST_BYTES
    while left > 0 and (block := os.read(fd, min(left, 1 << 20))):
        blocks.append(block)
        left -= len(block)
    return b"".join(blocks)
