"""The report as text: `render` for the first screen, `render(…, all_threads=True)` for everything."""

from collections.abc import Sequence

from obit.snapshot import text_summary
from obit.snapshot.model import Fault
from obit.snapshot.page import Page
from obit.snapshot.text_frames import crashed_stack, heading

NARROWEST = 40


def render(
    fault: Fault,
    *,
    width: int = 80,
    color: bool = False,
    all_threads: bool = False,
    next_commands: Sequence[str] = (),
    occurrences: int = 1,
) -> str:
    """The report: what happened in words, where, what supports it, what is missing, and how to go on.

    Lines end before `width` columns (commands to copy excepted). `color` adds SGR sequences; nothing that the process chose can.
    `next_commands` are shown as they are; `occurrences` is how often the archive or the store has seen the fault.
    """
    page = Page(max(width, NARROWEST), color=color)
    text_summary.head(page, fault)
    text_summary.story(page, fault)
    page.blank()
    if all_threads:
        _everything(page, fault, occurrences)
    else:
        _crashed(page, fault)
        page.blank()
        _rows(page, fault, all_threads=False, occurrences=occurrences)
    text_summary.following(page, next_commands)
    return page.text()


def _everything(page: Page, fault: Fault, occurrences: int) -> None:
    from obit.snapshot import text_all

    text_all.threads(page, fault)
    page.blank()
    _rows(page, fault, all_threads=True, occurrences=occurrences)
    text_all.appendix(page, fault)


def _crashed(page: Page, fault: Fault) -> None:
    thread = fault.crashed_thread
    if thread is not None:
        heading(page, thread, len(fault.threads))
        crashed_stack(page, fault, thread)


def _rows(page: Page, fault: Fault, *, all_threads: bool, occurrences: int) -> None:
    """`most` of each kind: what a screen bears, or all."""
    most = 100 if all_threads else 4
    text_summary.why(page, fault, most)
    text_summary.access(page, fault)
    text_summary.severity(page, fault)
    text_summary.heap(page, fault, most)
    if not all_threads:
        crashed = fault.crashed_thread
        text_summary.other_threads(page, [thread for thread in fault.threads if thread is not crashed])
    text_summary.group(page, fault, occurrences)
    text_summary.quality(page, fault, None if all_threads else 3)
