"""Unwinding: CFI, frame pointer, scan, signal frames, and every way to end."""

import pytest

from obit.analysis.unwind.stack import FIRST_FRAMES, LAST_FRAMES, Unwinder
from obit.analysis.unwind.trampoline import X86_64_CODE, X86_64_ORDER
from obit.debuginfo.cfirow import CfiRow, Rule
from obit.debuginfo.machine import AARCH64
from obit.debuginfo.scopes import Symbol
from obit.image.process import MappedRange
from tests.builders.process import FakeModule, loaded, process, words

TEXT = 0x400000
STACK = 0x7FFF0000
RAX, RBX, RBP, RSP, RIP = 0, 3, 6, 7, 16
CALL = b"\xe8\0\0\0\0"


def row(cfa: tuple[int, int], rules: dict[int, Rule], *, signal_frame: bool = False) -> CfiRow:
    return CfiRow(0, 0x1000, cfa, rules, RIP, signal_frame)


LEAF = row((RSP, 8), {RIP: Rule("offset", -8)})
OUTERMOST = row((RSP, 8), {RIP: Rule("undefined")})


def test_cfi_finds_callers_and_restores_callee_saved_registers() -> None:
    pushes_rbx = row((RSP, 16), {RIP: Rule("offset", -8), RBX: Rule("offset", -16)})
    module = loaded(FakeModule({range(0x100): pushes_rbx, range(0x100, 0x200): OUTERMOST}), TEXT, TEXT + 0x1000, bias=TEXT)
    image = process({STACK: words(77, TEXT + 0x110)}, registers={RIP: TEXT + 0x10, RSP: STACK, RBX: 5, RAX: 9}, modules=(module,))
    stack = Unwinder(image).unwind(image.threads[0])
    assert [frame.pc for frame in stack.frames] == [TEXT + 0x10, TEXT + 0x110]
    assert [frame.trust for frame in stack.frames] == ["context", "cfi"]
    assert stack.frames[0].cfa == STACK + 16
    assert stack.frames[1].registers == {RBX: 77, RSP: STACK + 16, RIP: TEXT + 0x110}
    assert stack.frames[1].lookup == TEXT + 0x10F
    assert stack.end == "outermost"


def test_rbx_is_preserved_and_rax_is_not() -> None:
    module = loaded(FakeModule({range(0x1000): LEAF}), TEXT, TEXT + 0x1000, bias=TEXT)
    image = process({STACK: words(TEXT + 0x20, 0)}, registers={RIP: TEXT + 4, RSP: STACK, RBX: 5, RAX: 9}, modules=(module,))
    caller = Unwinder(image).unwind(image.threads[0]).frames[1]
    assert caller.registers[RBX] == 5
    assert RAX not in caller.registers


def test_the_caller_of_a_signal_frame_is_looked_up_at_its_own_pc() -> None:
    frame = row((RSP, 32), {RIP: Rule("offset", -8), RSP: Rule("offset", -16)}, signal_frame=True)
    module = loaded(FakeModule({range(0x100): frame, range(0x100, 0x200): OUTERMOST}), TEXT, TEXT + 0x1000, bias=TEXT)
    other_stack = 0x10000  # a signal handler may run on a stack below or above
    image = process({STACK: words(0, 0, other_stack, TEXT + 0x100)}, registers={RIP: TEXT, RSP: STACK}, modules=(module,))
    stack = Unwinder(image).unwind(image.threads[0])
    assert stack.frames[0].signal_frame
    assert stack.frames[1].lookup == stack.frames[1].pc == TEXT + 0x100
    assert stack.frames[1].registers[RSP] == other_stack


def test_a_trampoline_without_cfi_is_recognised_by_its_code() -> None:
    handler = loaded(FakeModule({range(0x100): LEAF, range(0x200, 0x300): OUTERMOST}), TEXT, TEXT + 0x1000, bias=TEXT)
    context = {number: 1000 + number for number in X86_64_ORDER} | {RIP: TEXT + 0x200, RSP: STACK + 4096}
    memory = {
        TEXT + 0x180: X86_64_CODE[0],
        STACK: words(TEXT + 0x180, *[0] * 5, *(context[number] for number in X86_64_ORDER)),
    }
    image = process(memory, registers={RIP: TEXT + 1, RSP: STACK}, modules=(handler,))
    stack = Unwinder(image).unwind(image.threads[0])
    assert [frame.pc - TEXT for frame in stack.frames] == [1, 0x180, 0x200]
    assert stack.frames[1].signal_frame
    assert stack.frames[2].registers == context


