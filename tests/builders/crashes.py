"""Crashes as admission sees them, and what an archive counts."""

from typing import Any

from obit.agent.admission import CrashFacts, Limits
from obit.archive.layout import CORE, DONE, SNAPSHOT
from obit.archive.reader import Archive
from obit.archive.writer import begin
from obit.cli.settings import SETTINGS


def limits(**changed: object) -> Limits:
    """The defaults, with some settings changed: `limits__per_program="off"`."""
    values: dict[str, object] = {setting.name: setting.default for setting in SETTINGS}
    return Limits.of(values | {"limits.disk_reserve": "0"} | {name.replace("__", "."): value for name, value in changed.items()})


def crash(stack: int = 0, exe: str = "/usr/bin/shop-cart", **more: Any) -> CrashFacts:
    facts = CrashFacts(exe, 1000, 1000, "/system.slice/shop.service", "b1", f"{exe}+0x11a9", ("main+1", f"libc+{stack}"))
    return facts._replace(**more)


def store(home: str, fault_id: str, state: str = DONE) -> None:
    with begin(home, {"captured_at": "2026-11-20T08:00:00Z"}, fault_id) as incoming:
        incoming.write(SNAPSHOT if state == DONE else CORE, b"x")
        incoming.commit(state)


def caught(home: str) -> int:
    archive = Archive(home)
    return sum(fault.occurrences for fault in archive.faults()) + archive.suppressed()
