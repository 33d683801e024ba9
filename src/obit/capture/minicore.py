"""Writing an ELF core that holds only some of a process's memory, and that gdb, lldb, drgn and eu-stack open.

Every mapping is described; what was not taken has a size in memory (p_memsz) and none in the file (p_filesz), as in the kernel's
own cores: absent, not zero. Standard library only.

Sources: System V gABI chapter 5; struct elf_prstatus and elf_prpsinfo (include/linux/elfcore.h), fill_files_note and the order of
notes (fs/binfmt_elf.c); PN_XNUM (include/uapi/linux/elf.h).
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from struct import Struct, pack
from typing import NamedTuple

from obit.capture.procfs import PAGE, Mapping

NT_PRSTATUS, NT_FPREGSET, NT_PRPSINFO, NT_AUXV = 1, 2, 3, 6
NT_X86_XSTATE, NT_ARM_TLS, NT_ARM_PAC_MASK = 0x202, 0x401, 0x406
NT_SIGINFO, NT_FILE = 0x53494749, 0x46494C45
PN_XNUM = 0xFFFF
EM_X86_64, EM_AARCH64 = 62, 183

BLOCK = 1 << 20
"""How much memory is read at a time (bytes)."""

Read = Callable[[int, int], bytes]
"""`read(address, size)`: the bytes from there on that can be read, `size` at most; none when the first cannot."""

Runs = Callable[[int, int], Iterable[tuple[int, int]]]

_ET_CORE, _PT_LOAD, _PT_NOTE = 4, 1, 4
_EHDR = Struct("<16sHHIQQQIHHHHHH")
_PHDR = Struct("<IIQQQQQQ")
_SHDR = Struct("<IIQQQQIIQQ")
_NHDR = Struct("<III")
_IDENT = b"\x7fELF\x02\x01\x01" + bytes(9)
PRSTATUS_HEAD = Struct("<iiihxxQQiiii64x")
_PRPSINFO = Struct("<BcBbxxxxQIIiiii16s80s")
_STATES = b"RSDTZW"
_ZEROS = bytes(PAGE)


class Process(NamedTuple):
    """What the process-wide notes say."""

    machine: int
    """e_machine."""
    pid: int
    ppid: int
    pgrp: int
    session: int
    uid: int
    gid: int
    state: str
    nice: int
    flags: int
    name: bytes
    arguments: bytes
    """The command line, arguments separated by blanks."""
    auxv: bytes
    siginfo: bytes | None
    """128 bytes as PTRACE_GETSIGINFO gives them; None of a non-fatal snapshot."""


class Thread(NamedTuple):
    """A thread's registers. `general` and the values of `others` (note type → block) are what PTRACE_GETREGSET gives."""

    tid: int
    general: bytes
    others: dict[int, bytes]
    signal: int = 0
    pending: int = 0
    blocked: int = 0
    name: str | None = None


class Piece(NamedTuple):
    """A part of the address space that is wholly taken or wholly left out; `flags` are PF_R 4, PF_W 2, PF_X 1."""

    start: int
    end: int
    flags: int
    taken: bool


class Written(NamedTuple):
    """What came of it, in bytes: the file's length, the memory in it, the memory that was wanted and could not be read."""

    size: int
    memory: int
    unreadable: int


def note(name: bytes, kind: int, descriptor: bytes) -> bytes:
    """One ELF note; `name` with its NUL."""
    return _NHDR.pack(len(name), len(descriptor), kind) + _padded(name) + _padded(descriptor)


def notes(process: Process, threads: Sequence[Thread], mappings: Sequence[Mapping], vendor: Iterable[bytes] = ()) -> bytes:
    """The content of PT_NOTE. `threads[0]` crashed; `vendor` are whole notes of ours, put behind the process-wide ones."""
    parts: list[bytes] = []
    for index, thread in enumerate(threads):
        parts.append(note(b"CORE\0", NT_PRSTATUS, _prstatus(process, thread)))
        if index == 0:
            parts += [*_process_notes(process, mappings), *vendor]
        parts += [note(b"CORE\0" if kind == NT_FPREGSET else b"LINUX\0", kind, block) for kind, block in thread.others.items() if block]
    return b"".join(parts)


def _process_notes(process: Process, mappings: Sequence[Mapping]) -> Iterator[bytes]:
    yield note(b"CORE\0", NT_PRPSINFO, _prpsinfo(process))
    if process.siginfo is not None:
        yield note(b"CORE\0", NT_SIGINFO, process.siginfo)
    yield note(b"CORE\0", NT_AUXV, process.auxv)
    yield note(b"CORE\0", NT_FILE, _files(mappings))


def _prstatus(process: Process, thread: Thread) -> bytes:
    head = PRSTATUS_HEAD.pack(
        thread.signal, 0, 0, thread.signal, thread.pending, thread.blocked, thread.tid, process.ppid, process.pgrp, process.session
    )
    return head + thread.general + pack("<ixxxx", NT_FPREGSET in thread.others)