@pytest.mark.parametrize(("start", "found"), [(0x180, True), (0x100, False)])
def test_a_trampoline_that_cfi_calls_a_function(start: int, found: bool) -> None:
    """Go's has CFI as any function; only a handler returns to the first byte of one."""
    described = CfiRow(start, 0x1A0, (RSP, 8), {RIP: Rule("offset", -8)}, RIP, False)
    handler = loaded(
        FakeModule({range(0x100): LEAF, range(start, 0x1A0): described, range(0x200, 0x300): OUTERMOST}), TEXT, TEXT + 0x1000, bias=TEXT
    )
    context = {number: 1000 + number for number in X86_64_ORDER} | {RIP: TEXT + 0x200, RSP: STACK + 4096}
    memory = {
        TEXT + 0x180: X86_64_CODE[0],
        STACK: words(TEXT + 0x180, *[0] * 5, *(context[number] for number in X86_64_ORDER)),
    }
    image = process(memory, registers={RIP: TEXT + 1, RSP: STACK}, modules=(handler,))
    frames = Unwinder(image).unwind(image.threads[0]).frames
    assert (len(frames) > 2 and frames[2].registers == context) is found


def test_without_cfi_the_frame_pointer_leads_on() -> None:
    module = loaded(FakeModule(), TEXT, TEXT + 0x1000)
    memory = {STACK: words(0, 0, STACK + 32, TEXT + 0x55, STACK + 64, TEXT + 0x66, 0, 0, 0, 0)}
    image = process(memory, registers={RIP: TEXT + 4, RSP: STACK, RBP: STACK + 16}, modules=(module,))
    stack = Unwinder(image).unwind(image.threads[0])
    assert [(frame.pc - TEXT, frame.trust) for frame in stack.frames[:3]] == [
        (4, "context"),
        (0x55, "frame-pointer"),
        (0x66, "frame-pointer"),
    ]


def test_without_either_the_stack_is_scanned_for_what_a_call_left() -> None:
    module = loaded(FakeModule(), TEXT, TEXT + 0x1000)
    memory = {TEXT: b"\x90" * 0x60, TEXT + 0x60: CALL + b"\x90" * 0x40, STACK: words(3, TEXT + 0x30, 0, TEXT + 0x65, 0)}
    image = process(memory, registers={RIP: TEXT + 4, RSP: STACK, RBP: 1}, modules=(module,))
    frames = Unwinder(image).unwind(image.threads[0]).frames
    assert [(frame.pc - TEXT, frame.trust) for frame in frames] == [(4, "context"), (0x65, "scan")]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_call_through_a_null_pointer_keeps_every_register_of_its_caller(machine: str) -> None:
    module = loaded(FakeModule({range(0x1000): OUTERMOST}), TEXT, TEXT + 0x1000, bias=TEXT)
    mappings = (MappedRange(TEXT, TEXT + 0x1000, "r-xp"),)
    if machine == "x86_64":
        memory = {TEXT + 0x10: CALL, STACK: words(TEXT + 0x15)}
        image = process(memory, registers={RIP: 0, RSP: STACK, RAX: 9}, modules=(module,), mappings=mappings)
    else:
        memory = {TEXT + 0xC: b"\0\0\0\0\0\0\x3f\xd6"}  # blr x0
        registers = {AARCH64.pc: 0, AARCH64.sp: STACK, 30: TEXT + 0x14, 0: 9}
        image = process(memory, registers=registers, modules=(module,), mappings=mappings, machine=AARCH64)
    frames = Unwinder(image).unwind(image.threads[0]).frames
    assert frames[1].pc == TEXT + (0x15 if machine == "x86_64" else 0x14)
    assert frames[1].registers[0] == 9


def test_a_stack_that_does_not_grow_is_no_endless_loop() -> None:
    stuck = row((RSP, 0), {RIP: Rule("offset", 8)})
    module = loaded(FakeModule({range(0x1000): stuck}), TEXT, TEXT + 0x1000, bias=TEXT)
    image = process({STACK: words(0, TEXT + 4)}, registers={RIP: TEXT + 4, RSP: STACK}, modules=(module,))
    stack = Unwinder(image).unwind(image.threads[0])
    assert stack.end == "loop"
    assert len(stack.frames) == 2


