"""The notes of a Linux core as values: registers, signal, auxiliary vector, mapped files.

Sources: struct elf_prstatus, elf_prpsinfo (include/linux/elfcore.h), user_regs_struct (arch/x86/include/asm/user_64.h),
user_pt_regs and user_fpsimd_state (arch/arm64/include/uapi/asm/ptrace.h), fill_files_note (fs/binfmt_elf.c), siginfo
(include/uapi/asm-generic/siginfo.h), XSAVE area (Intel SDM volume 1, section 13.4). A descriptor that is too short gives None, or
what is whole of it.
"""

import struct
from collections.abc import Iterator, Mapping

import msgspec

from obit.debuginfo.machine import AARCH64, X86_64, Machine
from obit.image.process import MappedRange, SignalInfo, ThreadImage

NT_PRSTATUS, NT_PRFPREG, NT_PRPSINFO, NT_AUXV = 1, 2, 3, 6
NT_X86_XSTATE, NT_ARM_TLS = 0x202, 0x401
NT_SIGINFO, NT_FILE = 0x53494749, 0x46494C45

MAX_FILES = 1 << 18
"""Most file mappings that are looked at: the kernel's note is 4 MiB at most (core_file_note_size_limit), about 170,000 of them."""

_STATUS = struct.Struct("<iiihxxQQiiii")
_GENERAL_AT = 112
_X86_GENERAL = struct.Struct("<27Q")
_X86_NAMES = "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs"
_X86_ORDER = tuple(_X86_NAMES.split())
_X86_DWARF = tuple((index, X86_64.number(name)) for index, name in enumerate(_X86_ORDER) if name in X86_64.registers)
_X86_SPECIAL = tuple((index, name) for index, name in enumerate(_X86_ORDER) if name not in X86_64.registers)
_ARM_GENERAL = struct.Struct("<34Q")
_PSINFO = struct.Struct("<BcBBxxxxQIIiiii16s80s")
_U64 = struct.Struct("<Q")

_XMM_AT, _XMM_COUNT, _XSTATE_BV_AT, _YMM_HIGH_AT, _YMM_FEATURE = 160, 16, 512, 576, 4

_SIGILL, _SIGTRAP, _SIGBUS, _SIGFPE, _SIGSEGV, _SIGSYS = 4, 5, 7, 8, 11, 31
_WITH_ADDRESS = frozenset((_SIGILL, _SIGTRAP, _SIGBUS, _SIGFPE, _SIGSEGV))
_SI_KERNEL = 0x80
_SENT = frozenset((0, -1, -3, -6))
"""SI_USER, SI_QUEUE, SI_MESGQ, SI_TKILL: si_pid and si_uid are the sender's."""


class Psinfo(msgspec.Struct, frozen=True, gc=False):
    """NT_PRPSINFO. `fname` is the command name (15 bytes at most), `psargs` the start of the command line (79 bytes at most)."""

    state: str
    nice: int
    uid: int
    gid: int
    pid: int
    ppid: int
    fname: str
    psargs: str


def general_registers(machine: Machine, block: bytes) -> tuple[dict[int, int], dict[str, int]]:
    """(DWARF number → value, special name → value) of a register block as PTRACE_GETREGSET NT_PRSTATUS or pr_reg has it;
    both are empty when the block is too short."""
    if machine is X86_64:
        if len(block) < _X86_GENERAL.size:
            return {}, {}
        values = _X86_GENERAL.unpack_from(block)
        return {number: values[index] for index, number in _X86_DWARF}, {name: values[index] for index, name in _X86_SPECIAL}
    if len(block) < _ARM_GENERAL.size:
        return {}, {}
    values = _ARM_GENERAL.unpack_from(block)
    return dict(enumerate(values[:33])), {"pstate": values[33]}


def prstatus(machine: Machine, desc: bytes) -> ThreadImage | None:
    """A thread from NT_PRSTATUS."""
    if len(desc) < _GENERAL_AT:
        return None
    _, _, _, cursig, _, _, tid, _, _, _ = _STATUS.unpack_from(desc)
    registers, special = general_registers(machine, desc[_GENERAL_AT:])
    return ThreadImage(tid=tid, registers=registers, special=special, signal=cursig)


