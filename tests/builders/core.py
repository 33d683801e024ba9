"""Cores from values: threads, memory, mapped files; and the pieces that a broken one lacks."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.builders import notes as note
from tests.builders.notes import MappedFile, Note, note_bytes
from tests.builders.objects import ET_CORE, PAGE, PT_LOAD, PT_NOTE, Library, R, Segment, W, X, elf_file


class Thread(NamedTuple):
    """A thread: registers by name, and whatever notes follow its NT_PRSTATUS."""

    tid: int
    registers: Mapping[str, int] = {}
    signal: int = 0
    notes: tuple[Note, ...] = ()


class Memory(NamedTuple):
    """A mapping: what of it is in the core, and how large it was (`size`, bytes; the data's by default)."""

    address: int
    data: bytes = b""
    size: int | None = None
    flags: int = R | W


class Mapped(NamedTuple):
    """A library in the address space: its mappings and their NT_FILE entries."""

    memory: tuple[Memory, ...]
    files: tuple[MappedFile, ...]


def core_file(
    threads: Sequence[Thread] = (Thread(100, {}, 11),),
    memory: Sequence[Memory] = (),
    *,
    machine: int = 62,
    files: Sequence[MappedFile] | None = (),
    auxv: Mapping[int, int] | None = None,
    siginfo: Note | None = None,
    psinfo: Note | None = None,
    extra: Sequence[Note] = (),
    xnum: bool = False,
) -> bytes:
    """A core in the kernel's order: the first thread's status, the process's notes, then the other threads. `files` None leaves
    NT_FILE out."""
    process = [
        *([psinfo] if psinfo else []),
        *([siginfo] if siginfo else []),
        *([note.auxv(auxv)] if auxv is not None else []),
        *([note.mapped_files(files)] if files is not None else []),
    ]
    all_notes: list[Note] = []
    for number, thread in enumerate(threads):
        all_notes.append(note.prstatus(thread.tid, thread.registers, machine=machine, signal=thread.signal))
        all_notes += [*([] if number else process), *thread.notes]
    all_notes += [*([] if threads else process), *extra]
    blob = b"".join(note_bytes(one) for one in all_notes)
    segments = [Segment(PT_NOTE, 0, 0, blob, memsz=0, align=4), *(_segment(one) for one in sorted(memory, key=lambda one: one.address))]
    return elf_file(ET_CORE, segments, machine=machine, xnum=xnum)


def _segment(memory: Memory) -> Segment:
    size = len(memory.data) if memory.size is None else memory.size
    return Segment(PT_LOAD, memory.flags, memory.address, memory.data, memsz=size)


def mapped(
    built: Library, path: str, bias: int, *, headers: bool = True, code: bool = False, data: bool = True, code_flags: int = R | X
) -> Mapped:
    """The library loaded with `bias`. By default as the kernel dumps it: its first page and its data, the code left in the file."""
    parts = ((built.headers, R, headers), (built.code, code_flags, code), (built.data, R | W, data))
    memory, files = [], []
    for (address, offset, size), flags, there in parts:
        whole = (size + PAGE - 1) // PAGE * PAGE
        content = built.image[offset : offset + whole].ljust(whole, b"\0") if there else b""
        memory.append(Memory(address + bias, content, whole, flags))
        files.append(MappedFile(address + bias, address + bias + whole, offset, path))
    return Mapped(tuple(memory), tuple(files))
