"""Housekeeping, in a process of its own that is started for it and then gone: what stays of the faults that are done, and the numbers.

Compressing cores and looking through the archive may take long, and crashes must not wait behind it.
"""

from socket import socket

from obit.agent import messages, metrics
from obit.agent.configuration import Configuration
from obit.agent.messages import Job
from obit.agent.metrics import Metrics
from obit.agent.policy import keep_house
from obit.agent.stages import END, SCRAPE
from obit.agent.worker import complain
from obit.archive.folder import Folder
from obit.archive.reader import Archive, totals
from obit.archive.settlement import peek
from obit.archive.writer import CannotStore


class Keeper:
    """Works on one archive."""

    def __init__(self, configuration: Configuration, numbers: Metrics) -> None:
        self._configuration = configuration
        self._numbers = numbers

    def main(self, channel: socket) -> None:
        """Serve once."""
        data, descriptors = messages.receive(channel)
        if not data:
            return
        job = messages.decode_job(data, descriptors)
        if job.stage == SCRAPE:
            self._answer(job)
        else:
            self._tend()
        messages.send(channel, messages.encode_reply(END, job.fault))

    def _tend(self) -> None:
        try:
            keep_house(self._configuration.home, self._configuration.rules)
        except CannotStore as error:
            complain(str(error))
        path = self._configuration.metrics_file
        if path and not metrics.write_file(path, self._text()):
            complain(f"[metrics] file {path} cannot be written")

    def _answer(self, job: Job) -> None:
        with socket(fileno=job.one("connection")) as connection:
            job.held.clear()
            metrics.answer(connection, self._text())

    def _text(self) -> str:
        home = self._configuration.home
        try:
            with Folder.existing(home) as folder:
                suppressed = peek(folder).suppressed
        except OSError:
            suppressed = 0
        return self._numbers.render(totals(Archive(home).faults()), suppressed)
