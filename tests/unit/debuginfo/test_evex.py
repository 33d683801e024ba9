"""AVX-512 instructions that capstone does not know, against what gdb prints of the C library's string functions."""

import pytest

from obit.debuginfo.accesses import memory_uses
from obit.debuginfo.disassemble import Register, decode
from obit.debuginfo.evex import decode_evex
from obit.debuginfo.machine import X86_64


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("62f37d203f0700", "vpcmpb k0, ymm16, [rdi], 0"),
        ("62f37d203f470100", "vpcmpb k0, ymm16, [rdi + 0x20], 0"),
        ("62f37d203f47ff00", "vpcmpb k0, ymm16, [rdi - 0x20], 0"),
        ("62d37d403e048104", "vpcmpub k0, zmm16, [r9 + rax*4], 4"),
        ("62f37d003f050001000000", "vpcmpb k0, xmm16, [rip + 0x100], 0"),
        ("62f37d223f0700", "vpcmpb k0 {k2}, ymm16, [rdi], 0"),
        ("62f17d20740f", "vpcmpeqb k1, ymm16, [rdi]"),
        ("62e17520da07", "vpminub ymm16, ymm17, [rdi]"),
        ("62f37d203f04250010000000", "vpcmpb k0, ymm16, [0x1000], 0"),
    ],
)
def test_text_and_size(code: str, text: str) -> None:
    instruction = decode(X86_64, bytes.fromhex(code) + bytes(15), 0x1000)
    assert instruction is not None
    assert (instruction.text, instruction.size) == (text, len(code) // 2)


def test_the_memory_that_is_read() -> None:
    instruction = decode(X86_64, bytes.fromhex("62f37d203f4402ff00"), 0x1000)
    assert instruction is not None
    (use,) = memory_uses(X86_64, instruction)
    assert (use.size, use.read, use.write) == (32, True, False)
    assert (use.operand.base, use.operand.index, use.operand.displacement) == (Register(1, 8), Register(0, 8), -32)


@pytest.mark.parametrize("length", range(7))
def test_cut_off(length: int) -> None:
    assert decode_evex(bytes.fromhex("62f37d203f0700")[:length], 0) is None


@pytest.mark.parametrize("code", ["62f37d203fc000", "62f37d603f0700", "62f37c203f0700", "62f37d303f0700", "62f37d20ff0700"])
def test_others_are_capstones_business(code: str) -> None:
    assert decode_evex(bytes.fromhex(code), 0) is None  # registers only; no such length; another prefix; broadcast; another opcode
