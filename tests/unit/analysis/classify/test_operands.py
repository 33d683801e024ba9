"""Effective addresses from registers."""

import pytest

from obit.analysis.classify.operands import canonical
from obit.debuginfo.machine import AARCH64, X86_64, Machine
from tests.builders.crash import PC, crash

BIG = 0xFFFFFFFFFFFFFFF8


@pytest.mark.parametrize(
    ("code", "registers", "address"),
    [
        ("8b4218", {"rdx": 0x1000}, 0x1018),
        ("488b04ca", {"rdx": 0x1000, "rcx": 3}, 0x1018),
        ("488b04ca", {"rdx": 0x1000, "rcx": (1 << 64) - 1}, 0xFF8),
        ("8b0500010000", {}, PC + 6 + 0x100),
        ("678b4008", {"rax": 0xAAAA_FFFF_FFFC}, 4),  # 32-bit addressing wraps
        ("50", {"rsp": 0x2000}, 0x1FF8),
        ("d7", {"rbx": 0x1000, "rax": 0x1234}, 0x1034),  # al only
        ("8b4218", {}, None),  # rdx is not known
    ],
)
def test_x86_64(code: str, registers: dict[str, int], address: int | None) -> None:
    assert crash(code, registers).uses[0].address == address


def test_segments_add_their_base() -> None:
    assert crash("64488b042528000000", special={"fs_base": 0x7000}).uses[0].address == 0x7028
    assert crash("65488b02", {"rdx": 8}, special={"gs_base": 0x9000}).uses[0].address == 0x9008
    assert crash("64488b042528000000").uses[0].address is None


@pytest.mark.parametrize(
    ("code", "registers", "address"),
    [
        ("200440f9", {"x1": 0x1000}, 0x1008),
        ("20d862f8", {"x1": 0x1000, "x2": 0xFFFFFFFF}, 0xFF8),  # sxtw #3 of -1
        ("207862f8", {"x1": 0x1000, "x2": 2}, 0x1010),
        ("fd7bbea9", {"sp": 0x1000}, 0xFE0),
        ("4004c1a8", {"x2": 0x1000}, 0x1000),
    ],
)
def test_aarch64(code: str, registers: dict[str, int], address: int) -> None:
    assert crash(code, registers, machine=AARCH64).uses[0].address == address


@pytest.mark.parametrize(
    ("machine", "address", "expected"),
    [
        (X86_64, 0x7FFF_FFFF_FFFF, True),
        (X86_64, 0x8000_0000_0000, False),
        (X86_64, 0xFFFF_8000_0000_0000, True),
        (X86_64, 0xDEADBEEFCAFEBABE, False),
        (AARCH64, 0xAB00_0000_0000_1000, True),  # a tag in the top byte
        (AARCH64, 0x0041_4141_4141_4141, False),
    ],
)
def test_canonical_addresses(machine: Machine, address: int, expected: bool) -> None:
    assert canonical(machine, address) is expected


def test_operands_are_described_with_their_registers() -> None:
    crashed = crash("488b04ca", {"rdx": 0x1000, "rcx": 3})
    assert crashed.registers.described(crashed.uses[0].use.operand) == "[rdx + rcx*8] with rdx = 0x1000, rcx = 0x3"
