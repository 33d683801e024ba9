"""The report as one page: no request leaves it, nothing in it runs but its own script, and it reads without that."""

from base64 import b64encode
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from obit.snapshot.format import count_text, printable, printable_lines, size_text
from obit.snapshot.model import Fault, Frame, MemoryBlock, Thread, Variable
from obit.snapshot.names import basename, frame_name, is_system, kind_text, module_offset, program_name, verb_text
from obit.snapshot.stacks import alike, blamed, entries, without_internals, without_starters
from obit.snapshot.text_frames import dedented
from obit.snapshot.text_summary import by_weight, facts, quoted
from obit.snapshot.text_values import inline, tagged, unavailable_text

if TYPE_CHECKING:
    from jinja2 import Template

DEEPEST = 10
"""Levels of a variable's tree on the page."""
INLINE_COLUMNS = 110
BYTES_A_ROW = 16
LARGEST_BLOCK = 64 << 10


def render_page(fault: Fault) -> str:
    """A self-contained HTML document."""
    from markupsafe import Markup

    # Our own style and script, by hash: what a value might smuggle in has another.
    style, script = Markup(_file("report.css")), Markup(_file("report.js"))  # noqa: S704
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'; img-src data:"
    )
    return _template().render(
        fault=fault,
        style=style,
        script=script,
        policy=policy,
        program=program_name(fault),
        verb=verb_text(fault),
        kind=kind_text(fault),
        facts=facts(fault),
        evidence=by_weight(fault),
        quoted=quoted(fault),
        crashed=fault.crashed_thread,
        groups=alike([thread for thread in fault.threads if thread is not fault.crashed_thread]),
        first=blamed(fault, fault.crashed_thread.frames) if fault.crashed_thread else 0,
        places=Places(fault),
    )


class Places:
    """What stands at an address: `shop-cart+0x11a9`, `[stack]`, `rw-p`."""

    def __init__(self, fault: Fault) -> None:
        """From the document's modules and mappings."""
        spans = [(int(m.start, 16), int(m.end, 16), basename(m.path or "") or m.flags, False) for m in fault.mappings]
        spans += [(int(m.start, 16), int(m.end, 16), basename(m.path), True) for m in fault.modules]
        # A module's own span comes after the mapping that begins where it does, and so is found first.
        self._spans = sorted(spans)
        self._starts = [span[0] for span in self._spans]

    def at(self, address: str) -> str:
        """The place of an address, or an empty text."""
        value = int(address, 16)
        index = bisect_right(self._starts, value)
        for start, end, name, module in reversed(self._spans[max(index - 4, 0) : index]):
            if start <= value < end:
                return f"{name}+0x{value - start:x}" if module else name
        return ""


def rows(block: MemoryBlock) -> Iterator[tuple[str, str, str]]:
    """A memory block as address, hexadecimal and text, sixteen bytes a row."""
    try:
        data, start = bytes.fromhex(block.bytes[: 2 * LARGEST_BLOCK]), int(block.address, 16)
    except ValueError:
        return
    for offset in range(0, len(data), BYTES_A_ROW):
        row = data[offset : offset + BYTES_A_ROW]
        text = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)
        yield f"{start + offset:012x}", f"{row[:8].hex(' ')}  {row[8:].hex(' ')}", text


def stack_text(thread: Thread, names: tuple[str, ...]) -> str:
    """A stack in one line."""
    return " < ".join(without_internals(without_starters(names, thread.frames), thread.frames)[:10]) or "no frames"


def value_text(variable: Variable) -> str:
    """A variable's value in one line."""
    return inline(variable, INLINE_COLUMNS, 1) if variable.status == "ok" else unavailable_text(variable)


def fact_text(value: Any) -> str:
    """A fact about process or host, in lines."""
    if isinstance(value, dict):
        return "\n".join(f"{name}={fact_text(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(fact_text, value))
    return "—" if value is None else str(value)


def _finalize(value: Any) -> Any:
    """What every expression of the template passes through before it is escaped: control characters do not reach the page either."""
    from markupsafe import Markup

    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value)
    return "" if value is None else value


@cache
def _template() -> "Template":
    from jinja2 import DictLoader, Environment, StrictUndefined

    names = ("report.html", "frames.html", "sections.html")
    environment = Environment(
        loader=DictLoader({name: _file(name) for name in names}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_finalize,
    )
    environment.globals.update(
        code=dedented,
        count_text=count_text,
        deepest=DEEPEST,
        entries=entries,
        fact_text=fact_text,
        frame_name=frame_name,
        has_tags=lambda variable: any(True for _ in tagged(variable)),
        is_system=is_system,
        module_offset=module_offset,
        message_lines=printable_lines,
        rows=rows,
        size_text=size_text,
        span=span_size,
        stack_text=stack_text,
        value_text=value_text,
        worth_opening=worth_opening,
    )
    return environment.get_template("report.html")


def span_size(start: str, end: str) -> str:
    """The size of a mapping."""
    return size_text(max(int(end, 16) - int(start, 16), 0))


def worth_opening(frame: Frame) -> bool:
    """Whether a frame has more to show than its line."""
    return bool(frame.variables or frame.source or frame.disassembly or (frame.function and frame_name(frame) != frame.function))


def _file(name: str) -> str:
    from importlib.resources import files

    return files("obit.snapshot").joinpath("templates", name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