class Vectors(Mapping[int, bytes]):
    """Vector registers by DWARF number, cut from a note when asked for (a process has hundreds of threads, a report shows few)."""

    __slots__ = ("_at", "_base", "_count", "_desc", "_high_at")

    def __init__(self, desc: bytes, base: int, at: int, count: int, high_at: int | None = None) -> None:
        self._desc = desc
        self._base = base
        self._at = at
        self._count = count
        self._high_at = high_at

    def __getitem__(self, number: int) -> bytes:
        place = 16 * (number - self._base)
        if not 0 <= place < 16 * self._count:
            raise KeyError(number)
        low = self._desc[self._at + place : self._at + place + 16]
        return low if self._high_at is None else low + self._desc[self._high_at + place : self._high_at + place + 16]

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._base, self._base + self._count))

    def __len__(self) -> int:
        return self._count


def vectors(machine: Machine, kind: int, desc: bytes) -> Mapping[int, bytes]:
    """Vector registers from NT_PRFPREG or NT_X86_XSTATE: 16 bytes each, 32 where the AVX state is there."""
    base = machine.vector_base
    if machine is AARCH64:
        return Vectors(desc, base, 0, min(len(desc) // 16, 32)) if kind == NT_PRFPREG else {}
    if len(desc) < _XMM_AT + 16 * _XMM_COUNT:
        return {}
    avx = kind == NT_X86_XSTATE and len(desc) >= _YMM_HIGH_AT + 16 * _XMM_COUNT and desc[_XSTATE_BV_AT] & _YMM_FEATURE
    return Vectors(desc, base, _XMM_AT, _XMM_COUNT, _YMM_HIGH_AT if avx else None)


def arm_tls(desc: bytes) -> dict[str, int]:
    """The thread pointer from NT_ARM_TLS."""
    return {"tpidr": _U64.unpack_from(desc)[0]} if len(desc) >= 8 else {}


def siginfo(desc: bytes) -> SignalInfo | None:
    """The signal that NT_SIGINFO or PTRACE_GETSIGINFO describes. SI_KERNEL says that no address is known, so there is none."""
    if len(desc) < 32:
        return None
    number, errno, code = struct.unpack_from("<iii", desc)
    if number == _SIGSYS and code > 0:
        address, syscall = struct.unpack_from("<Qi", desc, 16)
        return SignalInfo(number=number, code=code, address=address, syscall=syscall, errno=errno)
    if number in _WITH_ADDRESS and 0 < code != _SI_KERNEL:
        return SignalInfo(number=number, code=code, errno=errno, address=_U64.unpack_from(desc, 16)[0])
    if code in _SENT:
        pid, uid = struct.unpack_from("<iI", desc, 16)
        return SignalInfo(number=number, code=code, errno=errno, sender_pid=pid, sender_uid=uid)
    return SignalInfo(number=number, code=code, errno=errno)


def prpsinfo(desc: bytes) -> Psinfo | None:
    """Process facts from NT_PRPSINFO."""
    if len(desc) < _PSINFO.size:
        return None
    _, state, _, nice, _, uid, gid, pid, ppid, _, _, fname, psargs = _PSINFO.unpack_from(desc)
    return Psinfo(
        state=state.decode("latin-1"),
        nice=nice - 256 if nice > 127 else nice,
        uid=uid,
        gid=gid,
        pid=pid,
        ppid=ppid,
        fname=text(fname.split(b"\0", 1)[0]),
        psargs=text(psargs.split(b"\0", 1)[0]).rstrip(" "),
    )


def auxv(desc: bytes) -> dict[int, int]:
    """The auxiliary vector up to AT_NULL."""
    found: dict[int, int] = {}
    for kind, value in struct.iter_unpack("<QQ", desc[: len(desc) & ~15]):
        if kind == 0:
            break
        found[kind] = value
    return found


def mapped_files(desc: bytes) -> tuple[MappedRange, ...]:
    """File mappings from NT_FILE, in its order; `flags` "?" (the note has none), `offset` in bytes. What is cut off is left out."""
    if len(desc) < 16:
        return ()
    count, page_size = struct.unpack_from("<QQ", desc)
    count = min(count, (len(desc) - 16) // 24, MAX_FILES)
    names = desc[16 + 24 * count :].split(b"\0", count)
    rows = zip(struct.iter_unpack("<QQQ", desc[16 : 16 + 24 * count]), names, strict=False)
    return tuple(MappedRange(start, end, "?", page * page_size, text(name)) for (start, end, page), name in rows if start < end)


def text(raw: bytes) -> str:
    r"""Bytes of a name as text, reversibly: what is not UTF-8 becomes \xNN."""
    return raw.decode("utf-8", "backslashreplace")
