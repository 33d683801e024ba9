"""From machine frames to the frames of the document: names, positions, inlined functions, variables.

What an address means is the same in every thread, so it is worked out once (`Code`); only the values differ.
"""

from collections.abc import Callable, Sequence

import msgspec

from obit.analysis.unwind.stack import FIRST_FRAMES, Stack, UnwoundFrame
from obit.analysis.variables.context import FrameContext
from obit.analysis.variables.plans import PlannedReader
from obit.analysis.variables.values import Limits
from obit.debuginfo.demangle import demangle
from obit.debuginfo.scopes import Line, Scope, VariableInfo
from obit.image.process import ProcessImage, ThreadImage
from obit.snapshot.model import Frame, SourceLine, Variable, hex_address

SOURCE_LINES = 4
"""Lines of source shown before and after the one that matters."""
SOURCE_FRAMES = 24

SourceReader = Callable[[str], Sequence[str] | None]
"""The lines of a source file by the path that debug information gives, or None."""


class Position(msgspec.Struct, frozen=True):
    """One function at an address: the real one, or one inlined there."""

    function: str | None
    line: Line | None
    inlined: bool
    language: str | None
    scope: Scope | None
    variables: tuple[VariableInfo, ...]


class FrameReader:
    """Makes the document's frames of one process."""

    def __init__(self, image: ProcessImage, sources: SourceReader | None = None) -> None:
        self.image = image
        self._sources = sources
        self._code: dict[int, tuple[Position, ...]] = {}
        self._readers: dict[Limits, PlannedReader] = {}

    def frames(self, thread: ThreadImage, stack: Stack, limits: Limits, *, source: bool) -> tuple[Frame, ...]:
        """The frames of a thread, innermost first, inlined functions as frames of their own."""
        reader = self._readers.get(limits) or self._readers.setdefault(limits, PlannedReader(self.image, limits))
        codes = [self.code(frame) for frame in stack.frames]
        contexts = self._contexts(thread, stack, codes)
        # From the outermost on: what a frame passed is known then when the next asks for it, however deep the recursion.
        shown = [reader.variables(context, code) for context, code in zip(contexts, reversed(codes), strict=True)]
        found: list[Frame] = []
        for frame, code, variables in zip(stack.frames, codes, reversed(shown), strict=True):
            for position, own in zip(code, variables, strict=True):
                lines = self._source(frame, position.line) if source and len(found) < SOURCE_FRAMES else None
                found.append(document_frame(frame, position, own, lines))
        return tuple(found)

    def _contexts(self, thread: ThreadImage, stack: Stack, codes: Sequence[tuple[Position, ...]]) -> list[FrameContext]:
        """A context for each machine frame, outermost first; the first of the last frames has no neighbour when frames were omitted."""
        contexts: list[FrameContext] = []
        caller: FrameContext | None = None
        for index in range(len(stack.frames) - 1, -1, -1):
            if stack.omitted and index == FIRST_FRAMES - 1:
                caller = None
            caller = FrameContext(self.image, thread, stack.frames[index], codes[index][-1].scope, caller)
            contexts.append(caller)
        return contexts

    def code(self, frame: UnwoundFrame) -> tuple[Position, ...]:
        """What is at the frame's address: innermost inlined function first, one entry at least."""
        known = self._code.get(frame.lookup)
        if known is None:
            known = self._code[frame.lookup] = positions(frame)
        return known

    def _source(self, frame: UnwoundFrame, line: Line | None) -> tuple[SourceLine, ...] | None:
        if line is None or line.line <= 0 or self._sources is None:
            return None
        lines = self._sources(_absolute(frame, line.file))
        if lines is None or line.line > len(lines):
            return None
        first = max(1, line.line - SOURCE_LINES)
        return tuple(SourceLine(line=number, text=text) for number, text in enumerate(lines[first - 1 : line.line + SOURCE_LINES], first))


def _absolute(frame: UnwoundFrame, path: str) -> str:
    module = frame.module
    if path.startswith("/") or module is None or module.file is None:
        return path
    return f"{module.file.directory(frame.lookup - module.bias) or ''}/{path}"


def positions(frame: UnwoundFrame) -> tuple[Position, ...]:
    """The functions active at a frame's address, with their source positions."""
    module = frame.module
    if module is None or module.file is None:
        return (Position(None, None, False, None, None, ()),)
    # The return address of a signal handler is the first instruction of the trampoline: nothing was called from before it.
    address = (frame.pc if frame.signal_frame else frame.lookup) - module.bias
    scopes = module.file.scopes(address)
    if not scopes:
        symbol = module.file.symbol(address)
        name = demangle(symbol.name) if symbol else None
        return (Position(name, module.file.line(address), False, None, None, ()),)
    found, line = [], module.file.line(address)
    for scope in scopes:
        found.append(Position(scope.name, line, scope.inlined, scope.language, scope, scope.variables()))
        line = scope.call
    return tuple(found)


def document_frame(
    frame: UnwoundFrame, position: Position, variables: tuple[Variable, ...], source: tuple[SourceLine, ...] | None
) -> Frame:
    """One frame as the document has it."""
    module, line = frame.module, position.line
    return Frame(
        pc=hex_address(frame.pc),
        module=module.path if module else None,
        build_id=module.build_id if module else None,
        offset=hex_address((frame.pc - module.bias) & 0xFFFFFFFFFFFFFFFF) if module else None,
        function=position.function,
        file=line.file if line else None,
        line=line.line if line else None,
        column=line.column if line else None,
        inlined=position.inlined,
        trust=frame.trust,
        language=position.language,
        signal_frame=frame.signal_frame,
        variables=variables,
        source=source,
    )
