"""What the viewer's widgets show, as styled text. Values of the process go in as plain text: neither markup nor control characters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from obit.snapshot.format import count_text, printable, printable_lines
from obit.snapshot.model import Fault, Frame, Thread, Variable
from obit.snapshot.names import frame_name, is_system, module_offset
from obit.snapshot.stacks import Entry, Repeated, Shown
from obit.snapshot.text_frames import dedented, trust_text
from obit.snapshot.text_summary import facts
from obit.snapshot.text_values import inline, unavailable_text

if TYPE_CHECKING:
    from textual.widgets.tree import TreeNode

DEEPEST = 12
VALUE_COLUMNS = 100


def styled(*pieces: tuple[str, str]) -> Text:
    """Text of (text, style) pieces, safe to show, on one line however long."""
    return Text.assemble(*((printable(text), style) for text, style in pieces), no_wrap=True, overflow="ellipsis")


def headline(program: str, kind: str, fault: Fault) -> Text:
    """What happened, in three lines."""
    text = styled(
        (f"{program} ", "bold"), ("crashed: " if fault.signal else "", ""), (kind, "bold red"), ("\u2002".join(["", *facts(fault)]), "dim")
    )
    text.append("\n" + printable(" ".join(fault.explanation.split())))
    return text


def thread_line(thread: Thread) -> Text:
    """A thread in the list."""
    where = next((frame_name(frame) for frame in thread.frames if not is_system(frame)), None)
    where = where or (frame_name(thread.frames[0]) if thread.frames else "no frames")
    mark = ("● ", "bold red") if thread.crashed else ("  ", "")
    return styled(mark, (str(thread.tid), "bold" if thread.crashed else ""), (f" {thread.name or ''} ", "cyan"), (where, "dim"))


def entry_line(entry: Entry) -> Text:
    """A line of the stack."""
    if isinstance(entry, Shown):
        frame = entry.frame
        name = styled((f"{entry.number:>3} ", "dim"), (frame_name(frame), "dim" if is_system(frame) else "bold"))
        place = (
            f"{frame.file.rsplit('/', 1)[-1]}:{frame.line}"
            if frame.file and frame.line
            else ""
            if not frame.function
            else module_offset(frame)
        )
        return name.append_text(styled((f"  {place}", "dim"), (f" {trust_text(frame)}", "yellow")))
    if isinstance(entry, Repeated):
        return styled((f"    ↻ the last {count_text(entry.period, 'frame')} again: {count_text(entry.frames, 'more frame')}", "italic dim"))
    return styled((f"    … {count_text(entry.frames, 'frame')} left out", "italic dim"))


def source(frame: Frame) -> Text:
    """The frame's function, place and source, the line of the call marked."""
    place = f"{frame.file}:{frame.line}" if frame.file and frame.line else frame.file or "no source file is known"
    text = styled((frame.function or module_offset(frame), "bold"))
    text.append("\n")
    text.append_text(styled((f"{place}   {module_offset(frame)}", "dim")))
    for number, line in dedented(frame):
        here = number == frame.line
        text.append("\n")
        text.append_text(styled((f"{'→' if here else ' '} {number:>5} │ ", "bold red" if here else "dim"), (line, "bold" if here else "")))
    if not frame.source:
        text.append("\n(the source is not here)", "dim")
    return text


def registers(thread: Thread) -> Text:
    """A register a line."""
    if not thread.registers:
        return Text("No registers.")
    return Text("\n").join(styled((f"{name:<10}", "cyan"), (value, "")) for name, value in thread.registers.items())


def disassembly(frame: Frame) -> Text:
    """The instructions around the frame's pc."""
    if not frame.disassembly:
        return Text("No disassembly of this frame.")
    lines = (
        styled(("→ " if one.current else "  ", "bold red"), (f"{one.address}  ", "dim"), (one.text, "bold" if one.current else ""))
        for one in frame.disassembly
    )
    return Text("\n").join(lines)


def why(fault: Fault) -> Text:
    """Evidence, the program's message, what is missing."""
    lines = [
        styled((f"{item.confidence:<9}", "green" if item.confidence == "certain" else "yellow"), (item.text, "")) for item in fault.evidence
    ]
    lines += [styled(("message  ", "cyan"), (line, "")) for line in printable_lines(fault.message or "")]
    if fault.access.instruction:
        lines.append(styled(("code     ", "cyan"), (fault.access.instruction, "")))
    lines.append(styled(("group    ", "cyan"), (" < ".join(fault.fingerprint_frames), "")))
    lines.append(styled(("quality  ", "cyan"), (f"{fault.quality}/100  {'; '.join(fault.quality_reasons)}", "")))
    for item in fault.missing:
        lines.append(styled(("missing  ", "cyan"), (f"{item.what}: {item.why}", "")))
        if item.fix:
            lines.append(styled((f"           {item.fix}", "bold")))
    return Text("\n", no_wrap=False).join(lines)


def fill(node: "TreeNode[Any]", variables: Sequence[Variable], global_variables: Sequence[Variable] = ()) -> None:
    """Put variables into the tree; globals below a node of their own."""
    for variable in variables:
        _add(node, variable, 0)
    if not variables:
        node.add_leaf(Text("no variables are known here", "dim"))
    if global_variables:
        below = node.add(Text("globals", "dim"))
        for variable in global_variables:
            _add(below, variable, 0)


def _add(node: "TreeNode[Any]", variable: Variable, depth: int) -> None:
    value = inline(variable, VALUE_COLUMNS, 1) if variable.status == "ok" else unavailable_text(variable)
    label = styled(
        (variable.name, "cyan"),
        (" = ", "dim"),
        (value, "" if variable.status == "ok" else "italic dim"),
        (f"  ⚑ {', '.join(variable.tags)}" if variable.tags else "", "yellow"),
        (f"  {variable.type or ''}", "dim"),
    )
    if variable.children and depth < DEEPEST:
        below = node.add(label, expand=bool(variable.tags))
        for child in variable.children:
            _add(below, child, depth + 1)
    else:
        node.add_leaf(label)
