"""The stack of a thread as text: the frame that matters with source and variables, the rest a line each or folded."""

from collections.abc import Sequence

from obit.snapshot.format import count_text, pad, printable, shorten_path, truncate, truncate_left, width
from obit.snapshot.model import Fault, Frame, Thread
from obit.snapshot.names import frame_name, is_system, module_offset, starts_program
from obit.snapshot.page import BOLD, CYAN, DIM, RED, Page, Piece
from obit.snapshot.stacks import Entry, LeftOut, Repeated, Shown, blamed, entries
from obit.snapshot.text_values import ordered, show, tree

MOST_ENTRIES = 10
"""Lines of the crashed stack in the short form, from the frame that matters on."""
DETAILED = 3
"""How many of them have source and variables; only the first has more than a line and a few."""
FUNCTION_COLUMNS = 34
DETAIL_INDENT = 8


def heading(page: Page, thread: Thread, total: int) -> None:
    """`▸ thread 4711 "worker-3" (crashed), 1 of 16`."""
    name = f' "{truncate(printable(thread.name), 20)}"' if thread.name else ""
    state = " (crashed)" if thread.crashed else f" ({truncate(printable(thread.state), 20)})" if thread.state else ""
    page.line(("▸ ", RED if thread.crashed else DIM), (f"thread {thread.tid}{name}", BOLD), state, f", 1 of {total}" if total > 1 else "")


def crashed_stack(page: Page, fault: Fault, thread: Thread) -> None:
    """The short form: what lies above the frame that matters in one line, then that frame and its callers."""
    first = blamed(fault, thread.frames)
    found = [entry for entry in entries(thread) if not (isinstance(entry, Shown) and entry.number < first)]
    shown, rest = _split(found)
    columns = _columns(shown)
    if first:
        _above(page, thread.frames[:first], columns[0])
    details = 0
    for entry in shown:
        entry_line(page, entry, columns, right=module_offset(entry.frame) if isinstance(entry, Shown) and not details else "")
        if isinstance(entry, Shown) and details < DETAILED and not is_system(entry.frame):
            _detail(page, entry.frame, brief=details > 0)
            details += 1
    if rest:
        page.line(" " * (columns[0] + 3), (_rest_text(rest), DIM))


def _above(page: Page, frames: Sequence[Frame], columns: int) -> None:
    names = " < ".join(dict.fromkeys("(signal)" if frame.signal_frame else printable(frame_name(frame)) for frame in frames))
    numbers = "0" if len(frames) == 1 else f"0–{len(frames) - 1}"
    page.line("  ", (truncate(f"{numbers:>{columns}} {names}", page.columns - 2), DIM))


def _split(found: list[Entry]) -> tuple[list[Entry], list[Frame]]:
    """The entries to show, and the frames that are only counted: the runtime's at the outer end, and what is too much."""
    end = len(found)
    while end > 1 and _is_runtime(found[end - 1], found[end - 2]):
        end -= 1
    end = min(end, MOST_ENTRIES)
    return found[:end], [entry.frame for entry in found[end:] if isinstance(entry, Shown)]


def _is_runtime(entry: Entry, inner: Entry) -> bool:
    if not isinstance(entry, Shown):
        return False
    return is_system(entry.frame) or (isinstance(inner, Shown) and starts_program(entry.frame, inner.frame))


def _rest_text(rest: list[Frame]) -> str:
    """`[3 more, 2 in the runtime]`."""
    system = sum(is_system(frame) or starts_program(frame, rest[max(index - 1, 0)]) for index, frame in enumerate(rest))
    where = "" if not system else ", in the runtime" if system == len(rest) else f", {system} in the runtime"
    return f"[{len(rest)} more{where}]"


def _columns(shown: Sequence[Entry]) -> tuple[int, int]:
    """Columns of the frame numbers and of the function names."""
    frames = [entry for entry in shown if isinstance(entry, Shown)]
    number = max((len(str(entry.number)) for entry in frames), default=1)
    names = max((width(printable(frame_name(entry.frame))) for entry in frames if entry.frame.function), default=0)
    return number, min(names, FUNCTION_COLUMNS)


