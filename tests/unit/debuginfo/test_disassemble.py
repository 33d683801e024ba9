"""Decoding: operands, registers and sizes of single instructions, x86-64 and aarch64."""

import pytest

from obit.debuginfo.disassemble import ZERO, MemoryOperand, Register, decode, disassemble
from obit.debuginfo.machine import AARCH64, X86_64, Machine


@pytest.mark.parametrize(
    ("machine", "code", "text", "memory"),
    [
        (X86_64, "8b4218", "mov eax, dword ptr [rdx + 0x18]", MemoryOperand(Register(1, 8), None, 1, 0x18, text="[rdx + 0x18]")),
        (X86_64, "488b04ca", "mov rax, qword ptr [rdx + rcx*8]", MemoryOperand(Register(1, 8), Register(2, 8), 8, 0, text="[rdx + rcx*8]")),
        (X86_64, "64488b042528000000", "mov rax, qword ptr fs:[0x28]", MemoryOperand(None, None, 1, 0x28, "fs", text="fs:[0x28]")),
        (X86_64, "8b0500010000", "mov eax, dword ptr [rip + 0x100]", MemoryOperand(Register(16, 8), None, 1, 0x100, text="[rip + 0x100]")),
        (X86_64, "678b4008", "mov eax, dword ptr [eax + 8]", MemoryOperand(Register(0, 4), None, 1, 8, text="[eax + 8]")),
        (AARCH64, "200440f9", "ldr x0, [x1, #8]", MemoryOperand(Register(1, 8), None, 1, 8, text="[x1, #8]")),
        (
            AARCH64,
            "20d862f8",
            "ldr x0, [x1, w2, sxtw #3]",
            MemoryOperand(Register(1, 8), Register(2, 4), 8, 0, None, "signed", "[x1, w2, sxtw #3]"),
        ),
        (AARCH64, "4004c1a8", "ldp x0, x1, [x2], #0x10", MemoryOperand(Register(2, 8), None, 1, 0, text="[x2]")),
        (AARCH64, "0090400d", "ld1 {v0.s}[1], [x0]", MemoryOperand(Register(0, 8), None, 1, 0, text="[x0]")),
    ],
)
def test_a_memory_operand_names_its_parts(machine: Machine, code: str, text: str, memory: MemoryOperand) -> None:
    instruction = decode(machine, bytes.fromhex(code), 0x1000)
    assert instruction is not None
    assert instruction.text == text
    assert [operand.memory for operand in instruction.operands if operand.memory] == [memory]


@pytest.mark.parametrize(
    ("machine", "code", "register"),
    [
        (X86_64, "8a23", Register(0, 1, 8)),  # ah
        (X86_64, "0f2800", Register(17, 16)),  # xmm0
        (X86_64, "c5fe6f00", Register(17, 32)),  # ymm0
        (X86_64, "f7f9", Register(2, 4)),  # ecx
        (AARCH64, "200000b9", Register(0, 4)),  # w0
        (AARCH64, "2000c03d", Register(64, 16)),  # q0
        (AARCH64, "1f0000f9", Register(ZERO, 8)),  # xzr
    ],
)
def test_registers_are_dwarf_numbers(machine: Machine, code: str, register: Register) -> None:
    instruction = decode(machine, bytes.fromhex(code), 0)
    assert instruction is not None
    assert instruction.operands[0].register == register


@pytest.mark.parametrize(
    ("machine", "code", "flags"),
    [
        (X86_64, "ffd0", {"call"}),
        (X86_64, "ffe0", {"jump"}),
        (X86_64, "c3", {"ret"}),
        (X86_64, "f4", {"privileged"}),
        (AARCH64, "60003fd6", {"call", "jump"}),
        (AARCH64, "60001fd6", {"jump"}),
        (AARCH64, "c0035fd6", {"ret"}),
        (AARCH64, "df4203d5", {"privileged"}),
    ],
)
def test_kinds_of_instructions(machine: Machine, code: str, flags: set[str]) -> None:
    instruction = decode(machine, bytes.fromhex(code), 0)
    assert {name for name in ("call", "jump", "ret", "privileged", "interrupt") if getattr(instruction, name)} == flags


def test_what_is_no_instruction_is_none() -> None:
    assert decode(X86_64, b"\x06", 0) is None
    assert decode(X86_64, b"", 0) is None
    assert decode(AARCH64, b"\x00\x04", 0) is None


def test_a_prefix_is_no_part_of_the_operation() -> None:
    instruction = decode(X86_64, bytes.fromhex("f348ab"), 0)
    assert instruction is not None
    assert (instruction.mnemonic, instruction.operation) == ("rep stosq", "stosq")


def test_disassembly_counts_and_ends_where_bytes_are_no_instruction() -> None:
    code = bytes.fromhex("554889e5c306")
    assert [(each.address, each.text) for each in disassemble(X86_64, code, 0x1000, 9)] == [
        (0x1000, "push rbp"),
        (0x1001, "mov rbp, rsp"),
        (0x1004, "ret"),
    ]
    assert len(disassemble(X86_64, code, 0x1000, 2)) == 2
