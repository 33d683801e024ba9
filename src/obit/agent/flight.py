"""A fault on its way through the stages, and the descriptors that the supervisor holds for it."""

import os
import time
from collections.abc import Iterable, Sequence
from socket import MSG_DONTWAIT, MSG_NOSIGNAL, socket

from obit.agent.messages import Job, close_all
from obit.agent.stages import HANDED, RECEIVE, STAGES

NEVER = float("inf")


class Flight:
    """`fault` is the ID that it has or will have in the archive; `is_adopted` of one that was found there,
    `has_crashed` of one that came from the kernel, `accepted` the time then (seconds of time.monotonic())."""

    def __init__(self, stage: int, held: dict[str, list[int]], *, is_adopted: bool = False) -> None:
        self.stage = stage
        self.has_crashed = stage in (RECEIVE, HANDED)
        self.held = held
        self.fault = "" if is_adopted else os.urandom(16).hex()
        self.is_adopted = is_adopted
        self.attempt = 0
        self.trouble = ""
        self.deadline = NEVER
        self.accepted = time.monotonic()

    def job(self) -> Job:
        """What the process of this stage is told."""
        held = {kind: self.held[kind] for kind in STAGES[self.stage].given if kind in self.held}
        return Job(self.stage, self.fault, self.attempt, self.trouble, held)

    def drop(self, kinds: Iterable[str]) -> None:
        """Close the descriptors of these kinds."""
        for kind in kinds:
            close_all(self.held.pop(kind, ()))

    def renew(self, kinds: Sequence[str]) -> None:
        """Make memfds of these kinds, in place of what an earlier attempt left."""
        self.drop(kinds)
        for kind in kinds:
            self.held[kind] = [os.memfd_create(f"obit-{kind}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)]

    def keep(self, kinds: Sequence[str], descriptors: Sequence[int]) -> None:
        """Hold what a process gave back: one of each kind, and of the last what is left."""
        for index, kind in enumerate(kinds):
            part = descriptors[index:] if index == len(kinds) - 1 else descriptors[index : index + 1]
            if part:
                self.drop((kind,))
                self.held[kind] = list(part)
        if not kinds:
            close_all(descriptors)

    def say(self, data: bytes) -> None:
        """Send something to whoever is at the other end of the connection, if that can be done at once."""
        for descriptor in self.held.get("connection", ()):
            with socket(fileno=os.dup(descriptor)) as connection:
                try:
                    connection.send(data, MSG_DONTWAIT | MSG_NOSIGNAL)
                except OSError:
                    pass  # it has gone, or hangs itself: closing is all that is left
