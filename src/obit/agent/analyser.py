"""One analysis in a process that may do nothing else: read the passed descriptors, ask the broker, write the result."""

import os
from socket import socket

from msgspec import json

from obit.agent import confinement, messages, record, result
from obit.agent.finder import BrokerFinder
from obit.agent.journal import entry_of
from obit.agent.messages import Job
from obit.agent.record import Record
from obit.agent.result import MOST, Result
from obit.agent.stages import FINISH
from obit.analysis.draft import Request
from obit.analysis.steps import analyze
from obit.archive.stored import summary_of
from obit.errors import ObitError
from obit.image.compressed import OpenedFile
from obit.image.core import parse_core
from obit.image.memory import FileReader
from obit.image.open import core_image
from obit.snapshot.encode import encode_snapshot
from obit.snapshot.model import Fault

MEMORY = 4 << 30
SECONDS = 60
"""Address space (bytes) and processor time of an analysis, at most."""
MOST_PACKAGED = 64
"""Modules whose package is looked up: for a file that has none all lists are searched, in tens of milliseconds."""


def main(channel: socket) -> None:
    """Serve once."""
    confinement.limit(memory=MEMORY, seconds=SECONDS, file_size=MOST)
    data, descriptors = messages.receive(channel)
    if not data:
        return
    job = messages.decode_job(data, descriptors)
    result.write(job.one("result"), _analysed(job))
    messages.send(channel, messages.encode_reply(FINISH, job.fault))


def _analysed(job: Job) -> Result:
    try:
        fault = explain(job, record.read(job.one("facts")))
        return Result(encode_snapshot(fault), summary_of(fault), json.encode(entry_of(fault)))
    except (ObitError, MemoryError, RecursionError) as error:
        return Result(failure=f"it could not be analysed: {type(error).__name__} {error}")


def explain(job: Job, known: Record) -> Fault:
    """The fault in the core that was passed; `BadInput`."""
    modules = dict(zip(known.modules, job.held.get("modules", ()), strict=False))
    finder = BrokerFinder(socket(fileno=job.one("broker")), modules)
    read = FileReader(os.dup(job.one("core")))
    image = core_image(parse_core(read, read.size), OpenedFile(read, read.modified), finder)
    return analyze(
        image,
        Request(
            id=job.fault,
            captured_at=known.meta.get("captured_at") or image.captured_at or read.modified,
            source=known.meta.get("source") or "import",
            attributes=image.attributes,
            read_source=finder.source,
            packages=finder.packages((module.path, module.build_id) for module in image.modules[:MOST_PACKAGED]),
            message=image.message,
        ),
    )