def test_of_a_deep_recursion_the_first_and_the_last_frames_stay() -> None:
    depth = 5000
    module = loaded(FakeModule({range(0x100): LEAF, range(0x100, 0x200): OUTERMOST}), TEXT, TEXT + 0x1000, bias=TEXT)
    memory = {STACK: words(*[TEXT + 0x20] * depth, TEXT + 0x120)}
    image = process(memory, registers={RIP: TEXT + 4, RSP: STACK}, modules=(module,))
    stack = Unwinder(image).unwind(image.threads[0])
    assert len(stack.frames) == FIRST_FRAMES + LAST_FRAMES
    assert stack.omitted == depth + 2 - FIRST_FRAMES - LAST_FRAMES
    assert stack.frames[-1].pc == TEXT + 0x120


def test_the_return_address_is_the_only_thing_that_is_missing() -> None:
    module = loaded(FakeModule({range(0x1000): LEAF}), TEXT, TEXT + 0x1000, bias=TEXT)
    image = process({}, registers={RIP: TEXT + 4, RSP: STACK}, modules=(module,))
    stack = Unwinder(image).unwind(image.threads[0])
    assert (len(stack.frames), stack.end) == (1, "no-memory")


def test_pointer_authentication_bits_are_no_part_of_a_return_address() -> None:
    signed = CfiRow(0, 0x100, (AARCH64.sp, 16), {30: Rule("offset", -8), 29: Rule("offset", -16)}, 30, False)
    last = CfiRow(0x100, 0x200, (AARCH64.sp, 0), {30: Rule("undefined")}, 30, False)
    module = loaded(FakeModule({range(0x100): signed, range(0x100, 0x200): last}), TEXT, TEXT + 0x1000, bias=TEXT)
    memory = {STACK: words(STACK + 64, 0xAB_0000_0000_0000_00 | 0x00B5_0000_0000_0000 | (TEXT + 0x110))}
    image = process(memory, registers={AARCH64.pc: TEXT + 4, AARCH64.sp: STACK, 30: 1, 29: 2}, modules=(module,), machine=AARCH64)
    stack = Unwinder(image).unwind(image.threads[0])
    assert [frame.pc for frame in stack.frames] == [TEXT + 4, TEXT + 0x110]
    assert stack.frames[1].registers[29] == STACK + 64
    assert stack.end == "outermost"


def test_a_leaf_that_has_pushed_nothing_is_left_by_the_call_of_it() -> None:
    leaf = Symbol("leaf", TEXT + 0x100, 0x20)
    module = loaded(FakeModule(symbols=(leaf,)), TEXT, TEXT + 0x1000)
    call = b"\xe8" + (0x100 - 0x55).to_bytes(4, "little")
    # rbp is still the caller's: the frame pointer would lead to the caller's caller at once.
    memory = {STACK: words(TEXT + 0x55, 0, STACK + 64, TEXT + 0x66, 0, 0, 0, 0), TEXT + 0x50 - 8: bytes(8) + call}
    image = process(memory, registers={RIP: TEXT + 0x104, RSP: STACK, RBP: STACK + 16}, modules=(module,))
    stack = Unwinder(image).unwind(image.threads[0])
    assert [(frame.pc - TEXT, frame.trust) for frame in stack.frames[:3]] == [(0x104, "context"), (0x55, "scan"), (0x66, "frame-pointer")]
    other = process(memory, registers={RIP: TEXT + 0x104 + 0x40, RSP: STACK, RBP: STACK + 16}, modules=(module,))
    assert Unwinder(other).unwind(other.threads[0]).frames[1].pc == TEXT + 0x66


def test_a_scan_makes_up_no_frame_pointer_where_cfi_needs_none() -> None:
    for base, kept in ((RSP, False), (RBP, True)):
        rows = {range(0x100, 0x200): row((base, 16), {RIP: Rule("undefined")})}
        module = loaded(FakeModule(rows), TEXT, TEXT + 0x1000, bias=TEXT)
        memory = {STACK: words(STACK + 64, TEXT + 0x155, *[0] * 8), TEXT + 0x155 - 8: bytes(3) + CALL}
        image = process(memory, registers={RIP: TEXT + 4, RSP: STACK}, modules=(module,))
        caller = Unwinder(image).unwind(image.threads[0]).frames[1]
        assert (caller.pc, caller.trust) == (TEXT + 0x155, "scan")
        assert (RBP in caller.registers) is kept
