"""Signals that no instruction caused: sent by a process or by the kernel's rules; breakpoints; seccomp; snapshots."""

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.signals import SI_KERNEL, SIGABRT, SIGSYS, SIGTRAP, SYS_SECCOMP, signal_name
from obit.debuginfo.machine import X86_64

_KERNEL_SENDS = {
    2: "the terminal's interrupt key",
    3: "the terminal's quit key",
    24: "the limit on CPU time (RLIMIT_CPU)",
    25: "the limit on file size (RLIMIT_FSIZE)",
}
_ARGUMENTS = {"x86_64": (5, 4, 1, 10, 8, 9), "aarch64": (0, 1, 2, 3, 4, 5)}
"""Registers of a system call's arguments, DWARF numbers (man 2 syscall)."""
_SYSCALL_CODE = {"x86_64": bytes.fromhex("0f05"), "aarch64": bytes.fromhex("010000d4")}
_SENDING = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
_LONGEST_TEXT = 200


def snapshot(context: CrashContext) -> list[Finding]:
    """No signal: the process is sound, if there is anything of it."""
    if context.signal:
        return []
    if not context.image.threads:
        return [Finding("snapshot", "hint", "no thread was captured, and no signal: what ended the process, if anything did, is not known")]
    return [Finding("snapshot", "certain", "taken from a process without a fatal signal")]


def killed(context: CrashContext) -> list[Finding]:
    """A signal from a process. An abort by the process itself is the abort rule's."""
    signal = context.signal
    if signal is None or (signal.code is not None and signal.code > 0 and signal.code != SI_KERNEL):
        return []
    name = signal_name(signal.number)
    if signal.code is None:
        return _without_siginfo(context, signal.number, name)
    if signal.code == SI_KERNEL:
        why = _KERNEL_SENDS.get(signal.number)
        return [Finding("killed", "certain", f"the kernel sent {name}: {why}")] if why else []
    own = context.image.process.get("pid")
    if signal.sender_pid is not None and signal.sender_pid == own:
        return [] if signal.number == SIGABRT else [Finding("killed", "certain", f"the process sent {name} to itself")]
    if signal.sender_pid:
        parent = ", its parent," if signal.sender_pid == context.image.process.get("ppid") else ""
        by = f"process {signal.sender_pid}{parent or _user_text(signal.sender_uid)}"
        return [Finding("killed", "certain", f"{by} sent {name}")]
    return [] if signal.number == SIGABRT else [Finding("killed", "likely", f"{name} was sent; the sender is not known")]


def _user_text(uid: int | None) -> str:
    return "" if uid is None else f" of user {uid}"


def _without_siginfo(context: CrashContext, number: int, name: str) -> list[Finding]:
    """A core without NT_SIGINFO: a thread that stands behind the call which sends signals, and could do what follows, has sent it."""
    from obit.analysis.classify.syscalls import syscall_name  # long tables

    pc, call = context.pc or 0, _number(context)
    code = _SYSCALL_CODE.get(context.image.machine.name, b"")
    if number == SIGABRT or call is None or context.access.kind != "none" or context.code(pc - len(code), len(code)) != code:
        return []
    sending = syscall_name(context.image.machine.name, call)
    if sending not in _SENDING:
        return []
    return [Finding("killed", "likely", f"the process sent {name} to itself, by {sending}()")]


def breakpoint_trap(context: CrashContext) -> list[Finding]:
    """SIGTRAP of a breakpoint instruction or of single-stepping."""
    signal = context.signal
    if signal is None or signal.number != SIGTRAP or (signal.code is not None and signal.code <= 0):
        return []
    return [Finding("breakpoint", "certain", _breakpoint_text(context), context.pc)]


def _breakpoint_text(context: CrashContext) -> str:
    pc = context.pc or 0
    if context.image.machine is X86_64 and context.code(pc - 1, 1) == b"\xcc":
        return "`int3` was run without a debugger: a breakpoint in the program, or one that a debugger left behind"
    instruction = context.instruction
    if instruction is not None and instruction.mnemonic == "brk":
        trap = instruction.operands_text in ("#0x3e8", "#1000", "#0x1", "#1")  # what GCC and clang make of __builtin_trap
        return f"`{instruction.text}` was run" + (": code that must not be reached (a compiler's trap)" if trap else " without a debugger")
    return "a trap that no debugger took"


def seccomp(context: CrashContext) -> list[Finding]:
    """SIGSYS: which system call was refused, with its arguments."""
    signal = context.signal
    if signal is None or signal.number != SIGSYS:
        return []
    number = signal.syscall if signal.syscall is not None else _number(context)
    if number is None or (signal.code is not None and signal.code != SYS_SECCOMP):
        return [Finding("seccomp", "likely", "SIGSYS: a system call was refused", signal.address)] if signal.code is None else []
    return [Finding("seccomp", "certain", f"the seccomp filter refused {_call_text(context, number)}", signal.address)]


def _number(context: CrashContext) -> int | None:
    if context.image.machine is X86_64:
        return context.thread.special.get("orig_rax")
    return context.thread.registers.get(8)


def _call_text(context: CrashContext, number: int) -> str:
    """`openat(dfd=-100, filename="/etc/shadow", flags=0, mode=0)`."""
    from obit.analysis.classify.syscalls import syscall_arguments, syscall_name  # long tables

    machine = context.image.machine.name
    name = syscall_name(machine, number)
    names = syscall_arguments(name)
    if names is None:
        return name
    values = (context.thread.registers.get(register) for register in _ARGUMENTS.get(machine, ()))
    arguments = [f"{label}={_argument_text(context, value, text)}" for (label, text), value in zip(names, values, strict=False)]
    return f"{name}({', '.join(arguments)})"


def _argument_text(context: CrashContext, value: int | None, text: bool) -> str:
    if value is None:
        return "?"
    data = context.image.memory.read_some(value, _LONGEST_TEXT + 1) if text else b""
    if data:
        return repr(data.partition(b"\0")[0][:_LONGEST_TEXT].decode("utf-8", "replace"))
    signed = value - (1 << 64) if value >> 63 else value - (1 << 32) if value >> 31 == 1 else value
    return str(signed) if abs(signed) < 1 << 16 else f"0x{value:x}"
