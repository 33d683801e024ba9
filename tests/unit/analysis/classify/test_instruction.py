"""Signals of single instructions: arithmetic, illegal, privileged, misaligned, bus errors, traps, seccomp, senders."""

import pytest

from obit.analysis.classify.rules import classify
from obit.debuginfo.machine import AARCH64
from obit.image.process import MappedRange, SignalInfo
from tests.builders.crash import DATA, GENERAL_PROTECTION, HEAP, MAPPINGS, PC, PID, PPID, SP, TEXT, crash, frame
from tests.builders.process import FakeModule, loaded


@pytest.mark.parametrize(
    ("code", "registers", "classifier", "text"),
    [
        ("f7f9", {"rcx": 0}, "divide-by-zero", "the divisor of `idiv ecx` is 0"),
        ("f7f9", {"rcx": 0xFFFF_0000_0000_0000}, "divide-by-zero", "is 0"),  # ecx is the low half
        ("f6f4", {"rax": 0xFF00FF}, "divide-by-zero", "the divisor of `div ah` is 0"),
        ("f7f9", {"rcx": 0xFFFFFFFF}, "floating-point", "does not fit"),  # INT_MIN / -1
        ("f738", {"rax": DATA.start}, "divide-by-zero", "is 0"),
        ("f7f9", {}, "divide-by-zero", "not known"),
    ],
)
def test_division(code: str, registers: dict[str, int], classifier: str, text: str) -> None:
    result = classify(crash(code, registers, SignalInfo(number=8, code=1, address=PC), memory={DATA.start: b"\0" * 8}))
    assert result.classifiers == (classifier,)
    assert text in result.evidence[0].text


def test_floating_point_exceptions() -> None:
    result = classify(crash("0f2800", {}, SignalInfo(number=8, code=3, address=PC)))
    assert result.classifiers == ("floating-point",)
    assert "floating-point division by zero" in result.evidence[0].text


@pytest.mark.parametrize(
    ("code", "signal", "classifier", "text"),
    [
        ("0f0b", SignalInfo(number=4, code=2, address=PC), "illegal-instruction", "must not be reached"),
        ("c5fe6f00", SignalInfo(number=4, code=2, address=PC), "illegal-instruction", "does not know `vmovdqu"),
        ("06", SignalInfo(number=4, code=2, address=PC), "illegal-instruction", "no module"),
        ("f4", GENERAL_PROTECTION, "privileged-instruction", "`hlt` is reserved"),
        ("ec", GENERAL_PROTECTION, "privileged-instruction", "`in al, dx` is reserved"),
        ("0f0b", SignalInfo(number=4, code=5, address=PC), "privileged-instruction", "reserved"),
    ],
)
def test_refused_instructions(code: str, signal: SignalInfo, classifier: str, text: str) -> None:
    modules = () if text == "no module" else (loaded(FakeModule(), TEXT.start, TEXT.end),)
    result = classify(crash(code, {}, signal, modules=modules))
    assert result.classifiers == (classifier,)
    assert text in result.evidence[0].text


@pytest.mark.parametrize(
    ("code", "address", "misaligned"),
    [
        ("0f2800", HEAP.start + 8, True),  # movaps
        ("c5fc2908", HEAP.start + 16, True),  # vmovaps of 32 bytes
        ("f30f6f00", HEAP.start + 8, False),  # movdqu
        ("c5fc1000", HEAP.start + 8, False),  # vmovups
        ("0f2800", HEAP.start + 16, False),
    ],
)
def test_alignment(code: str, address: int, misaligned: bool) -> None:
    result = classify(crash(code, {"rax": address}, GENERAL_PROTECTION))
    assert ("misaligned" in result.classifiers) is misaligned
    assert not misaligned or result.access.address == f"0x{address:x}"


def test_alignment_checks_and_aarch64_raise_sigbus() -> None:
    result = classify(crash("8b4218", {"rdx": 1}, SignalInfo(number=7, code=1, address=0x19), special={"eflags": 1 << 18}))
    assert result.classifiers[0] == "misaligned"
    assert "EFLAGS.AC" in result.evidence[0].text


