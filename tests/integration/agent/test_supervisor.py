"""The supervisor with processes of the test's making: what follows when they die, hang, lie, or do their work."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import AF_UNIX, SOCK_SEQPACKET, socket

import pytest

from obit.agent import messages, stages
from obit.agent.messages import Job
from obit.agent.stages import ANALYSE, CLAIM, COMMIT, COUNT, END, FINISH, HANDED, RECEIVE, SELECT
from obit.agent.supervisor import Supervisor

Act = Callable[[Job], tuple[int, list[int]]]
REJECT = b"no"


class Plant:
    """A supervisor whose processes write down which stages they were given, and then do what the test says."""

    def __init__(self, folder: Path, acts: dict[int, Act]) -> None:
        self._log, self._acts = folder / "log", acts
        self._log.touch()
        listener = socket(AF_UNIX, SOCK_SEQPACKET)
        listener.bind(str(folder / "socket"))
        listener.listen()
        self.listener = listener
        self.supervisor = Supervisor(dict.fromkeys(stages.ROLES, self._main), REJECT)
        self.supervisor.start(*stages.ROLES)
        self.supervisor.listen(listener, RECEIVE)

    def crash(self) -> socket:
        """A connection as the kernel makes it; to be read until it ends."""
        connection = socket(AF_UNIX, SOCK_SEQPACKET)
        connection.connect(self.listener.getsockname())
        while self.supervisor.turn(0):
            pass
        return connection

    def log(self) -> list[str]:
        """STAGE ATTEMPT of every job, in order."""
        return self._log.read_text().splitlines()

    def _main(self, channel: socket) -> None:
        while True:
            data, descriptors = messages.receive(channel)
            if not data:
                return
            job = messages.decode_job(data, descriptors)
            if "analyser" in job.held:
                continue  # the broker is told of an analyser
            with self._log.open("a") as log:
                log.write(f"{stages.STAGES[job.stage].name} {job.attempt} {job.trouble}".strip() + "\n")
            stage, passed = self._acts.get(job.stage, forward)(job)
            messages.send(channel, messages.encode_reply(stage, job.fault), passed)
            job.close()


NEXT = {RECEIVE: SELECT, HANDED: SELECT, SELECT: COMMIT, COMMIT: CLAIM, CLAIM: ANALYSE, ANALYSE: FINISH, FINISH: END, COUNT: END}


def forward(job: Job) -> tuple[int, list[int]]:
    return NEXT[job.stage], []


def dies(job: Job) -> tuple[int, list[int]]:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def dies_once(job: Job) -> tuple[int, list[int]]:
    return dies(job) if job.attempt == 1 else forward(job)


def hangs(job: Job) -> tuple[int, list[int]]:
    os.kill(os.getpid(), signal.SIGSTOP)
    raise AssertionError


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that a test can wait for."""
    for number, stage in stages.STAGES.items():
        monkeypatch.setitem(stages.STAGES, number, stage._replace(seconds=0.2))


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Callable[[dict[int, Act]], Plant]]:
    made: list[Plant] = []

    def make(acts: dict[int, Act]) -> Plant:
        made.append(Plant(tmp_path, acts))
        return made[-1]

    yield make
    for each in made:
        each.supervisor.close()
        each.listener.close()


Planter = Callable[[dict[int, Act]], Plant]


def run(plant: Plant) -> bytes:
    """One crash to its end; what the kernel's side was told."""
    with plant.crash() as connection:
        plant.supervisor.stop(finish_analyses=True)
        return connection.recv(16)


def test_a_fault_passes_through_every_stage(plant: Planter) -> None:
    made = plant({})
    assert run(made) == b""
    assert made.log() == ["receive 1", "select 1", "commit 1", "claim 1", "analyse 1", "finish 1"]


