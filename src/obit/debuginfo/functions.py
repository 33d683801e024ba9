"""Functions that are active at an address, and their variables, out of DIEs."""

from collections.abc import Callable, Iterable

from obit.debuginfo import tags
from obit.debuginfo.dies import TypeReader
from obit.debuginfo.libdw import ABSTRACT, DECLARATION, LOCATION, Entry, children, low_of, text
from obit.debuginfo.scopes import Expression, Line, Scope, VariableInfo

_FUNCTIONS = (tags.SUBPROGRAM, tags.INLINED_SUBROUTINE)


class ScopeReader:
    """Makes `Scope`s of the DIEs that `File.scopes` gives."""

    def __init__(self, types: TypeReader) -> None:
        self._types = types
        self._expressions = types.expressions

    def scopes(self, entries: list[Entry]) -> tuple[Scope, ...]:
        """The functions among the entries (outermost first), innermost first; blocks belong to the function before them."""
        groups: list[list[Entry]] = []
        for each in entries:
            if each.tag in _FUNCTIONS:
                groups.append([each])
            elif groups:
                groups[-1].append(each)
        if not groups:
            return ()
        frame_base = self._expressions.locator((entries[0].die, entries[0].unit), tags.AT_FRAME_BASE)
        low = low_of((entries[0].die, entries[0].unit)) or 0
        return tuple(self._scope(group, frame_base, low) for group in reversed(groups))

    def _scope(self, group: list[Entry], frame_base: Callable[[int], Expression | None], low: int) -> Scope:
        function = group[0]
        inlined = function.tag == tags.INLINED_SUBROUTINE
        return Scope(
            name=self._types.speller.qualified(function) or _from_linkage_name(function),
            linkage_name=text(function.linkage) or None,
            inlined=inlined,
            call=_call_line(function) if inlined else None,
            low=low,
            frame_base=frame_base,
            variables=self._lazy_variables(group),
            language=self._types.language(function.source_unit),
            die_offset=function.die,
            unit=function.unit,
        )

    def _lazy_variables(self, group: list[Entry]) -> Callable[[], tuple[VariableInfo, ...]]:
        known: list[tuple[VariableInfo, ...]] = []

        def variables() -> tuple[VariableInfo, ...]:
            if not known:
                known.append(self._variables(group))
            return known[0]

        return variables

    def _variables(self, group: list[Entry]) -> tuple[VariableInfo, ...]:
        """Arguments in the order of the declaration, then locals, those of the innermost block first."""
        inside = [self._declared(each) for each in group]
        arguments = [self._expressions.variable(each, "argument") for each in inside[0] if each.tag == tags.FORMAL_PARAMETER]
        local = [self._expressions.variable(each, "local") for block in reversed(inside) for each in block if each.tag == tags.VARIABLE]
        return (*arguments, *local)

    def _declared(self, block: Entry) -> list[Entry]:
        """Parameters and variables of a function or block. What only its abstract origin has is optimized out and shown as that."""
        own = list(_shown(children((block.die, block.unit))))
        if not block.flags & ABSTRACT:
            return own
        by_origin = {each.origin: each for each in own if each.origin}
        abstract = list(_shown(children((block.origin, block.origin_unit))))
        merged = [by_origin.pop(each.die, each) for each in abstract]
        kept = {each.die for each in merged}
        return merged + [each for each in own if each.die not in kept]

    def globals(self, entries: list[Entry]) -> tuple[VariableInfo, ...]:
        """Variables outside of functions, by their qualified names."""
        named = (each for each in entries if each.name)
        return tuple(self._expressions.variable(each, "global", self._types.speller.qualified(each)) for each in named)


def _from_linkage_name(function: Entry) -> str:
    """The name of what a compiler made up and named for the linker only: thunks."""
    from obit.debuginfo.demangle import demangle

    return demangle(text(function.linkage)) or "??"


def _shown(entries: Iterable[Entry]) -> Iterable[Entry]:
    """Named parameters and variables, without declarations of what is elsewhere."""
    for each in entries:
        declared = each.flags & DECLARATION and not each.flags & LOCATION
        if each.name and (each.tag == tags.FORMAL_PARAMETER or (each.tag == tags.VARIABLE and not declared)):
            yield each


def _call_line(function: Entry) -> Line | None:
    if not function.call_file or function.call_line <= 0:
        return None
    return Line(text(function.call_file), function.call_line, function.call_column if function.call_column > 0 else None)
