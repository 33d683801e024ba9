"""The way of a fault through the agent's processes, as a table: who works on a stage, with what, for how long, what follows a failure.

The supervisor holds descriptors by kind: `connection` (the kernel's socket: closing it releases the victim), `pipe` and `stream` (what
came through it so far), `memory` (/proc/PID/mem), `root` (the victim's root directory), `modules` (the files that it had mapped), and
memfds: `facts` (sealed by the receiver), `assets`, `core`, `result`.
"""

from typing import NamedTuple

RECEIVE, HANDED, SELECT, COMMIT, COUNT, CLAIM, ANALYSE, FINISH, TEND, SCRAPE, END = range(11)

_VICTIM = ("connection", "pipe", "stream", "memory")
_SAVED = (*_VICTIM, "core", "assets")


class Stage(NamedTuple):
    """`given` kinds of descriptors go to a process of `role`, of which `fresh` are made for each attempt; `returned` kinds come back,
    one each, the last takes the rest. `dropped` kinds are closed before. One of `following` comes next, or, after `attempts` of
    `seconds` each that failed, `otherwise`."""

    name: str
    role: str
    given: tuple[str, ...]
    returned: tuple[str, ...]
    following: tuple[int, ...]
    otherwise: int
    seconds: float
    attempts: int = 3
    fresh: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


STAGES = {
    RECEIVE: Stage(
        "receive",
        "receiver",
        ("connection", "pipe", "stream", "facts", "assets"),
        ("memory", "root", "modules"),
        following=(SELECT, COMMIT, COUNT, END),
        otherwise=COUNT,
        seconds=2,
        attempts=2,
        fresh=("facts", "assets"),
    ),
    HANDED: Stage(
        "receive",
        "receiver",
        ("connection", "pipe", "stream", "facts", "assets"),
        ("memory", "root", "modules"),
        following=(SELECT, COMMIT, COUNT, END),
        otherwise=COUNT,
        seconds=2,
        attempts=2,
        fresh=("facts", "assets"),
    ),
    SELECT: Stage("select", "selector", ("memory", "facts", "core"), (), following=(COMMIT,), otherwise=COMMIT, seconds=5, fresh=("core",)),
    COMMIT: Stage(
        "commit", "committer", ("facts", "core", "assets"), (), following=(CLAIM, END), otherwise=COUNT, seconds=60, dropped=_VICTIM
    ),
    COUNT: Stage("count", "committer", ("facts",), (), following=(END,), otherwise=END, seconds=60, dropped=(*_SAVED, "modules", "root")),
    CLAIM: Stage("claim", "committer", (), ("core", "facts"), following=(ANALYSE, END), otherwise=END, seconds=60, dropped=_SAVED),
    ANALYSE: Stage(
        "analyse",
        "analyser",
        ("facts", "core", "modules", "result"),
        (),
        following=(FINISH,),
        otherwise=FINISH,
        seconds=60,
        fresh=("result",),
    ),
    FINISH: Stage("finish", "committer", ("result", "modules"), (), following=(END,), otherwise=END, seconds=60, dropped=(*_SAVED, "root")),
    TEND: Stage("tend", "keeper", (), (), following=(END,), otherwise=END, seconds=600, attempts=1),
    SCRAPE: Stage("scrape", "keeper", ("connection",), (), following=(END,), otherwise=END, seconds=5, attempts=1),
}
ROLES = {"receiver": 1, "selector": 2, "committer": 1, "broker": 1, "analyser": 1, "keeper": 0}
"""How many processes of each wait for work; one of which none does is started for each work."""
SERVE_ONCE = ("analyser", "keeper")
"""These end after one work: an analyser may not be itself any more, a keeper would only take memory."""
BEFORE_RELEASE = (RECEIVE, HANDED, SELECT)
"""Stages in which a process of the machine waits for us."""
