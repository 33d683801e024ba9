"""Where the machines keep what selection needs in their register sets. Standard library only."""

from typing import NamedTuple

from obit.capture.minicore import EM_AARCH64, EM_X86_64, NT_ARM_PAC_MASK, NT_ARM_TLS, NT_FPREGSET, NT_X86_XSTATE, Thread
from obit.capture.selection import ThreadState


class Layout(NamedTuple):
    """Where NT_PRSTATUS's register set has what selection needs: size in bytes, indices of words."""

    machine: int
    size: int
    sp: int
    pc: int
    tls: int | None
    addresses: slice
    """Registers that may hold addresses."""
    others: tuple[int, ...]
    """Further register sets to save."""


LAYOUTS = {
    "x86_64": Layout(EM_X86_64, 216, 19, 16, 21, slice(0, 15), (NT_FPREGSET, NT_X86_XSTATE)),
    "aarch64": Layout(EM_AARCH64, 272, 31, 32, None, slice(0, 31), (NT_FPREGSET, NT_ARM_TLS, NT_ARM_PAC_MASK)),
}
"""By `uname -m`. Sources: struct user_regs_struct (arch/x86/include/asm/user_64.h), struct user_pt_regs (arch/arm64)."""


def thread_state(thread: Thread, layout: Layout) -> ThreadState:
    """What selection needs of a thread."""
    words = memoryview(thread.general).cast("Q")
    tls = words[layout.tls] if layout.tls is not None else int.from_bytes(thread.others.get(NT_ARM_TLS, b"")[:8], "little")
    return ThreadState(words[layout.sp], words[layout.pc], tls, tuple(words[layout.addresses]))