@pytest.mark.parametrize("stage", [RECEIVE, SELECT, COMMIT, CLAIM, ANALYSE, FINISH])
def test_a_stage_whose_process_dies_is_done_again(plant: Planter, stage: int) -> None:
    made = plant({stage: dies_once})
    assert run(made) == b""
    name = stages.STAGES[stage].name
    again = [line for line in made.log() if line.startswith(name)]
    assert again == [f"{name} 1", f"{name} 2 its {stages.STAGES[stage].role} was killed by signal 9"]
    assert [line.split()[0] for line in made.log() if line not in again[1:]] == "receive select commit claim analyse finish".split()


def test_no_receiver_survives_the_crash_is_rejected_and_counted(plant: Planter) -> None:
    made = plant({RECEIVE: dies})
    assert run(made) == REJECT
    assert [line.split()[0] for line in made.log()] == ["receive", "receive", "count"]


@pytest.mark.usefixtures("quick")
def test_every_receiver_hangs_the_crash_is_rejected_and_counted(plant: Planter) -> None:
    made = plant({RECEIVE: hangs})
    assert run(made) == REJECT
    assert made.log()[-1] == "count 1 its receiver did not answer within 0.2 s"


def test_no_selector_survives_what_is_known_is_committed(plant: Planter) -> None:
    made = plant({SELECT: dies})
    assert run(made) == b""
    assert made.log()[4:6] == ["commit 1 its selector was killed by signal 9", "claim 1"]


def test_an_analysis_is_given_up_after_three_attempts_and_the_reason_is_told(plant: Planter) -> None:
    made = plant({ANALYSE: dies})
    run(made)
    assert made.log()[-1] == "finish 1 its analyser was killed by signal 9"
    assert sum(line.startswith("analyse") for line in made.log()) == 3


def test_the_victim_is_released_before_the_disk_is_written(plant: Planter) -> None:
    def asks(job: Job) -> tuple[int, list[int]]:
        return (CLAIM if not job.held.keys() & {"connection", "memory", "pipe"} else COUNT), []

    made = plant({COMMIT: asks})
    run(made)
    assert "finish 1" in made.log()


def test_a_second_attempt_has_the_same_connection_and_new_memory(plant: Planter) -> None:
    def selects(job: Job) -> tuple[int, list[int]]:
        assert os.fstat(job.one("core")).st_size == 0
        os.write(job.one("core"), b"half")
        return dies_once(job)

    def receives(job: Job) -> tuple[int, list[int]]:
        os.write(job.one("connection"), b"%d" % job.attempt)
        return dies_once(job)

    made = plant({SELECT: selects, RECEIVE: receives})
    with made.crash() as connection:
        made.supervisor.stop(finish_analyses=True)
        assert [connection.recv(16) for _ in range(3)] == [b"1", b"2", b""]


def test_descriptors_come_back_by_kind(plant: Planter) -> None:
    def receives(job: Job) -> tuple[int, list[int]]:
        return SELECT, [os.memfd_create(name) for name in ("memory", "root", "a", "b")]

    def analyses(job: Job) -> tuple[int, list[int]]:
        names = [os.readlink(f"/proc/self/fd/{fd}") for fd in job.held["modules"]]
        return (FINISH if names == ["/memfd:a (deleted)", "/memfd:b (deleted)"] else END), []

    made = plant({RECEIVE: receives, ANALYSE: analyses})
    run(made)
    assert made.log()[-1] == "finish 1"


def test_a_process_that_says_what_it_may_not_is_replaced(plant: Planter) -> None:
    """A selector that was taken over has no say in what was committed."""
    made = plant({SELECT: lambda job: (FINISH, [])})
    run(made)
    assert [line.split()[0] for line in made.log()].count("select") == 3


def test_nothing_is_left_open(plant: Planter) -> None:
    made = plant({})
    before = len(os.listdir("/proc/self/fd"))
    run(made)
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_table_gives_every_kind_before_it_is_used() -> None:
    """A stage is given only what its fellows before it have made or passed on."""
    made = {"connection", "pipe", "stream", "core", "facts"}
    for stage in stages.STAGES.values():
        made |= {*stage.fresh, *stage.returned}
    assert all(set(stage.given) <= made for stage in stages.STAGES.values())
    assert all(stage.otherwise in (*stages.STAGES, END) for stage in stages.STAGES.values())
