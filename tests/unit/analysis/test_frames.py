"""Frames of the document: inlined functions, positions, source of relative paths."""

from obit.analysis.frames import FrameReader
from obit.analysis.unwind.stack import Unwinder
from obit.analysis.variables.values import Limits
from obit.debuginfo.cfirow import CfiRow, Rule
from obit.debuginfo.scopes import Line, Scope, Symbol
from obit.snapshot.model import Frame
from tests.builders.process import FakeModule, loaded, process

TEXT, STACK, RSP, RIP = 0x400000, 0x7000, 7, 16


class Compiled(FakeModule):
    """A module whose every address is at shop.c:2."""

    def line(self, address: int) -> Line | None:
        return Line("src/shop.c", 2, None)

    def directory(self, address: int) -> str | None:
        return "/build"


def scope(name: str, *, call: Line | None = None) -> Scope:
    return Scope(name, None, call is not None, call, 0, lambda _: None, tuple, "c", 0, 0)


def frames_of(*scopes: Scope) -> tuple[Frame, ...]:
    only = CfiRow(0, 0x1000, (RSP, 8), {RIP: Rule("undefined")}, RIP, False)
    module = loaded(Compiled({range(0x1000): only}, scopes={range(0x1000): scopes}), TEXT, TEXT + 0x1000, bias=TEXT)
    image = process(registers={RIP: TEXT + 4, RSP: STACK}, modules=(module,))
    files = {"/build/src/shop.c": ["one", "two", "three"]}
    stack = Unwinder(image).unwind(image.threads[0])
    return FrameReader(image, files.get).frames(image.threads[0], stack, Limits(), source=True)


def test_an_inlined_function_is_a_frame_and_its_caller_is_at_the_call() -> None:
    inner, outer = frames_of(scope("inner", call=Line("src/shop.c", 3, 9)), scope("outer"))
    assert (inner.function, inner.line, inner.inlined) == ("inner", 2, True)
    assert (outer.function, outer.line, outer.column, outer.inlined) == ("outer", 3, 9, False)
    assert inner.pc == outer.pc


def test_relative_paths_are_read_where_the_unit_was_compiled() -> None:
    (frame,) = frames_of(scope("main"))
    assert frame.file == "src/shop.c"
    assert [(line.line, line.text) for line in frame.source or ()] == [(1, "one"), (2, "two"), (3, "three")]


def test_without_debug_information_there_is_a_frame_with_its_offset() -> None:
    (frame,) = frames_of()
    assert (frame.function, frame.offset, frame.module) == (None, "0x4", "/usr/bin/fake")


def test_a_signal_trampoline_has_the_name_of_its_first_instruction() -> None:
    leaf = CfiRow(0, 0x1000, (RSP, 8), {RIP: Rule("offset", -8)}, RIP, False)
    trampoline = CfiRow(0, 0x1000, (RSP, 8), {RIP: Rule("offset", -8)}, RIP, True)
    outermost = CfiRow(0, 0x1000, (RSP, 8), {RIP: Rule("undefined")}, RIP, False)
    rows = {range(0xFF): leaf, range(0xFF, 0x180): trampoline, range(0x180, 0x200): outermost}
    symbols = (Symbol("handler", 0, 0x100), Symbol("__restore_rt", 0x100, 9), Symbol("main", 0x180, 64))
    module = loaded(FakeModule(rows, symbols), TEXT, TEXT + 0x1000, bias=TEXT)
    stack = b"".join((TEXT + offset).to_bytes(8, "little") for offset in (0x100, 0x190))
    image = process({STACK: stack}, registers={RIP: TEXT + 4, RSP: STACK}, modules=(module,))
    frames = FrameReader(image).frames(image.threads[0], Unwinder(image).unwind(image.threads[0]), Limits(), source=False)
    assert [frame.function for frame in frames] == ["handler", "__restore_rt", "main"]
