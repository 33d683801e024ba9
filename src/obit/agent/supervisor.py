"""The process that loses nothing: it holds the sockets, every connection and memfd of a fault in flight, and the deadlines.

It reads nothing that comes from a victim. A process below it that dies or hangs is replaced, and its stage begun anew with the same
descriptors; after the last attempt the stage's `otherwise` follows, so that no victim waits for ever.
"""

import os
import select
import time
from collections.abc import Callable, Mapping
from socket import socket

from obit.agent import messages
from obit.agent.flight import NEVER, Flight
from obit.agent.messages import close_all, decode_reply, encode_job
from obit.agent.metrics import Metrics
from obit.agent.stages import ANALYSE, BEFORE_RELEASE, CLAIM, COMMIT, END, HANDED, RECEIVE, ROLES, SERVE_ONCE, STAGES, TEND
from obit.agent.worker import Main, Worker
from obit.capture import kernel_pipe
from obit.errors import ObitError

PATIENCE = 10.0
"""Seconds that a crash waits for a receiver at most."""
MOST_WAITING = 128
"""Crashes that are taken from the listening socket before earlier ones are released; more wait in its queue."""
MOST_WITH_FILES = 64
"""Faults waiting for their analysis that keep the files they had mapped open."""
TEND_AFTER, TEND_EVERY, TEND_IDLE = 3.0, 60.0, 6 * 3600.0
"""Seconds: housekeeping follows the last fault by so much, comes so often at most, and so seldom when nothing happens."""
MOST_DEATHS = 20
"""So many processes in a row that ended before they had done anything: something is wrong with us."""


