"""The viewer, driven by keys."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static, TabbedContent, Tree

from obit.snapshot.model import Fault
from obit.tui.app import Viewer
from tests.builders import faults

Steps = Callable[[Viewer, Pilot[None]], Awaitable[None]]


def drive(fault: Fault, steps: Steps) -> None:
    async def run() -> None:
        viewer = Viewer(fault)
        async with viewer.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            await steps(viewer, pilot)

    asyncio.run(run())


def source(viewer: Viewer) -> str:
    return str(viewer.query_one("#source", Static).render())


def labels(viewer: Viewer) -> list[str]:
    tree: Tree[None] = viewer.query_one(Tree)
    return [str(node.label) for node in tree.root.children]


@pytest.mark.parametrize("make", [faults.nothing, faults.hostile, faults.stack_overflow])
def test_every_fault_opens_and_quits(make: Callable[[], Fault]) -> None:
    async def steps(viewer: Viewer, pilot: Pilot[None]) -> None:
        await pilot.press("r", "d", "w", "v", "x", "t", "down", "f", "down", "c", "q")
        assert viewer.return_code == 0

    drive(make(), steps)


def test_it_starts_at_the_frame_that_matters() -> None:
    async def steps(viewer: Viewer, pilot: Pilot[None]) -> None:
        assert "shop::Pricing::total" in source(viewer)
        assert "→    57 │" in source(viewer)
        assert any(label.startswith("basket = 2 elements") for label in labels(viewer))

    drive(faults.cxx_exception(), steps)


def test_moving_to_another_frame_and_back() -> None:
    async def steps(viewer: Viewer, pilot: Pilot[None]) -> None:
        await pilot.press("j")
        assert "checkout" in source(viewer)
        assert labels(viewer)[0].startswith("session = 0x55d0c3e0b2c0")
        await pilot.press("c")
        assert "apply_discount" in source(viewer)

    drive(faults.null_read(), steps)


def test_choosing_another_thread_shows_its_frames() -> None:
    async def steps(viewer: Viewer, pilot: Pilot[None]) -> None:
        await pilot.press("t", "down")
        assert viewer.thread is not None
        assert viewer.thread.tid == 4712
        frames = viewer.query_one("#frames", OptionList)
        assert "epoll_wait" in str(frames.get_option_at_index(0).prompt)

    drive(faults.null_read(), steps)


def test_tabs_show_registers_code_and_reasons() -> None:
    async def steps(viewer: Viewer, pilot: Pilot[None]) -> None:
        for key, tab, words in (("r", "registers", "rdi"), ("d", "disassembly", "mov rdx"), ("w", "why", "apt-get install libc6-dbg")):
            await pilot.press(key)
            assert viewer.query_one(TabbedContent).active == tab
            assert words in str(viewer.query_one(f"#{tab}-text", Static).render())

    drive(faults.null_read(), steps)


def test_expanding_opens_every_variable() -> None:
    async def steps(viewer: Viewer, pilot: Pilot[None]) -> None:
        tree: Tree[None] = viewer.query_one(Tree)
        assert not tree.root.children[1].is_expanded
        await pilot.press("x")
        assert tree.root.children[1].is_expanded

    drive(faults.null_read(), steps)


def test_names_are_neither_markup_nor_control_characters() -> None:
    async def steps(viewer: Viewer, pilot: Pilot[None]) -> None:
        assert "\x1b" not in source(viewer)
        assert "\\e]0;owned" in source(viewer)

    drive(faults.hostile(), steps)
