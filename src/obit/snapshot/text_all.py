"""The long form of the report: every thread, registers, globals, modules, the process and the host."""

from collections.abc import Mapping
from typing import Any

from obit.snapshot.format import pad, printable, shorten_path, truncate, width
from obit.snapshot.model import Fault, Thread
from obit.snapshot.page import BOLD, CYAN, DIM, Page
from obit.snapshot.stacks import alike
from obit.snapshot.text_frames import heading, whole_stack
from obit.snapshot.text_summary import wrap_parts
from obit.snapshot.text_values import tree


def threads(page: Page, fault: Fault) -> None:
    """The crashed thread, then the others; threads that stand in the same place without a variable to tell them apart come once."""
    crashed = fault.crashed_thread
    if crashed is not None:
        _thread(page, crashed, len(fault.threads))
        registers(page, crashed)
    for group in alike([thread for thread in fault.threads if thread is not crashed]):
        if any(frame.variables for thread in group.threads for frame in thread.frames):
            for thread in group.threads:
                _thread(page, thread, len(fault.threads))
        else:
            _thread(page, group.threads[0], len(fault.threads))
            if len(group.threads) > 1:
                same = wrap_parts((str(thread.tid) for thread in group.threads[1:]), page.columns - 4, ", ")
                for index, line in enumerate([f"the same stack: thread {same[0]}", *same[1:]] if same else []):
                    page.line("  " if index == 0 else "    ", (truncate(line, page.columns - 4), DIM))


def _thread(page: Page, thread: Thread, total: int) -> None:
    page.blank()
    heading(page, thread, total)
    whole_stack(page, thread)


def registers(page: Page, thread: Thread) -> None:
    """The registers in as many columns as fit."""
    if not thread.registers:
        return
    page.blank()
    page.line("  ", ("registers", BOLD))
    cells = [f"{printable(name):<8}{value:<18}" for name, value in thread.registers.items()]
    across = max((page.columns - 2) // 28, 1)
    for start in range(0, len(cells), across):
        page.line("  ", "  ".join(cells[start : start + across]))


def appendix(page: Page, fault: Fault) -> None:
    """Globals, modules, and the facts of the process, the host and the attributes."""
    if fault.globals:
        _section(page, "globals")
        tree(page, fault.globals, 2)
    _modules(page, fault)
    for name, facts in (("process", fault.process), ("host", fault.host), ("attributes", fault.attributes)):
        if facts:
            _section(page, name)
            _facts(page, facts)
    page.blank()


def _section(page: Page, name: str) -> None:
    page.blank()
    page.line((name, BOLD))


def _modules(page: Page, fault: Fault) -> None:
    if not fault.modules:
        return
    _section(page, "modules")
    for module in fault.modules:
        package = f" {module.package} {module.version or ''}".rstrip() if module.package else ""
        note = printable(f"{package}  {module.debug if module.debug != 'none' else 'no debug information'}")
        path = shorten_path(printable(module.path), max(page.columns - 22 - width(note), 12))
        page.spread(["  ", (f"{module.start:<18} ", DIM), path], (note.strip(), DIM))


def _facts(page: Page, facts: Mapping[str, Any]) -> None:
    column = min(max(width(printable(name)) for name in facts), 20)
    for name, value in facts.items():
        text = printable(_fact_text(value))
        label = pad(truncate(printable(name), column), column)
        page.line("  ", (label, CYAN), "  ", truncate(text, max(page.columns - column - 4, 20)))


def _fact_text(value: Any) -> str:
    """A fact in one line: lists by spaces, maps as `name=value`."""
    if isinstance(value, list | tuple):
        return " ".join(map(_fact_text, value))
    if isinstance(value, dict):
        return " ".join(f"{name}={_fact_text(item)}" for name, item in value.items())
    return "" if value is None else str(value)