def entry_line(page: Page, entry: Entry, columns: tuple[int, int], right: str = "") -> None:
    """One line of a stack."""
    number, function = columns
    if isinstance(entry, Repeated):
        what = "this frame" if entry.period == 1 else f"these {entry.period} frames"
        times = entry.frames / entry.period
        about = "" if times == int(times) else "about "
        page.line(" " * (number + 3), (f"↻ {what} again {about}{times:,.0f} times: {count_text(entry.frames, 'more frame')}", DIM))
    elif isinstance(entry, LeftOut):
        page.line(" " * (number + 3), (f"… {count_text(entry.frames, 'frame')} left out", DIM))
    else:
        _frame_line(page, entry, number, function, right)


def _frame_line(page: Page, entry: Shown, number: int, function: int, right: str) -> None:
    frame = entry.frame
    name = truncate_left(printable(frame_name(frame)), FUNCTION_COLUMNS if frame.function else page.columns - number - 6)
    hint = trust_text(frame)
    right = "" if name == right else printable(right)
    room = page.columns - number - 7 - max(function, width(name)) - (width(hint) + 2 if hint else 0)
    where = location(frame, room)
    if not frame.line and frame.function and not right:
        right = printable(module_offset(frame))
    left: list[Piece] = ["  ", (f"{entry.number:>{number}} ", DIM), (pad(name, function), BOLD if right else ""), "  ", where]
    if hint:
        left.append((("  " if where else "") + hint, DIM))
    page.spread(left, (right, DIM))


def location(frame: Frame, columns: int) -> str:
    """`…/src/cart.c:41` in at most `columns`, or nothing."""
    if not frame.file:
        return ""
    line = f":{frame.line}" if frame.line else ""
    return shorten_path(printable(frame.file), max(columns - len(line), 8)) + line


def trust_text(frame: Frame) -> str:
    """What the reader must know of how a frame came about."""
    marks = [text for text, holds in (("inlined", frame.inlined), ("signal handler called", frame.signal_frame)) if holds]
    if frame.trust == "scan":
        marks.append("guessed from the stack")
    return f"({', '.join(marks)})" if marks else ""


def _detail(page: Page, frame: Frame, *, brief: bool) -> None:
    source(page, frame, before=0 if brief else 3, after=0 if brief else 1)
    matter = ordered(frame.variables)
    if brief:
        matter = [variable for variable in matter if variable.status == "ok" and (variable.kind == "argument" or variable.tags)]
    most = 3 if brief else 10
    show(page, matter[:most], DETAIL_INDENT)
    if len(matter) > most and not brief:
        page.line(" " * DETAIL_INDENT, (f"and {count_text(len(matter) - most, 'more variable')}", DIM))


def dedented(frame: Frame) -> list[tuple[int, str]]:
    """The frame's source as (number, text), without the indentation that all lines share."""
    texts = [line.text.rstrip().expandtabs(4) for line in frame.source or ()]
    common = min((len(text) - len(text.lstrip()) for text in texts if text.strip()), default=0)
    return [(line.line, text[common:]) for line, text in zip(frame.source or (), texts, strict=True)]


def source(page: Page, frame: Frame, before: int, after: int) -> None:
    """The source around the frame's line, with an arrow at it."""
    lines = [line for line in dedented(frame) if frame.line is None or -before <= line[0] - frame.line <= after]
    digits = max((len(str(number)) for number, _ in lines), default=0)
    for number, text in lines:
        here = number == frame.line
        code = truncate(printable(text), page.columns - digits - 11)
        gutter: Piece = (f"      {'→' if here else ' '} {number:>{digits}} │ ", RED if here else DIM)
        page.line(gutter, (code, BOLD) if here else code)


def whole_stack(page: Page, thread: Thread) -> None:
    """The long form: every frame with its full name, trust, source line and the tree of its variables."""
    found = list(entries(thread))
    columns = _columns(found)
    for entry in found:
        entry_line(page, entry, columns, right=module_offset(entry.frame) if isinstance(entry, Shown) else "")
        if isinstance(entry, Shown):
            frame = entry.frame
            if frame.function and frame_name(frame) != frame.function:
                page.line(" " * DETAIL_INDENT, (truncate(printable(frame.function), page.columns - DETAIL_INDENT), CYAN))
            source(page, frame, before=2, after=2)
            tree(page, frame.variables, DETAIL_INDENT)
