"""Variables on lines: one line each where a glance must do, a tree where everything is asked for."""

from collections.abc import Iterator, Sequence

from obit.snapshot.format import pad, printable, truncate, width, wrap
from obit.snapshot.model import Variable
from obit.snapshot.page import CYAN, DIM, YELLOW, Page, Piece

NAME_COLUMNS = 18
SHORTEST_PART = 8
"""Columns below which a part of a value is not begun."""
FLAG = "⚑ "
DEEPEST = 12
"""Levels of a tree that are printed; the document may hold more."""


def ordered(variables: Sequence[Variable]) -> list[Variable]:
    """The variables that matter first: tagged, then arguments, then the others; those that cannot be had at the end, and what the
    compiler made left out."""
    return sorted((variable for variable in variables if variable.tags or not of_the_compiler(variable)), key=_rank)


def of_the_compiler(variable: Variable) -> bool:
    """Whether nobody wrote this variable: `__for_range`, `__PRETTY_FUNCTION__`."""
    return variable.name.startswith("__")


def _rank(variable: Variable) -> int:
    if variable.tags or any(True for _ in tagged(variable)):
        return 0
    if variable.status != "ok":
        return 3
    return 1 if variable.kind == "argument" else 2


def tagged(variable: Variable, path: str = "", depth: int = 3) -> Iterator[tuple[str, Variable]]:
    """The tagged parts of a variable, each with its expression (`cart->owner`, `items[0].id`)."""
    if depth == 0:
        return
    for child in variable.children:
        where = path + joiner(variable, child) + child.name
        if child.tags:
            yield where, child
        yield from tagged(child, where, depth - 1)


def joiner(variable: Variable, child: Variable) -> str:
    """What stands between a variable and the name of its part in an expression."""
    if child.kind == "element" or child.name.startswith("["):
        return ""
    return "->" if (variable.type or "").rstrip("const ").endswith("*") else "."


def show(page: Page, variables: Sequence[Variable], indent: int) -> None:
    """A line each: `name = value   ⚑ tag`, then the tagged parts; the optimized-out ones together on one line."""
    names = [printable(variable.name[: 4 * NAME_COLUMNS]) for variable in variables if variable.status != "optimized-out"]
    column = min(max(map(width, names), default=0), NAME_COLUMNS)
    for variable in variables:
        if variable.status == "optimized-out":
            continue
        _line(page, indent, variable.name, column, inline(variable, page.columns - indent - column - 3), variable.tags)
        for where, part in list(tagged(variable))[:3]:
            _line(page, indent + 2, variable.name + where, 0, inline(part, page.columns - indent - 5), part.tags)
    gone = [variable.name for variable in variables if variable.status == "optimized-out"]
    if gone:
        page.line(" " * indent, (truncate(f"optimized out: {printable(', '.join(gone))}", page.columns - indent), DIM))


def _line(page: Page, indent: int, name: str, column: int, value: str, tags: Sequence[str]) -> None:
    flags = printable(FLAG + ", ".join(tags)) if tags else ""
    left = pad(truncate(printable(name), max(column, NAME_COLUMNS)), column)
    room = page.columns - indent - width(left) - 3 - (width(flags) + 2 if flags else 0)
    pieces: list[Piece] = [" " * indent, (left, CYAN), " = ", truncate(value, max(room, 8))]
    if flags:
        page.spread(pieces, (flags, YELLOW))
    else:
        page.line(*pieces)


def inline(variable: Variable, columns: int, depth: int = 2) -> str:
    """A variable's value on one line of at most `columns`: `0x55d0… → {name = "SPRING", percent = 15}`."""
    if variable.status != "ok":
        return truncate(unavailable_text(variable), columns)
    value = printable((variable.value or "")[: columns + 1])
    if variable.children and width(value) + 4 < columns:
        arrow = " → " if value.startswith("0x") else " " if value else ""
        value += arrow + _contents(variable, columns - width(value) - len(arrow), depth)
    return truncate(value or "{}", columns)


def _contents(variable: Variable, columns: int, depth: int) -> str:
    children = variable.children
    if len(children) == 1 and children[0].name == "*":
        return inline(children[0], columns, depth)
    opening, closing = "[]" if children[0].kind == "element" else "{}"
    if depth == 0:
        return f"{opening}…{closing}"
    parts: list[str] = []
    room = columns - 2
    for child in children:
        label = _label(child)
        part = truncate(label + inline(child, max(room - width(label), 1), depth - 1), room) if room >= SHORTEST_PART else "…"
        parts.append(part)
        room -= width(part) + 2
        if part.endswith("…"):
            break
    return opening + ", ".join(parts) + closing


def _label(child: Variable) -> str:
    """A part's name; an element's index goes without saying, a map's key does not."""
    plain = child.kind == "element" and child.name[1:-1].isdigit()
    return "" if plain or not child.name else f"{printable(child.name[:60])} = "


def unavailable_text(variable: Variable) -> str:
    """Why there is no value, in so many words."""
    if variable.status == "optimized-out":
        return "optimized out"
    return printable(variable.reason[:120]) if variable.reason else "not captured"


def tree(page: Page, variables: Sequence[Variable], indent: int, depth: int = 0) -> None:
    """Every variable with its type, its parts below it; long values wrapped."""
    for variable in variables:
        name, type = printable(variable.name), printable(variable.type or "")
        value = unavailable_text(variable) if variable.status != "ok" else printable(variable.value or "")
        flags = FLAG + printable(", ".join(variable.tags)) if variable.tags else ""
        head = f"{name} = {value}" if value else name
        first, *rest = wrap(head, max(page.columns - indent, 20)) or [name]
        page.spread([" " * indent, first, *([("  " + flags, YELLOW)] if flags else [])], (truncate(type, 40), DIM))
        for line in rest:
            page.line(" " * (indent + 2), truncate(line, max(page.columns - indent - 2, 20)))
        if depth < DEEPEST:
            tree(page, variable.children, indent + 2, depth + 1)
