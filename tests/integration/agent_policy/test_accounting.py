"""Every caught fault is counted once, whatever is killed when."""

import os
import sys
from collections.abc import Callable
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from obit.agent.admission import DEADLINE, NOT_STORED, Accept, Admission, Verdict
from obit.archive.layout import DONE, PENDING, new_id
from obit.archive.ledger import Ledger
from obit.archive.reader import Archive
from obit.archive.recovery import recover
from obit.archive.retention import Limits as Retention
from obit.archive.retention import retain
from obit.archive.settlement import repair, settle
from tests.builders.crashes import caught, crash, limits, store

NOON = 1_900_000_000.0
HOUR = 3600.0

MUTATORS = ("open", "write", "pwrite", "rename", "unlink", "rmdir", "mkdir", "fsync", "ftruncate")


def killed_at(step: int, operation: Callable[[], object]) -> bool:
    """Run something in a process that dies before its `step`th change of the file system; whether it came to its end."""
    child = os.fork()
    if child == 0:
        left = iter(range(step))

        def dying(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                if next(left, None) is None:
                    os._exit(9)
                return function(*arguments, **named)

            return call

        for name in MUTATORS:
            setattr(os, name, dying(getattr(os, name)))
        try:
            operation()
        except BaseException as error:  # noqa: BLE001  a child must not come back into the test
            print(error, file=sys.__stderr__)
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(status) in (0, 9)
    return status == 0


STEPS = st.none() | st.integers(0, 40)
"""Before which change of the file system the process is killed, if at all."""


class Accounting(RuleBasedStateMachine):
    """Crashes come in, faults are stored, lost, folded, removed, and at any step the process that does it is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.place = TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.home = self.place.name
        self.caught: list[str] = []
        self.refused: list[str] = []
        self.in_flight: list[str] = []
        self.now = NOON

    def teardown(self) -> None:
        self.place.cleanup()

    def attempt(self, step: int | None, operation: Callable[[], object]) -> None:
        """Do it, in a process that is killed first."""
        if step is None or not killed_at(step, operation):
            operation()

    @rule(stack=st.integers(0, 3), steps=st.lists(st.integers(0, 8), max_size=2))
    def crash(self, stack: int, steps: list[int]) -> None:
        fault_id = new_id()
        self.now += 1
        facts, now = crash(stack), self.now

        def decide() -> Verdict:
            return Admission(self.home, limits(limits__per_program="6/1h")).admit(fault_id, facts, now)

        for step in steps:
            killed_at(step, decide)
        verdict = decide()
        self.caught.append(fault_id)
        (self.in_flight if isinstance(verdict, Accept) else self.refused).append(fault_id)

    @precondition(lambda self: self.in_flight)
    @rule(step=STEPS, state=st.sampled_from([DONE, PENDING]))
    def store(self, step: int | None, state: str) -> None:
        fault_id = self.in_flight.pop(0)
        if step is not None:
            killed_at(step, lambda: store(self.home, fault_id, state))
            recover(self.home)
        if not self.has(fault_id):
            store(self.home, fault_id, state)

    def has(self, fault_id: str) -> bool:
        return any(fault.id == fault_id for fault in Archive(self.home).faults())

    @precondition(lambda self: self.in_flight)
    @rule(step=STEPS)
    def lose(self, step: int | None) -> None:
        fault_id = self.in_flight.pop()
        self.attempt(step, lambda: Ledger(self.home).suppress(fault_id, NOT_STORED))

    @precondition(lambda self: self.refused)
    @rule(choice=st.randoms(use_true_random=False))
    def say_again(self, choice: Random) -> None:
        Ledger(self.home).suppress(choice.choice(self.refused), DEADLINE)

    @rule(step=STEPS)
    def settle(self, step: int | None) -> None:
        self.attempt(step, lambda: settle(self.home))

    @rule(step=STEPS, count=st.integers(0, 3))
    def retain(self, step: int | None, count: int) -> None:
        self.attempt(step, lambda: retain(Archive(self.home), Retention(count=count)))

    @rule(step=STEPS)
    def kill_the_supervisor(self, step: int | None) -> None:
        self.in_flight.clear()

        def start() -> None:
            recover(self.home)
            repair(self.home)

        self.attempt(step, start)

    @rule(hours=st.integers(1, 3))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR

    @invariant()
    def every_caught_fault_is_counted_once(self) -> None:
        assert caught(self.home) + len(self.in_flight) == len(self.caught)


TestAccounting = Accounting.TestCase
TestAccounting.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
