"""Architectures: DWARF register numbers, their names and their roles.

Sources: System V x86-64 psABI 1.0 figure 3.36; DWARF for the Arm 64-bit Architecture (AADWARF64) section 4.1.
"""

import msgspec


class Machine(msgspec.Struct, frozen=True):
    """One architecture as the unwinder and the location evaluator see it. Numbers are DWARF's."""

    name: str
    elf_machine: int
    pointer_size: int
    registers: tuple[str, ...]
    """Names of the general registers, indexed by DWARF number (pc last where DWARF numbers it)."""
    pc: int
    sp: int
    fp: int
    return_address: int
    """The column that CFI uses for the return address (rip, or the link register)."""
    callee_saved: frozenset[int]
    """Kept by a callee whose CFI says nothing of them."""
    arguments: tuple[int, ...]
    """Integer argument registers in order."""
    vector_base: int
    """DWARF number of the first vector register (xmm0, v0)."""
    red_zone: int

    def number(self, name: str) -> int:
        """DWARF number of a register name; KeyError when there is none."""
        try:
            return self.registers.index(name)
        except ValueError:
            raise KeyError(name) from None


X86_64 = Machine(
    name="x86_64",
    elf_machine=62,
    pointer_size=8,
    registers=tuple("rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split()),
    pc=16,
    sp=7,
    fp=6,
    return_address=16,
    callee_saved=frozenset((3, 6, 12, 13, 14, 15)),
    arguments=(5, 4, 1, 2, 8, 9),
    vector_base=17,
    red_zone=128,
)

AARCH64 = Machine(
    name="aarch64",
    elf_machine=183,
    pointer_size=8,
    registers=tuple([f"x{n}" for n in range(31)] + ["sp", "pc"]),
    pc=32,
    sp=31,
    fp=29,
    return_address=30,
    callee_saved=frozenset(range(19, 31)),
    arguments=tuple(range(8)),
    vector_base=64,
    red_zone=0,
)

MACHINES = {machine.elf_machine: machine for machine in (X86_64, AARCH64)}