class Supervisor:
    """`mains` are what the processes of each role run; `reject` is sent to a crash that nobody could serve in time; `numbers` count."""

    def __init__(self, mains: Mapping[str, Main], reject: bytes = b"", numbers: Metrics | None = None) -> None:
        self._numbers = numbers or Metrics()
        self._tended = time.monotonic() - TEND_EVERY
        self._tend_at = NEVER
        self._is_stopping = False
        self._mains = mains
        self._reject = reject
        self._poll = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._listeners: list[int] = []
        self._listening = True
        self._waiting: list[Flight] = []
        self._flights: set[Flight] = set()
        self._workers: dict[str, list[Worker]] = {role: [] for role in ROLES}
        self._deaths = 0

    def start(self, *roles: str) -> None:
        """Fork the processes of these roles."""
        for role in roles:
            for _ in range(ROLES[role]):
                self._hire(role)

    def listen(self, listener: socket, stage: int) -> None:
        """Every connection to this socket begins a fault in this stage."""
        listener.setblocking(False)
        self._listeners.append(listener.fileno())
        self.watch(listener.fileno(), lambda: self._accept(listener, stage))

    def watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        """Call `handler` when there is something to read."""
        self._handlers[descriptor] = handler
        self._poll.register(descriptor, select.EPOLLIN)

    def adopt(self) -> None:
        """Analyse what waits in the archive, one after the other."""
        if not any(flight.is_adopted for flight in self._flights):
            self._begin(Flight(CLAIM, {}, is_adopted=True))
            self._dispatch()  # no event would have it done

    def stop(self, *, finish_analyses: bool = False) -> None:
        """Finish what is in flight; what only waits to be analysed is safe in the archive."""
        self._is_stopping = not finish_analyses
        for flight in [flight for flight in self._waiting if flight.stage == CLAIM and self._is_stopping]:
            self._waiting.remove(flight)
            self._enter(flight, END)
        while self._flights:
            self.turn()

    def close(self) -> None:
        """End the processes."""
        for worker in [worker for role in self._workers.values() for worker in role]:
            worker.bury()
        self._poll.close()

    def turn(self, at_most: float = NEVER) -> bool:
        """Wait for something to happen (`at_most` so many seconds), and do what follows; whether anything happened."""
        until = min((flight.deadline for flight in self._flights), default=NEVER)
        until = min(until, self._tend_at) - time.monotonic()
        wait = max(min(until, at_most), 0)
        events = self._poll.poll(None if wait == NEVER else wait)
        for descriptor, _ in events:
            handler = self._handlers.get(descriptor)
            if handler:
                handler()
        self._expire()
        self._tend()
        self._dispatch()
        self._set_listening()
        return bool(events)

    # Faults

    def _accept(self, listener: socket, stage: int) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setblocking(True)
        held = {"connection": [connection.detach()]}
        if stage in (RECEIVE, HANDED):
            held |= {"pipe": list(os.pipe2(os.O_CLOEXEC)), "stream": [os.memfd_create("obit-stream", os.MFD_CLOEXEC)]}
        self._begin(Flight(stage, held))

    def _begin(self, flight: Flight) -> None:
        self._flights.add(flight)
        self._enter(flight, flight.stage)

    def _enter(self, flight: Flight, stage: int) -> None:
        before = flight.stage
        flight.stage, flight.attempt, flight.deadline = stage, 0, NEVER
        if before in BEFORE_RELEASE and stage not in BEFORE_RELEASE and flight.has_crashed:
            self._numbers.observe(time.monotonic() - flight.accepted)
        if stage == END or (stage == CLAIM and self._is_stopping):
            self._end(flight)
            return
        flight.drop(STAGES[stage].dropped)
        self._waiting.append(flight)
        if stage in BEFORE_RELEASE:
            flight.deadline = time.monotonic() + PATIENCE
        if stage == CLAIM and sum(each.stage == CLAIM for each in self._waiting) > MOST_WITH_FILES:
            flight.drop(("modules", "root"))

    def _end(self, flight: Flight) -> None:
        has_more = flight.is_adopted and flight.stage == END and flight.fault and not self._is_stopping
        flight.drop(tuple(flight.held))
        self._flights.discard(flight)
        if flight.has_crashed:
            self._tend_at = max(time.monotonic() + TEND_AFTER, self._tended + TEND_EVERY)
        if has_more:
            self.adopt()

    def _dispatch(self) -> None:
        """Give waiting faults to idle processes: those of early stages first, for victims wait behind them; those from the archive last,
        for one that has just got there is still on its way with all its files."""
        for flight in sorted(self._waiting, key=lambda flight: (flight.stage, flight.is_adopted)):
            worker = self._idle(STAGES[flight.stage].role) or self._extra(STAGES[flight.stage].role)
            if worker and (flight.stage != CLAIM or self._can_analyse()):
                self._waiting.remove(flight)
                self._give(flight, worker)

    def _tend(self) -> None:
        if time.monotonic() >= self._tend_at:
            self._tended = time.monotonic()
            self._tend_at = self._tended + TEND_IDLE
            self._begin(Flight(TEND, {}))

    def _idle(self, role: str) -> Worker | None:
        return next((worker for worker in self._workers[role] if worker.busy is None), None)

    def _extra(self, role: str) -> Worker | None:
        """One that is started for this work; one at a time."""
        if ROLES[role] == 0 and not self._workers[role]:
            self._hire(role)
        return self._idle(role)

    def _can_analyse(self) -> bool:
        """Whether a fault that is claimed now would be analysed at once."""
        return self._idle("analyser") is not None and not any(flight.stage == ANALYSE for flight in self._waiting)

    def _give(self, flight: Flight, worker: Worker) -> None:
        stage = STAGES[flight.stage]
        flight.renew(stage.fresh)
        flight.attempt += 1
        flight.deadline = time.monotonic() + stage.seconds
        worker.busy = flight
        job = flight.job()
        try:
            if flight.stage == ANALYSE:
                self._introduce(flight, job)
            messages.send(worker.channel, *encode_job(job))
        except OSError:
            pass  # it has just died: its channel says so next
        close_all(job.held.pop("broker", ()))

    def _introduce(self, flight: Flight, job: messages.Job) -> None:
        """Connect an analyser with the broker, who is shown for whom it opens files."""
        ours, theirs = messages.pair()
        job.held["broker"] = [theirs.detach()]
        held = {"analyser": [ours.detach()]} | {kind: flight.held[kind] for kind in ("facts", "root") if kind in flight.held}
        try:
            packet = encode_job(job._replace(held=held))
            for broker in list(self._workers["broker"]):
                try:
                    messages.send(broker.channel, *packet)
                except OSError:  # it has died, and we have not heard of it yet
                    self._replace(broker)
                    messages.send(self._workers["broker"][-1].channel, *packet)
        finally:
            close_all(held["analyser"])

    # Processes

    def _hire(self, role: str) -> None:
        worker = Worker(role, self._mains[role])
        self._workers[role].append(worker)
        self.watch(worker.channel.fileno(), lambda: self._hear(worker))

    def _hear(self, worker: Worker) -> None:
        data, descriptors = messages.receive(worker.channel)
        flight, reply = worker.busy, decode_reply(data)
        if flight is None or reply is None or reply[0] not in STAGES[flight.stage].following:
            close_all(descriptors)
            self._replace(worker)
            return
        worker.busy, self._deaths = None, 0
        stage = STAGES[flight.stage]
        flight.keep(stage.returned, descriptors)
        if flight.attempt < stage.attempts:
            flight.trouble = ""  # an earlier attempt's, and made good; the last attempt does less than is wished
        if flight.is_adopted:
            flight.fault = reply[1]
        self._enter(flight, reply[0])
        if worker.role in SERVE_ONCE:
            self._dismiss(worker)

    def _replace(self, worker: Worker, why: str = "") -> None:
        """Put another in its place, because it ended or for another reason; what it was at is begun anew."""
        flight, worker.busy = worker.busy, None
        ended = self._dismiss(worker)
        ending = why or ended
        self._numbers.add("replaced", worker.role)
        self._deaths += flight is None
        if self._deaths > MOST_DEATHS:
            raise ObitError(f"the agent's {worker.role} {ending} again and again: its messages above say why")
        if flight is not None:
            self._failed(flight, f"its {worker.role} {ending}")

    def _dismiss(self, worker: Worker) -> str:
        """End it, and put another in its place where one should wait; how it ended."""
        self._poll.unregister(worker.channel.fileno())
        del self._handlers[worker.channel.fileno()]
        self._workers[worker.role].remove(worker)
        ending = worker.bury()
        if ROLES[worker.role]:
            self._hire(worker.role)
        return ending

    def _failed(self, flight: Flight, why: str) -> None:
        flight.trouble, stage = why, STAGES[flight.stage]
        if flight.attempt < stage.attempts:
            flight.deadline = time.monotonic() + PATIENCE if flight.stage in BEFORE_RELEASE else NEVER
            self._waiting.insert(0, flight)
            return
        self._give_up(flight)

    def _give_up(self, flight: Flight) -> None:
        if flight.stage == RECEIVE:
            flight.say(self._reject)
        elif flight.stage == HANDED:
            flight.say(kernel_pipe.TAKEN)  # who brought it would else save it alone, and it is counted here
        self._enter(flight, STAGES[flight.stage].otherwise)

    def _expire(self) -> None:
        """Deal with everything whose time is over: nobody who crashed may wait for one of us that hangs."""
        now = time.monotonic()
        for flight in [flight for flight in self._flights if flight.deadline <= now]:
            worker = next((worker for role in self._workers.values() for worker in role if worker.busy is flight), None)
            if worker:
                self._replace(worker, f"did not answer within {STAGES[flight.stage].seconds:g} s")
            elif flight in self._waiting:
                self._waiting.remove(flight)
                flight.trouble = "nobody of the agent had time for it"
                self._give_up(flight)

    def _set_listening(self) -> None:
        """Stop taking connections while too many wait, for the sockets' own queues hold them as well."""
        wanted = sum(flight.stage < COMMIT for flight in self._flights) < MOST_WAITING
        if wanted != self._listening:
            self._listening = wanted
            for descriptor in self._listeners:
                self._poll.modify(descriptor, select.EPOLLIN if wanted else 0)
