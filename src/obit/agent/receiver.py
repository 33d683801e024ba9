"""Root's part of a capture: talk to the kernel, read what only the kernel writes, open what the others need, pass it on.

What the victim controls (names, memory) is never followed or opened by name: everything goes through one descriptor of /proc/PID, and
after all was read the pidfd is asked whether it still is the same process.
"""

import os
from collections.abc import Mapping
from socket import socket
from typing import TYPE_CHECKING

from obit.agent import messages, record
from obit.agent.admission import Accept, Admission, Fold
from obit.agent.claims import Claims
from obit.agent.configuration import Configuration
from obit.agent.crashes import Crash, NotACrash, acknowledge, connected, handed, is_still, reject, take
from obit.agent.mapped import is_on_host, mapped_files
from obit.agent.messages import Job
from obit.agent.metrics import Metrics
from obit.agent.preliminaries import crash_facts
from obit.agent.record import Record
from obit.agent.spool import Spool
from obit.agent.stages import COMMIT, END, HANDED, SELECT
from obit.analysis.scrub import Patterns
from obit.capture import assets, configured
from obit.capture.facts import dumpable, read_file
from obit.capture.kernelcore import captured_of, pack
from obit.capture.procfs import parse_stat, parse_status
from obit.capture.stream import read_head
from obit.capture.victim import Captured, Unsupported, meta, now

if TYPE_CHECKING:
    from obit.agent.forwarder import Forwarder


class Receiver:
    """`host` is the document's; `has_requests`: whether the kernel's socket speaks the protocol of `coredumpsocket`."""

    def __init__(
        self,
        configuration: Configuration,
        host: Mapping[str, object],
        numbers: Metrics,
        forwarder: "Forwarder | None" = None,
        *,
        has_requests: bool,
    ) -> None:
        self._configuration = configuration
        self._numbers = numbers
        self._patterns = Patterns(configuration.assets.patterns)
        self._admission = Admission(configuration.home, configuration.limits)
        self._host = dict(host)
        self._claims = Claims(configuration.home)
        self._has_requests = has_requests
        self._forwarder = forwarder

    def main(self, channel: socket) -> None:
        """Serve until the channel ends."""
        while True:
            data, descriptors = messages.receive(channel)
            if not data:
                return
            job = messages.decode_job(data, descriptors)
            stage, passed = self._handle(job)
            messages.send(channel, messages.encode_reply(stage, job.fault), passed)
            messages.close_all(passed)
            job.close()

    def _handle(self, job: Job) -> tuple[int, list[int]]:
        with socket(fileno=os.dup(job.one("connection"))) as connection:
            if job.stage == HANDED and self._claims.serve(connection):
                return END, []
            try:
                crash = handed(connection) if job.stage == HANDED else connected(connection, has_request=self._has_requests)
            except NotACrash:
                return END, []
            try:
                if job.stage == HANDED and not take(connection, job.attempt):
                    return END, []
                return self._capture(job, crash)
            finally:
                crash.close()

    def _capture(self, job: Job, crash: Crash) -> tuple[int, list[int]]:
        """Into the memfds of the job; the stage that follows, and the descriptors for it."""
        passed: list[int] = []
        try:
            proc = os.open(f"/proc/{crash.pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                if not self._is_admitted(job, crash, proc):
                    if crash.has_request:
                        reject(crash)
                    return END, []
                stage, known = SELECT, self._read(job, crash, proc, passed)
            finally:
                os.close(proc)
        except (OSError, ValueError, Unsupported) as error:
            messages.close_all(passed)
            passed.clear()
            first_words = {"pid": crash.pid, "source": crash.source, "captured_at": now()}
            stage, known = COMMIT, Record(first_words, failure=f"it could not be captured: {error}")
        record.write(job.one("facts"), known)
        return stage, passed

    def _is_admitted(self, job: Job, crash: Crash, proc: int) -> bool:
        if self._claims.take(crash.pid, parse_stat(read_file(f"/proc/self/fd/{proc}/stat")).start_time):
            return False
        limits, budget = self._configuration.limits, self._configuration.budget
        facts = crash_facts(f"/proc/self/fd/{proc}", crash.pid, budget, with_stack=limits.per_program is not None)
        verdict = self._admission.admit(job.fault, facts)
        if job.attempt == 1:
            self._numbers.add("caught", crash.source)
        if isinstance(verdict, Accept):
            return True
        self._numbers.add("folded" if isinstance(verdict, Fold) else "suppressed", verdict.reason)
        return False

    def _read(self, job: Job, crash: Crash, proc: int, passed: list[int]) -> Record:
        spool = Spool(crash.stream, (job.held["pipe"][0], job.held["pipe"][1]), job.one("stream"))
        if crash.has_request:
            acknowledge(spool, crash, job.attempt)
        path = f"/proc/self/fd/{proc}"
        head = read_head(spool.recv)
        captured = captured_of(head, crash.pid, source=crash.source, proc=path, host=self._host)
        missing = self._save_assets(job.one("assets"), proc, captured)
        captured.note["missing"] = [*captured.note.get("missing", ()), *missing]
        user = _user(parse_status(read_file(f"{path}/status")))
        readable = dumpable(crash.dumpable, captured.process.auxv)
        names = _open(proc, captured, passed)
        if not is_still(crash):
            raise Unsupported("the process went away while it was looked at")
        if self._forwarder and job.attempt == 1:
            spooled = job.one("stream")
            self._forwarder.forward(captured, readable, len(head.raw), (crash.stream, proc, crash.pidfd, spooled))
        return Record(meta(captured) | {"dumpable": readable, "on_host": is_on_host(path)}, pack(captured), user, names)

    def _save_assets(self, out: int, proc: int, captured: Captured) -> list[assets.Missing]:
        wanted = self._configuration.assets
        more = configured.members(captured.note["process"].get("exe", ""), wanted.logs, wanted.directories)
        limits = assets.LIMITS._replace(threads=wanted.threads)
        return assets.save(out, proc, captured.threads[0].tid, limits=limits, more=more, patterns=self._patterns)


def _open(proc: int, captured: Captured, passed: list[int]) -> tuple[str, ...]:
    """Add the descriptors that the others need: memory, root directory, mapped files; the paths of these."""
    passed.append(os.open(f"task/{captured.threads[0].tid}/mem", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc))
    passed.append(os.open("root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=proc))
    files = mapped_files(proc, captured.mappings, messages.MAX_DESCRIPTORS - len(passed))
    passed += files.values()
    return tuple(files)


def _user(status: Mapping[str, str]) -> tuple[int, int, tuple[int, ...]]:
    """(uid, gid, groups) of the process: the real ones, for what a set-uid program may read is not its user's to see."""
    return int(status["Uid"].split()[0]), int(status["Gid"].split()[0]), tuple(int(word) for word in status.get("Groups", "").split())
