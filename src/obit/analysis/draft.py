"""What the analysis steps pass along: the process, the request, and what is known so far."""

from collections.abc import Mapping
from typing import Any

import msgspec

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.rules import Classification
from obit.analysis.frames import FrameReader, SourceReader
from obit.analysis.scrub import NO_PATTERNS, Patterns
from obit.analysis.unwind.stack import Stack
from obit.image.process import ProcessImage
from obit.snapshot.model import (
    Access,
    Evidence,
    Heap,
    MemoryBlock,
    Missing,
    Module,
    Scalar,
    Severity,
    Source,
    Thread,
    Variable,
)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what the caller knows that the image does not. `read_source` gives the lines of a source file that the reader
    of the report may see, or None; analysis itself opens nothing. `full`: as much of every thread's values as of the crashed one's."""

    id: str
    captured_at: str
    source: Source
    attributes: dict[str, Scalar] = {}
    read_source: SourceReader | None = None
    message: str | None = None
    full: bool = False
    packages: Mapping[str, tuple[str, str]] = {}
    """Path of a module → its package and that one's version."""
    scrub: Patterns = NO_PATTERNS
    """What else is hidden than the names of secrets say."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A fault in the making. Each step returns a copy with its own fields filled in."""

    image: ProcessImage
    request: Request
    reader: FrameReader
    stacks: tuple[Stack, ...] = ()
    threads: tuple[Thread, ...] = ()
    globals: tuple[Variable, ...] = ()
    modules: tuple[Module, ...] = ()
    memory: tuple[MemoryBlock, ...] = ()
    crash: CrashContext | None = None
    classification: Classification | None = None
    message: str | None = None
    explanation: str = ""
    classifiers: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    severity: Severity = "unknown"
    access: Access = Access()
    heap: Heap | None = None
    fingerprint: str = ""
    fingerprint_frames: tuple[str, ...] = ()
    strict_fingerprint: str = ""
    quality: int = 0
    quality_reasons: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()

    def with_(self, **fields: Any) -> "Draft":
        """A copy with fields replaced."""
        return msgspec.structs.replace(self, **fields)
