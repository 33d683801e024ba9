"""What memory an instruction uses: the operand, its size, r or w (or both), and "stack" for what push, call and ret do implicitly."""

import pytest

from obit.debuginfo.accesses import memory_uses
from obit.debuginfo.disassemble import decode
from obit.debuginfo.machine import AARCH64, X86_64, Machine

X86 = {
    "8b4218": ["[rdx + 0x18] 4 r"],
    "c70001000000": ["[rax] 4 w"],
    "833801": ["[rax] 4 r"],  # cmp
    "8500": ["[rax] 4 r"],  # test
    "830001": ["[rax] 4 rw"],  # add
    "f00fc118": ["[rax] 4 rw"],  # lock xadd
    "488d03": [],  # lea
    "0f1808": [],  # prefetcht0
    "0f1f00": [],  # nop
    "0f1108": ["[rax] 16 w"],  # movups: capstone says read
    "c5fc2908": ["[rax] 32 w"],  # vmovaps: capstone says read
    "c5fe6f00": ["[rax] 32 r"],
    "dd18": ["[rax] 8 w"],  # fstp: capstone says read
    "0f9500": ["[rax] 1 w"],  # setne
    "f30fb800": ["[rax] 4 r"],  # popcnt is no pop
    "50": ["[rsp - 8] 8 w stack"],
    "58": ["[rsp] 8 r stack"],
    "c3": ["[rsp] 8 r stack"],
    "c9": ["[rbp] 8 r stack"],
    "c8100000": ["[rsp - 8] 8 w stack"],  # enter
    "ffd0": ["[rsp - 8] 8 w stack"],
    "ff5008": ["[rax + 8] 8 r", "[rsp - 8] 8 w stack"],
    "f348ab": ["[rdi] 8 w"],  # rep stosq
    "f3a4": ["[rdi] 1 w", "[rsi] 1 r"],  # rep movsb
    "ae": ["[rdi] 1 r"],  # scasb
    "d7": ["[rbx + al] 1 r"],  # xlatb
    "0fae20": ["[rax] 0 w"],  # xsave: its size is the processor's
    "c4e26d900488": ["[rax + ymm1*4] 4 r inexact"],  # a gather
    "f4": [],
}
ARM = {
    "200440f9": ["[x1, #8] 8 r"],
    "200000b9": ["[x1] 4 w"],
    "fd7bbea9": ["[sp, #-0x20] 16 w"],  # stp, pre-indexed
    "4004c1a8": ["[x2] 16 r"],  # ldp, post-indexed
    "20686238": ["[x1, x2] 1 r"],
    "200080b9": ["[x1] 4 r"],  # ldrsw
    "40044069": ["[x2] 8 r"],  # ldpsw
    "207c02c8": ["[x1] 8 w"],  # stxr: capstone says read
    "000080f9": [],  # prfm
    "00a0004c": ["[x0] 32 w"],  # st1 of two registers
    "40000058": ["[0x1008] 8 r"],  # a literal
}


def uses(machine: Machine, code: str) -> list[str]:
    instruction = decode(machine, bytes.fromhex(code), 0x1000)
    assert instruction is not None
    return [
        f"{use.operand.text} {use.size} {'r' * use.read}{'w' * use.write}{' stack' * use.stack}{'' if use.exact else ' inexact'}"
        for use in memory_uses(machine, instruction)
    ]


@pytest.mark.parametrize("code", X86)
def test_x86_64(code: str) -> None:
    assert uses(X86_64, code) == X86[code]


@pytest.mark.parametrize("code", ARM)
def test_aarch64(code: str) -> None:
    assert uses(AARCH64, code) == ARM[code]
