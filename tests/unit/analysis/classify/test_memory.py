"""null, memory.read, memory.write, non-canonical: from si_addr, the instruction and the maps."""

import pytest

from obit.analysis.classify.rules import Classification, classify
from obit.debuginfo.machine import AARCH64
from obit.image.process import SignalInfo
from tests.builders.crash import GENERAL_PROTECTION, HEAP, TEXT, crash, segv


def found(result: Classification) -> tuple[str, ...]:
    return result.classifiers


@pytest.mark.parametrize(
    ("code", "registers", "address", "classifiers", "kind"),
    [
        ("8b4218", {"rdx": 0}, 0x18, ("null", "memory.read"), "read"),
        ("c70001000000", {"rax": 0}, 0, ("null", "memory.write"), "write"),
        ("830001", {"rax": 0}, 0, ("null", "memory.write"), "write"),  # read-modify-write asks for the right to write
        ("833801", {"rax": 8}, 8, ("null", "memory.read"), "read"),
        ("f348ab", {"rdi": 0xFFFF, "rax": 0, "rcx": 9}, 0xFFFF, ("null", "memory.write"), "write"),
        ("8b4218", {"rdx": 0x10000 - 0x18}, 0x10000, ("memory.read",), "read"),  # 64 KiB is not near null
        ("488b04ca", {"rdx": 0, "rcx": 0x40000}, 0x200000, ("null", "memory.read"), "read"),  # null[i]
        ("488b040a", {"rdx": 0, "rcx": 0x200000}, 0x200000, ("memory.read",), "read"),  # either may be the pointer
        ("8b4218", {"rdx": 0x600000}, 0x600018, ("memory.read",), "read"),
        ("ff5008", {"rax": 0}, 8, ("null", "memory.read"), "read"),  # the vtable of a null object
    ],
)
def test_accesses(code: str, registers: dict[str, int], address: int, classifiers: tuple[str, ...], kind: str) -> None:
    result = classify(crash(code, registers, segv(address)))
    assert (result.classifiers, result.access.kind, result.access.address) == (classifiers, kind, f"0x{address:x}")
    assert {each.confidence for each in result.evidence} <= {"certain", "likely"}


def test_the_kernel_gives_the_first_byte_that_failed_not_the_first_of_the_access() -> None:
    result = classify(crash("c5fe6f00", {"rax": HEAP.end - 8}, segv(HEAP.end)))
    assert (found(result), result.access.kind) == (("memory.read",), "read")


def test_a_write_to_read_only_memory_names_the_mapping() -> None:
    result = classify(crash("c70001000000", {"rax": TEXT.start}, segv(TEXT.start, 2)))
    assert found(result) == ("memory.write",)
    assert "in shop (r-x) and may not be written" in result.evidence[0].text


def test_si_kernel_is_not_null_but_recomputed() -> None:
    result = classify(crash("8b4218", {"rdx": 0xDEADBEEFCAFEBABE}, GENERAL_PROTECTION))
    assert found(result) == ("non-canonical", "memory.read")
    assert result.access.address == "0xdeadbeefcafebad6"
    assert result.access.operand == "[rdx + 0x18] with rdx = 0xdeadbeefcafebabe"


def test_of_two_operands_the_impossible_one_is_blamed() -> None:
    result = classify(crash("f3a4", {"rdi": HEAP.start, "rsi": 0x4141414141414141}, GENERAL_PROTECTION))  # rep movsb
    assert (found(result), result.access.address) == (("non-canonical", "memory.read"), "0x4141414141414141")


def test_a_stack_segment_fault_is_sigbus_and_non_canonical_too() -> None:
    result = classify(crash("488b45f8", {"rbp": 0x4141414141414141}, SignalInfo(number=7, code=128)))
    assert found(result)[:2] == ("non-canonical", "memory.read")


def test_an_address_that_the_instruction_does_not_use_is_reported_as_such() -> None:
    result = classify(crash("8b4218", {"rdx": 0x600000}, segv(0x700000)))
    assert found(result) == ("memory.read",)
    assert (result.evidence[0].confidence, "not among" in result.evidence[0].text) == ("likely", True)


def test_without_the_code_it_is_not_said_whether_it_read_or_wrote() -> None:
    result = classify(crash("", {}, segv(0x600000)))
    assert (found(result), result.access.kind) == (("invalid-pointer",), "none")
    assert found(classify(crash("", {}, segv(0x18)))) == ("null",)


def test_a_core_without_siginfo_is_judged_by_the_maps() -> None:
    result = classify(crash("8b4218", {"rdx": 0}, SignalInfo(number=11)))
    assert (found(result), result.access.address) == (("null", "memory.read"), "0x18")


def test_a_segv_that_a_process_sent_is_no_access() -> None:
    result = classify(crash("8b4218", {"rdx": 0}, SignalInfo(number=11, code=0, sender_pid=99)))
    assert (found(result), result.access.kind) == (("killed",), "none")


def test_aarch64() -> None:
    result = classify(crash("200440f9", {"x1": 0}, segv(8), machine=AARCH64))
    assert (found(result), result.access.operand) == (("null", "memory.read"), "[x1, #8] with x1 = 0x0")
    stored = classify(crash("200000b9", {"x1": 0x600000}, segv(0x600000), machine=AARCH64))
    assert found(stored) == ("memory.write",)


def test_an_operand_without_a_register_explains_nothing() -> None:
    result = classify(crash("c704250000000000000000", {}, segv(0)))
    assert (result.classifiers, result.evidence[0].text) == (("null", "memory.write"), "the address is null")