FILE = MappedRange(0x6000000, 0x6003000, "r--", 0x1000, "/var/lib/shop/stock.db")
SHARED = MappedRange(0x6000000, 0x6003000, "rw-", 0, "/dev/shm/queue")


@pytest.mark.parametrize(
    ("mapping", "classifiers", "confidence"),
    [
        (FILE, ("truncated-mapping", "bus-error"), "certain"),
        (SHARED, ("truncated-mapping", "bus-error"), "likely"),
        (MappedRange(0x6000000, 0x6003000, "rw-", 0, "[heap]"), ("bus-error",), "certain"),
    ],
)
def test_bus_errors(mapping: MappedRange, classifiers: tuple[str, ...], confidence: str) -> None:
    address = mapping.start + 0x2000
    signal = SignalInfo(number=7, code=2, address=address)
    result = classify(crash("8b4218", {"rdx": address - 0x18}, signal, mappings=(*MAPPINGS, mapping)))
    assert result.classifiers == classifiers
    assert result.evidence[0].confidence == confidence
    assert (f"offset 0x{0x2000 + mapping.offset:x}" in result.evidence[0].text) is ("truncated-mapping" in classifiers)


def test_broken_memory() -> None:
    assert classify(crash("8b4218", {}, SignalInfo(number=7, code=4, address=0x1000))).classifiers == ("machine-check",)


def test_breakpoints() -> None:
    int3 = classify(crash("90", {}, SignalInfo(number=5, code=128), memory={PC - 1: b"\xcc\x90"}))
    assert int3.classifiers == ("breakpoint",)
    assert "`int3`" in int3.evidence[0].text
    trap = classify(crash("007d20d4", {}, SignalInfo(number=5, code=1, address=PC), machine=AARCH64))
    assert "compiler's trap" in trap.evidence[0].text


def test_seccomp_names_the_call_and_its_arguments() -> None:
    registers = {"rdi": (1 << 64) - 100, "rsi": DATA.start, "rdx": 0, "r10": 0}
    signal = SignalInfo(number=31, code=1, address=PC, syscall=257)
    result = classify(crash("90", registers, signal, memory={DATA.start: b"/etc/shadow\0"}))
    assert result.classifiers == ("seccomp",)
    assert "openat(dfd=-100, filename='/etc/shadow', flags=0, mode=0)" in result.evidence[0].text
    arm = crash("90", {"x8": 56, "x0": 3}, SignalInfo(number=31, code=1), machine=AARCH64)
    assert "openat(dfd=3, filename=?" in classify(arm).evidence[0].text


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        (SignalInfo(number=15, code=0, sender_pid=99, sender_uid=0), "process 99 of user 0 sent SIGTERM"),
        (SignalInfo(number=15, code=0, sender_pid=PPID, sender_uid=0), "process 4000, its parent, sent SIGTERM"),
        (SignalInfo(number=11, code=-6, sender_pid=PID), "the process sent SIGSEGV to itself"),
        (SignalInfo(number=3, code=128), "the terminal's quit key"),
        (SignalInfo(number=24, code=128), "RLIMIT_CPU"),
        (SignalInfo(number=6, code=0, sender_pid=99), "process 99 sent SIGABRT"),
    ],
)
def test_signals_that_were_sent(signal: SignalInfo, text: str) -> None:
    result = classify(crash("90", {}, signal, frames=(frame(),)))
    assert result.classifiers == ("killed",)
    assert text in result.evidence[0].text


def test_a_sound_process_is_a_snapshot_and_nothing_else() -> None:
    assert classify(crash("8b4218", {"rdx": 0})).classifiers == ("snapshot",)


def test_there_is_always_a_word() -> None:
    assert classify(crash("90", {}, SignalInfo(number=12, code=1))).classifiers == ("killed",)
    assert classify(crash("90", {}, SignalInfo(number=11))).classifiers == ("invalid-pointer",)
    assert classify(crash("", {"rip": 0, "rsp": SP}, SignalInfo(number=11), mappings=())).classifiers
