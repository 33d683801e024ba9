"""An ELF core as values: its segments, and what its notes say. Pure: bytes come from a `read(offset, size)`.

Sources: System V gABI chapter 5, fs/binfmt_elf.c and fs/coredump.c of Linux. A full core, a minicore, one made by gdb's `gcore` and
one that was cut off all come through here.
"""

from collections.abc import Iterable, Mapping

import msgspec

from obit.debuginfo.elf import ET_CORE, PT_LOAD, Elf, Note, Read, Segment
from obit.debuginfo.machine import AARCH64, MACHINES, Machine
from obit.errors import BadInput
from obit.image import corenotes, obitnote
from obit.image.obitnote import ObitNote
from obit.image.process import MappedRange, SignalInfo, ThreadImage

MAX_THREADS = 1 << 16
TOP = 1 << 64

Gap = tuple[str, str, str | None]
"""(what, why, fix) of something that could not be had."""

_FILE_TYPES = {0: "an ELF file without a type", 1: "an object file", 2: "an executable", 3: "an executable or a shared library"}
_MACHINE_NAMES = {3: "i386", 8: "MIPS", 20: "PowerPC", 21: "ppc64", 22: "s390x", 40: "32-bit Arm", 243: "RISC-V", 258: "LoongArch"}


class Core(msgspec.Struct, frozen=True):
    """What a core file holds. `segments` are its PT_LOADs in file order, wherever they end; `spans` the memory that is really there:
    (start, end, offset in the file)."""

    machine: Machine
    segments: tuple[Segment, ...]
    spans: tuple[tuple[int, int, int], ...]
    threads: tuple[ThreadImage, ...]
    files: tuple[MappedRange, ...]
    """NT_FILE, empty when the core has none."""
    signal: SignalInfo | None
    psinfo: corenotes.Psinfo | None
    auxv: dict[int, int]
    obit: ObitNote | None
    missing: tuple[Gap, ...]


def parse_core(read: Read, size: int) -> Core:
    """The core in a file of `size` bytes. `BadInput` says what the file is when it is no core that Obit reads."""
    elf = Elf(read)
    _check(elf)
    machine = MACHINES[elf.machine]
    segments = tuple(segment for segment in elf.segments if segment.type == PT_LOAD)
    notes = _Notes(machine, elf.notes())
    return Core(
        machine=machine,
        segments=segments,
        spans=_spans(segments, size),
        threads=notes.threads(),
        files=notes.files,
        signal=notes.signal(),
        psinfo=notes.psinfo,
        auxv=notes.auxv,
        obit=notes.obit,
        missing=(*_cut(elf, size), *notes.missing),
    )


def _check(elf: Elf) -> None:
    if elf.type != ET_CORE:
        kind = _FILE_TYPES.get(elf.type, "an ELF file of an unknown type")
        raise BadInput(f"It is {kind}, not a core dump; give the core that the crash left, and a program with --exe.")
    if elf.machine not in MACHINES:
        name = _MACHINE_NAMES.get(elf.machine, f"ELF number {elf.machine}")
        raise BadInput(f"It is a core of another machine ({name}), and Obit reads x86-64 and aarch64; analyse it with gdb-multiarch.")


def _spans(segments: Iterable[Segment], size: int) -> tuple[tuple[int, int, int], ...]:
    """The part of every segment that the file has. p_filesz < p_memsz means memory that was not dumped, not zeros."""
    present = ((segment, min(segment.filesz, segment.memsz, size - segment.offset, TOP - segment.vaddr)) for segment in segments)
    return tuple((segment.vaddr, segment.vaddr + length, segment.offset) for segment, length in present if length > 0)


def _cut(elf: Elf, size: int) -> list[Gap]:
    """What a file that ends early lacks, in bytes."""
    segments = elf.segments
    short = [segment.filesz - max(0, min(segment.filesz, size - segment.offset)) for segment in segments]
    lost = sum(short)
    fix = "Lift the limit that cut it (ulimit -c unlimited, or the disk's space) before the next crash."
    if lost:
        count = sum(1 for length in short if length)
        return [(f"{lost:,} bytes of the core, in {count} of its {len(segments)} segments", f"the file ends after {size:,} bytes", fix)]
    return [("part of the core's headers", f"the file ends after {size:,} bytes", fix)] if elf.truncated else []


