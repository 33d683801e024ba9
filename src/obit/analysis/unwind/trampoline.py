"""The caller of a signal trampoline, recognised by its code: for programs whose CFI does not mark it (static ones without
.eh_frame, musl), or calls it a function (Go).

Layouts: linux/arch/x86/include/uapi/asm/sigcontext.h, arch/arm64/include/uapi/asm/sigcontext.h, include/uapi/asm-generic/ucontext.h.
"""

import struct
from typing import TYPE_CHECKING

from obit.analysis.unwind.step import Caller, Walk
from obit.image.process import MemoryAbsent

if TYPE_CHECKING:
    from obit.analysis.unwind.stack import UnwoundFrame

# mov $15,%rax; syscall  and its shorter form  mov $15,%eax; syscall
X86_64_CODE = (bytes.fromhex("48c7c00f0000000f05"), bytes.fromhex("b80f0000000f05"))
# mov x8, #139; svc #0
AARCH64_CODE = (bytes.fromhex("681180d2010000d4"),)
# uc_flags, uc_link, uc_stack (24 bytes), then r8…r15 rdi rsi rbp rbx rdx rax rcx rsp rip
X86_64_CONTEXT = 40
X86_64_ORDER = (8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16)
# siginfo (128), uc_flags, uc_link, uc_stack, sigmask (128), padding to 16, fault_address, then x0…x30 sp pc
AARCH64_CONTEXT = 128 + 176 + 8
UC_FLAGS, UC_LINK = 128, 136
FPSIMD_RECORD, FPSIMD_MAGIC = AARCH64_CONTEXT + 34 * 8 + 8, 0x46508001


def caller(walk: Walk, frame: "UnwoundFrame") -> Caller | None:
    """The interrupted frame, when the pc is at a sigreturn trampoline that CFI does not describe."""
    machine = walk.image.machine
    x86 = machine.name == "x86_64"
    if frame.trust == "context" or _described(walk, frame):
        return None
    code = walk.image.memory.read_some(frame.pc, 9)
    if not code.startswith(X86_64_CODE if x86 else AARCH64_CODE) and (x86 or code):
        return None
    sp = frame.registers.get(machine.sp)
    if sp is None:
        return None
    order = X86_64_ORDER if x86 else tuple(range(33))
    offset = X86_64_CONTEXT if x86 else AARCH64_CONTEXT
    try:
        values = struct.unpack(f"<{len(order)}Q", walk.image.memory.read(sp + offset, 8 * len(order)))
    except MemoryAbsent:
        return None
    registers = dict(zip(order, values, strict=True))
    if not code and not _is_signal_frame(walk, sp, registers):
        return None
    return Caller(registers[machine.pc], registers, sp, signal_frame=True)


def _described(walk: Walk, frame: "UnwoundFrame") -> bool:
    """Whether CFI says what the frame is. Go's describes the trampoline as any function; but only a handler returns to the first byte
    of one, a call to what follows it."""
    row = walk.row(frame.pc) if frame.module else None
    return row is not None and (row.signal_frame or frame.module is None or row.start != frame.pc - frame.module.bias)


def _is_signal_frame(walk: Walk, sp: int, registers: dict[int, int]) -> bool:
    """Whether what lies at sp can only be aarch64's rt_sigframe. Its trampoline is in the vdso, which not every core has: the frame then
    speaks for itself. uc_flags and uc_link are 0, and the first record behind the registers is that of the floating-point state
    (setup_sigframe in arch/arm64/kernel/signal.c); siginfo is there for SA_SIGINFO only."""
    machine = walk.image.machine
    record = walk.word(sp + FPSIMD_RECORD)
    return (
        record is not None
        and record & 0xFFFFFFFF == FPSIMD_MAGIC
        and walk.word(sp + UC_FLAGS) == walk.word(sp + UC_LINK) == 0
        and registers[machine.sp] % 16 == 0
        and walk.module_at(registers[machine.pc]) is not None
    )
