"""From machine frames to the frames of the document: names, positions, inlined functions, variables.

What an address means is the same in every thread, so it is worked out once (`Code`); only the values differ.
"""

from collections.abc import Callable, Sequence

import msgspec

from obit.analysis.unwind.stack import FIRST_FRAMES, Stack, UnwoundFrame
from obit.analysis.variables.context import FrameContext
from obit.analysis.variables.locate import object_of
from obit.analysis.variables.object import Unavailable
from obit.analysis.variables.values import Limits, ValueReader, unavailable
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
        self._gone: dict[tuple[int, int], Variable] = {}
        """What has no location at an address has none in any thread; by the identity of the `VariableInfo`, which `_code` keeps."""

    def frames(self, thread: ThreadImage, stack: Stack, limits: Limits, *, source: bool) -> tuple[Frame, ...]:
        """The frames of a thread, innermost first, inlined functions as frames of their own."""
        values = ValueReader(self.image, limits)
        contexts = self._contexts(thread, stack)
        # From the outermost on: what a frame passed is known then when the next asks for it, however deep the recursion.
        shown = [[self._variables(values, context, position) for position in self.code(context.frame)] for context in reversed(contexts)]
        found: list[Frame] = []
        for frame, variables in zip(stack.frames, reversed(shown), strict=True):
            for position, own in zip(self.code(frame), variables, strict=True):
                lines = self._source(frame, position.line) if source and len(found) < SOURCE_FRAMES else None
                found.append(document_frame(frame, position, own, lines))
        return tuple(found)

    def _contexts(self, thread: ThreadImage, stack: Stack) -> list[FrameContext]:
        """A context for each machine frame; the first of the last frames has no neighbour when frames were omitted."""
        contexts: list[FrameContext] = []
        caller: FrameContext | None = None
        for index in range(len(stack.frames) - 1, -1, -1):
            frame = stack.frames[index]
            code = self.code(frame)
            scope = code[-1].scope if code else None
            if stack.omitted and index == FIRST_FRAMES - 1:
                caller = None
            caller = FrameContext(self.image, thread, frame, scope, caller)
            contexts.append(caller)
        contexts.reverse()
        return contexts

    def code(self, frame: UnwoundFrame) -> tuple[Position, ...]:
        """What is at the frame's address: innermost inlined function first, one entry at least."""
        known = self._code.get(frame.lookup)
        if known is None:
            known = self._code[frame.lookup] = positions(frame)
        return known

    def _variables(self, values: ValueReader, context: FrameContext, position: Position) -> tuple[Variable, ...]:
        lookup = context.frame.lookup
        return tuple(self._gone.get((id(info), lookup)) or self._variable(values, context, info) for info in position.variables)

    def _variable(self, values: ValueReader, context: FrameContext, info: VariableInfo) -> Variable:
        try:
            return values.variable(info.name, info.kind, object_of(self.image, info, context))
        except Unavailable as why:
            found = unavailable(info.name, info.kind, info.type().name, str(why))
            if info.constant is None and not getattr(info.locate(context.address), "ops", ()):
                self._gone[id(info), context.frame.lookup] = found
            return found

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
