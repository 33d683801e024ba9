"""Faults put into an archive by its own writer."""

from obit.archive.layout import CORE, PENDING, SNAPSHOT, SUMMARY
from obit.archive.stored import summary_of
from obit.archive.writer import begin
from obit.snapshot.encode import encode_snapshot
from obit.snapshot.model import Fault


def pending(home: str, captured_at: str = "2026-11-20T08:00:00Z", **meta: object) -> str:
    """A fault that waits for its analysis; its ID."""
    with begin(home, {"source": "ptrace", "captured_at": captured_at, "pid": 4711, "exe": "/usr/bin/shop-cart", **meta}) as incoming:
        incoming.write(CORE, b"\x7fELF" + bytes(1000))
        incoming.commit(PENDING)
        return incoming.id


def done(home: str, fault: Fault) -> str:
    """An analysed fault; its ID."""
    with begin(home, {"source": fault.source, "captured_at": fault.captured_at}) as incoming:
        incoming.write(SUMMARY, summary_of(fault))
        incoming.write(SNAPSHOT, encode_snapshot(fault))
        incoming.commit("done")
        return incoming.id