class _Notes:
    """Collects the notes in one pass. The first NT_PRSTATUS is the thread that died; per-thread notes belong to the last one."""

    def __init__(self, machine: Machine, notes: Iterable[Note]) -> None:
        self.machine = machine
        self.files: tuple[MappedRange, ...] = ()
        self.psinfo: corenotes.Psinfo | None = None
        self.auxv: dict[int, int] = {}
        self.obit: ObitNote | None = None
        self.missing: list[Gap] = []
        self._siginfo: SignalInfo | None = None
        self._threads: list[tuple[ThreadImage, dict[int, bytes]]] = []
        for note in notes:
            self._take(note)

    def _take(self, note: Note) -> None:
        if note.name in ("CORE", "LINUX"):
            self._take_kernel(note.type, note.desc)
        elif note.name == "OBIT" and note.type == obitnote.TYPE:
            self.obit = obitnote.decode(note.desc)
            if self.obit is None:
                self.missing.append(("what Obit noted at the crash", "its note in the core is damaged", None))
        elif note.name == "VMCOREINFO":
            raise BadInput("It is a crash dump of the Linux kernel, not of a process; analyse it with crash or drgn.")

    def _take_kernel(self, kind: int, desc: bytes) -> None:
        match kind:
            case corenotes.NT_PRSTATUS:
                self._begin_thread(desc)
            case corenotes.NT_PRFPREG | corenotes.NT_X86_XSTATE | corenotes.NT_ARM_TLS if self._threads:
                self._threads[-1][1][kind] = desc
            case corenotes.NT_PRPSINFO:
                self.psinfo = self.psinfo or corenotes.prpsinfo(desc)
            case corenotes.NT_SIGINFO:
                self._siginfo = self._siginfo or corenotes.siginfo(desc)
            case corenotes.NT_AUXV:
                self.auxv = self.auxv or corenotes.auxv(desc)
            case corenotes.NT_FILE:
                self.files = self.files or corenotes.mapped_files(desc)

    def _begin_thread(self, desc: bytes) -> None:
        thread = corenotes.prstatus(self.machine, desc)
        if thread is not None and len(self._threads) < MAX_THREADS:
            self._threads.append((thread, {}))

    def threads(self) -> tuple[ThreadImage, ...]:
        """The threads with all their registers, named and described by Obit's note where there is one."""
        if not self._threads:
            self.missing.append(("threads and registers", "the core has no NT_PRSTATUS note", "Look whether the file is whole."))
        note = self.obit or {}
        names, states = note.get("thread_names", {}), note.get("thread_states", {})
        return tuple(
            ThreadImage(
                tid=thread.tid,
                registers=thread.registers,
                special=self._special(thread, blocks),
                vectors=self._vectors(blocks),
                name=names.get(thread.tid),
                signal=thread.signal,
                state=states.get(thread.tid),
            )
            for thread, blocks in self._threads
        )

    def _special(self, thread: ThreadImage, blocks: dict[int, bytes]) -> dict[str, int]:
        tls = blocks.get(corenotes.NT_ARM_TLS)
        return thread.special | corenotes.arm_tls(tls) if tls and self.machine is AARCH64 else thread.special

    def _vectors(self, blocks: dict[int, bytes]) -> Mapping[int, bytes]:
        for kind in (corenotes.NT_X86_XSTATE, corenotes.NT_PRFPREG):
            if kind in blocks and (found := corenotes.vectors(self.machine, kind, blocks[kind])):
                return found
        return {}

    def signal(self) -> SignalInfo | None:
        """NT_SIGINFO, or else the number that the first thread had; None when it died of none (a snapshot)."""
        if self._siginfo is not None:
            return self._siginfo if self._siginfo.number else None
        number = self._threads[0][0].signal if self._threads else 0
        return SignalInfo(number=number) if number else None