def _prpsinfo(process: Process) -> bytes:
    state = process.state[:1].encode()
    number = max(_STATES.find(state), 0)
    return _PRPSINFO.pack(
        number,
        state,
        state == b"Z",
        process.nice,
        process.flags,
        process.uid,
        process.gid,
        process.pid,
        process.ppid,
        process.pgrp,
        process.session,
        process.name[:15],
        process.arguments[:79],
    )


def _files(mappings: Sequence[Mapping]) -> bytes:
    files = [mapping for mapping in mappings if mapping.is_file]
    rows = b"".join(pack("<QQQ", mapping.start, mapping.end, mapping.offset // PAGE) for mapping in files)
    names = b"".join(os.fsencode(mapping.path or "") + b"\0" for mapping in files)
    return pack("<QQ", len(files), PAGE) + rows + names


def plan(mappings: Sequence[Mapping], ranges: Iterable[tuple[int, int]]) -> list[Piece]:
    """The address space cut into what is taken and what is not, in address order. Ranges may overlap and need no order."""
    wanted = _merged(ranges)
    pieces: list[Piece] = []
    index = 0
    for mapping in sorted(mappings):
        flags = sum(bit for letter, bit in (("r", 4), ("w", 2), ("x", 1)) if letter in mapping.flags)
        at = mapping.start
        while index < len(wanted) and wanted[index][1] <= at:
            index += 1
        following = index
        while following < len(wanted) and wanted[following][0] < mapping.end:
            start, end = max(wanted[following][0], at), min(wanted[following][1], mapping.end)
            pieces += [Piece(at, start, flags, False)] * (at < start)
            pieces.append(Piece(start, end, flags, True))
            at = end
            following += 1
        pieces += [Piece(at, mapping.end, flags, False)] * (at < mapping.end)
    return pieces


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _whole(start: int, end: int) -> Iterable[tuple[int, int]]:
    return ((start, end),)


def write(fd: int, machine: int, notes_content: bytes, pieces: Sequence[Piece], read: Read, runs: Runs = _whole) -> Written:
    """Write the core to an empty seekable file. OSError of the writing (ENOSPC) passes; memory that cannot be read is left out.

    `runs(start, end)` are the parts of a piece that may hold anything but zeros. The headers are written last, because only then is it
    known how much of each piece could be read.
    """
    count = len(pieces) + 1
    notes_at = _EHDR.size + count * _PHDR.size
    extended_at = _aligned(notes_at + len(notes_content), 8)
    at = _aligned(extended_at + (_SHDR.size if count >= PN_XNUM else 0), PAGE)
    headers = [_PHDR.pack(_PT_NOTE, 0, notes_at, 0, 0, len(notes_content), 0, 4)]
    memory = unreadable = 0
    for piece in pieces:
        taken = _copy_runs(fd, at, piece, read, runs) if piece.taken else 0
        length = piece.end - piece.start
        headers.append(_PHDR.pack(_PT_LOAD, piece.flags, at, piece.start, 0, taken, length, PAGE))
        memory += taken
        unreadable += length - taken if piece.taken else 0
        at += _aligned(taken, PAGE)
    os.ftruncate(fd, at)
    extended = count >= PN_XNUM
    header = _EHDR.pack(
        _IDENT, _ET_CORE, machine, 1, 0, _EHDR.size, extended_at if extended else 0, 0, _EHDR.size, _PHDR.size,
        PN_XNUM if extended else count, _SHDR.size if extended else 0, int(extended), 0,
    )  # fmt: skip
    _write_at(fd, 0, b"".join((header, *headers, notes_content)))
    if extended:
        _write_at(fd, extended_at, _SHDR.pack(0, 0, 0, 0, 0, 1, 0, count, 0, 0))
    return Written(at, memory, unreadable)


def _copy_runs(fd: int, at: int, piece: Piece, read: Read, runs: Runs) -> int:
    """Copy a piece to `at` in the file until its end or until it cannot be read; how much it was, zeros included."""
    for start, end in runs(piece.start, piece.end):
        after = _copy(fd, at - piece.start, start, end, read)
        if after < end:
            return after - piece.start
    return piece.end - piece.start


def _copy(fd: int, shift: int, address: int, end: int, read: Read) -> int:
    while address < end:
        block = read(address, min(BLOCK, end - address))
        if not block:
            break
        write_sparsely(fd, shift + address, block)
        address += len(block)
    return address


def write_sparsely(fd: int, at: int, block: bytes) -> None:
    """Write a block but for its zero pages, which become holes."""
    start = 0
    is_zero = False
    for offset in range(0, len(block), PAGE):
        if block.startswith(_ZEROS, offset) == is_zero:
            continue
        if not is_zero:
            _write_at(fd, at + start, block[start:offset])
        is_zero, start = not is_zero, offset
    if not is_zero:
        _write_at(fd, at + start, block[start:] if start else block)


def _write_at(fd: int, at: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _aligned(value: int, step: int) -> int:
    return -(-value // step) * step
