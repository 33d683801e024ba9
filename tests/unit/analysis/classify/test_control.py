"""wild-jump, bad-return, memory.execute, stack-execution: how control came to where no code is."""

from obit.analysis.classify.rules import classify
from obit.debuginfo.machine import AARCH64
from tests.builders.crash import GENERAL_PROTECTION, HEAP, PC, SP, STACK, crash, segv
from tests.builders.process import words

CALL_RAX = {PC: bytes.fromhex("90" * 8 + "ffd0" + "90" * 8)}
AFTER_CALL = PC + 10
BAD = 0x414141414000


def test_a_call_through_a_null_pointer() -> None:
    memory = {**CALL_RAX, SP: words(AFTER_CALL)}
    result = classify(crash("", {"rip": 0, "rax": 0}, segv(0), memory=memory))
    assert result.classifiers == ("null", "wild-jump", "memory.execute")
    assert (result.access.kind, result.access.operand, result.access.instruction) == ("call", "rax = 0x0", "call rax")


def test_a_call_that_went_elsewhere_is_not_blamed() -> None:
    memory = {**CALL_RAX, SP - 8: words(0, AFTER_CALL)}
    result = classify(crash("", {"rip": BAD, "rax": 0x5555}, segv(BAD), memory=memory))
    assert (result.classifiers, result.access.kind) == (("wild-jump", "memory.execute"), "execute")


def test_a_call_through_the_stack_is_seen_with_the_sp_it_had() -> None:
    code = {PC: bytes.fromhex("90" * 8 + "ff542408")}  # call [rsp + 8]
    memory = {**code, SP: words(PC + 12, 0, BAD)}
    assert classify(crash("", {"rip": BAD}, segv(BAD), memory=memory)).access.kind == "call"


def test_a_return_leaves_its_target_below_the_stack_pointer() -> None:
    result = classify(crash("", {"rip": BAD}, segv(BAD), memory={SP - 8: words(BAD, 0x4242424242424242)}))
    assert result.classifiers == ("bad-return", "memory.execute")
    assert result.access.kind == "return"


def test_a_return_to_an_impossible_address_faults_at_the_ret() -> None:
    result = classify(crash("c3", {}, GENERAL_PROTECTION, memory={SP: words(0x4141414141414141)}))
    assert result.classifiers == ("non-canonical", "bad-return")
    assert (result.access.kind, result.access.address, result.access.instruction) == ("return", "0x4141414141414141", "ret")


def test_a_jump_to_an_impossible_address() -> None:
    result = classify(crash("ffe0", {"rax": 0x4141414141414141}, GENERAL_PROTECTION))
    assert (result.classifiers, result.access.kind) == (("non-canonical", "wild-jump"), "branch")


def test_running_data_and_running_the_stack() -> None:
    heap = classify(crash("", {"rip": HEAP.start}, segv(HEAP.start, 2), memory={HEAP.start: b"\x90" * 16}))
    assert heap.classifiers == ("wild-jump", "memory.execute")
    on_stack = STACK.end - 64
    stack = classify(crash("", {"rip": on_stack}, segv(on_stack, 2), memory={on_stack: b"\x90" * 16}))
    assert stack.classifiers == ("stack-execution", "wild-jump", "memory.execute")


def test_aarch64_calls_and_returns_through_the_link_register() -> None:
    code = {PC: bytes.fromhex("60003fd6")}  # blr x3
    called = classify(crash("", {"pc": BAD, "x3": BAD, "x30": PC + 4}, segv(BAD), memory=code, machine=AARCH64))
    assert (called.access.kind, called.access.operand) == ("call", f"x3 = 0x{BAD:x}")
    returned = classify(crash("", {"pc": BAD, "x30": BAD}, segv(BAD), machine=AARCH64))
    assert returned.classifiers == ("bad-return", "memory.execute")
