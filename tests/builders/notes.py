"""ELF notes from values, as the kernel writes them into a core (fs/binfmt_elf.c)."""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

X86_ORDER = "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs".split()
ARM_ORDER = [f"x{n}" for n in range(31)] + ["sp", "pc", "pstate"]

NT_PRSTATUS, NT_PRFPREG, NT_PRPSINFO, NT_AUXV = 1, 2, 3, 6
NT_X86_XSTATE, NT_ARM_TLS, NT_SIGINFO, NT_FILE, NT_GNU_BUILD_ID = 0x202, 0x401, 0x53494749, 0x46494C45, 3


class Note(NamedTuple):
    """One note before it is bytes."""

    name: str
    type: int
    desc: bytes


class MappedFile(NamedTuple):
    """One entry of NT_FILE; `offset` in bytes."""

    start: int
    end: int
    offset: int
    path: str


def note_bytes(note: Note) -> bytes:
    """Header, name and descriptor, each padded to 4 bytes."""
    name = note.name.encode() + b"\0"
    return struct.pack("<III", len(name), len(note.desc), note.type) + padded(name, 4) + padded(note.desc, 4)


def padded(data: bytes, step: int) -> bytes:
    """The data with zeros up to a multiple of `step`."""
    return data + bytes(-len(data) % step)


def prstatus(tid: int, registers: Mapping[str, int], *, machine: int = 62, signal: int = 0) -> Note:
    """NT_PRSTATUS of x86-64 (62) or aarch64 (183); registers that are not named are 0."""
    order = X86_ORDER if machine == 62 else ARM_ORDER
    unknown = set(registers) - set(order)
    assert not unknown, unknown
    head = struct.pack("<iiihxxQQiiii64x", signal, 0, 0, signal, 0, 0, tid, 1, tid, tid)
    general = struct.pack(f"<{len(order)}Q", *(registers.get(name, 0) for name in order))
    return Note("CORE", NT_PRSTATUS, head + general + bytes(8))


def prpsinfo(pid: int, *, ppid: int = 1, uid: int = 0, gid: int = 0, fname: str = "a.out", psargs: str = "./a.out ") -> Note:
    """NT_PRPSINFO of a 64-bit machine."""
    desc = struct.pack("<BcBb4xQIIiiii16s80s", 0, b"R", 0, -5, 0, uid, gid, pid, ppid, pid, pid, fname.encode(), psargs.encode())
    return Note("CORE", NT_PRPSINFO, desc)


def siginfo(number: int, code: int, *, errno: int = 0, fields: bytes = b"") -> Note:
    """NT_SIGINFO; `fields` is the union, from offset 16."""
    return Note("CORE", NT_SIGINFO, (struct.pack("<iiii", number, errno, code, 0) + fields).ljust(128, b"\0"))


def auxv(values: Mapping[int, int]) -> Note:
    """NT_AUXV, ended by AT_NULL."""
    return Note("CORE", NT_AUXV, b"".join(struct.pack("<QQ", *pair) for pair in [*values.items(), (0, 0)]))


def mapped_files(files: Sequence[MappedFile], *, page_size: int = 4096) -> Note:
    """NT_FILE."""
    rows = b"".join(struct.pack("<QQQ", file.start, file.end, file.offset // page_size) for file in files)
    names = b"".join(file.path.encode("utf-8", "surrogateescape") + b"\0" for file in files)
    return Note("CORE", NT_FILE, struct.pack("<QQ", len(files), page_size) + rows + names)


def xstate(xmm: Sequence[bytes], *, high: Sequence[bytes] = ()) -> Note:
    """NT_X86_XSTATE with the SSE state, and the AVX state when `high` has the upper halves of the ymm registers. The kernel puts
    XCR0 into bytes 464 to 471, which is how gdb knows the layout."""
    features = struct.pack("<Q", 7 if high else 3)
    legacy = bytes(160) + b"".join(xmm).ljust(256, b"\0") + bytes(48) + features + bytes(40)
    header = features + bytes(56)
    return Note("LINUX", NT_X86_XSTATE, legacy + header + (b"".join(high).ljust(256, b"\0") if high else b""))


def fpregset(vectors: Sequence[bytes], *, machine: int = 62) -> Note:
    """NT_PRFPREG: FXSAVE's layout, or user_fpsimd_state."""
    if machine == 62:
        return Note("CORE", NT_PRFPREG, bytes(160) + b"".join(vectors).ljust(256, b"\0") + bytes(96))
    return Note("CORE", NT_PRFPREG, b"".join(vectors).ljust(512, b"\0") + bytes(16))


def arm_tls(value: int) -> Note:
    """NT_ARM_TLS."""
    return Note("LINUX", NT_ARM_TLS, struct.pack("<Q", value))


def build_id(hexadecimal: str) -> Note:
    """The GNU build-id of an executable or a library."""
    return Note("GNU", NT_GNU_BUILD_ID, bytes.fromhex(hexadecimal))
