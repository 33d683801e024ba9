"""Instructions that the processor refused: illegal, privileged, misaligned operands."""

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.operands import canonical
from obit.analysis.classify.signals import BUS_ADRALN, ILL_PRVOPC, ILL_PRVREG, SI_KERNEL, SIGBUS, SIGILL, SIGSEGV
from obit.debuginfo.machine import X86_64

_TRAPS = {b"\x0f\x0b": "ud2", b"\x0f\xb9": "ud1", b"\x0f\xff": "ud0"}
"""Opcodes that are illegal for ever (Intel SDM volume 2, UD)."""

_PRIVILEGED = frozenset(
    """
    hlt cli sti in out insb insw insd outsb outsw outsd rdmsr wrmsr rdpmc invd wbinvd invlpg lgdt lidt lldt ltr lmsw clts swapgs xsetbv
    sysret sysretq sysexit iret iretd iretq monitor mwait msr mrs wfi hvc smc eret dc ic tlbi at
    """.split()
)
_UNALIGNED_ALLOWED = ("movup", "movdqu", "lddqu", "pcmpestr", "pcmpistr", "movq", "movs")
"""SSE instructions that take any address begin so."""
_VEX_ALIGNED = ("vmovap", "vmovdqa", "vmovntp", "vmovntdq")
_ALIGNED_STATE = {"fxsave": 16, "fxsave64": 16, "fxrstor": 16, "fxrstor64": 16, "cmpxchg16b": 16, "xsave": 64, "xrstor": 64, "xsavec": 64}


def illegal(context: CrashContext) -> list[Finding]:
    """SIGILL that is not about rights."""
    signal = context.signal
    if (
        signal is None
        or signal.number != SIGILL
        or signal.code in (ILL_PRVOPC, ILL_PRVREG)
        or (signal.code is not None and signal.code <= 0)
    ):
        return []
    return [Finding("illegal-instruction", "certain", _illegal_text(context), context.pc)]


def _illegal_text(context: CrashContext) -> str:
    pc = context.pc or 0
    code = context.code(pc, 4)
    trap = _TRAPS.get(code[:2]) if context.image.machine is X86_64 else "udf" if code[2:4] == b"\0\0" else None
    if trap:
        return f"`{trap}` marks code that must not be reached: a trap, unreachable code, or a function that ends without returning a value"
    if context.image.module_at(pc) is None:
        return f"0x{pc:x} is {context.place(pc)} and in no module: the bytes there may be no code"
    if context.instruction is None:
        return f"the bytes {code.hex(' ') or '(absent)'} are no known instruction"
    return f"the processor does not know `{context.instruction.text}`: built for another model, or the pc is inside an instruction"


def privileged(context: CrashContext) -> list[Finding]:
    """An instruction for the kernel: a general protection fault without an operand to blame, or SIGILL that says so."""
    signal = context.signal
    if signal is None or signal.code not in (SI_KERNEL, ILL_PRVOPC, ILL_PRVREG) or signal.number not in (SIGSEGV, SIGILL):
        return []
    instruction = context.instruction
    if instruction is not None and (instruction.privileged or instruction.operation in _PRIVILEGED):
        text = f"`{instruction.text}` is reserved to the kernel"
        return [Finding("privileged-instruction", "certain", text, context.pc)]
    if signal.number == SIGILL:
        return [Finding("privileged-instruction", "certain", "the processor reports an instruction reserved to the kernel", context.pc)]
    if instruction is not None and not context.uses and not context.access.executes:
        text = f"general protection fault at `{instruction.text}`, which uses no memory"
        return [Finding("privileged-instruction", "hint", text, context.pc)]
    return []


def misaligned(context: CrashContext) -> list[Finding]:
    """An operand that must be aligned and is not: SSE's 16 bytes, a state area, or what the kernel calls BUS_ADRALN."""
    signal = context.signal
    if signal is None:
        return []
    if signal.number == SIGBUS and signal.code == BUS_ADRALN:
        address = signal.address if signal.address is not None else context.access.address
        return [Finding("misaligned", "certain", _alignment_check_text(context), address)]
    if signal.number != SIGSEGV or signal.code != SI_KERNEL:
        return []
    for use in context.uses:
        alignment = _alignment(context, use.use.size)
        if use.address is not None and alignment and use.address % alignment and canonical(context.image.machine, use.address):
            instruction = context.instruction.text if context.instruction else ""
            operand = f"{context.registers.described(use.use.operand)} is 0x{use.address:x}"
            text = f"`{instruction}` needs an address that is a multiple of {alignment}; {operand}"
            return [Finding("misaligned", "certain", text, use.address)]
    return []


def _alignment(context: CrashContext, size: int) -> int:
    """Bytes to which the memory operand must be aligned; 0 when it need not be (Intel SDM volume 1, 14.9 and 11.4.1)."""
    instruction = context.instruction
    if instruction is None:
        return 0
    operation = instruction.operation
    if operation in _ALIGNED_STATE:
        return _ALIGNED_STATE[operation]
    if operation.startswith("v"):
        return size if operation.startswith(_VEX_ALIGNED) else 0
    return 16 if size == 16 and not operation.startswith(_UNALIGNED_ALLOWED) else 0


def _alignment_check_text(context: CrashContext) -> str:
    instruction = f"`{context.instruction.text}`" if context.instruction else "the instruction"
    flags = context.thread.special.get("eflags", 0)
    if context.image.machine is X86_64 and flags & 1 << 18:  # EFLAGS.AC
        return f"{instruction} uses a misaligned address while the program has asked for alignment checks (EFLAGS.AC)"
    return f"{instruction} uses a misaligned address"
