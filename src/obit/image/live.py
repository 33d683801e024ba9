"""A live process that somebody holds still: /proc/PID gives memory, mappings and facts, the caller the registers.

Source: proc(5). Files that were deleted are opened through /proc/PID/exe and /proc/PID/map_files, which lead to the mapped inode.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from obit.debuginfo.buildid import file_reader, open_regular
from obit.debuginfo.elf import Elf
from obit.debuginfo.machine import MACHINES, Machine
from obit.errors import BadInput, EnvironmentLacks, NothingFound
from obit.image import corenotes
from obit.image.lazymodule import Opened
from obit.image.loading import ModuleLoader, file_headers, open_checked
from obit.image.mappings import MappingIndex
from obit.image.memory import PagedMemory
from obit.image.modules import DELETED, VDSO, FoundModule, find_modules
from obit.image.process import MappedRange, Memory, ProcessImage, SignalInfo, ThreadImage

if TYPE_CHECKING:
    from obit.debuginfo.search import FileFinder


def live_image(pid: int, threads: tuple[ThreadImage, ...], finder: "FileFinder", *, signal: SignalInfo | None = None) -> ProcessImage:
    """The process `pid`, stopped as long as the image is used: pages are read once. `NothingFound` when it is gone, `EnvironmentLacks`
    when it may not be read, `BadInput` when its machine is none that Obit reads."""
    try:
        machine = _machine(pid)
        memory = PagedMemory((LiveSource(pid),))
        mappings = parse_maps(_read(pid, "maps"))
        auxv = corenotes.auxv(_read(pid, "auxv"))
        facts = _facts(pid)
    except (FileNotFoundError, ProcessLookupError):
        raise NothingFound(f"Process {pid} is gone; give the pid of a process that runs.") from None
    except PermissionError:
        raise EnvironmentLacks(f"Process {pid} may not be read; run obit as its user or as root.") from None
    found = find_modules(mappings, memory, auxv, file_headers(finder))
    return ProcessImage(
        machine=machine,
        memory=memory,
        threads=threads,
        mappings=mappings,
        modules=_LiveLoader(finder, memory, pid, mappings).load(found, auxv),
        signal=signal,
        auxv=auxv,
        process=facts,
        source="live",
    )


class LiveSource:
    """/proc/PID/mem."""

    __slots__ = ("_fd",)

    def __init__(self, pid: int) -> None:
        self._fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)

    def piece(self, address: int, size: int) -> bytes:
        """What can be read: the kernel stops at the first page that cannot."""
        try:
            return os.pread(self._fd, size, address)
        except (OSError, OverflowError):
            return b""

    def __del__(self) -> None:
        # The descriptor is not there when opening it failed.
        if hasattr(self, "_fd"):
            os.close(self._fd)


def parse_maps(raw: bytes) -> tuple[MappedRange, ...]:
    r"""/proc/PID/maps by address. The kernel writes a newline in a path as \012."""
    mappings = []
    for line in raw.split(b"\n")[:-1]:
        span, flags, offset, _, _, *path = line.split(maxsplit=5)
        start, _, end = span.partition(b"-")
        name = corenotes.text(path[0].replace(rb"\012", b"\n")) if path else None
        mappings.append(MappedRange(int(start, 16), int(end, 16), flags[:3].decode(), int(offset, 16), name))
    return tuple(mappings)


class _LiveLoader(ModuleLoader):
    """Falls back to the very files that are mapped, whatever became of their names."""

    def __init__(self, finder: "FileFinder", memory: Memory, pid: int, mappings: tuple[MappedRange, ...]) -> None:
        super().__init__(finder, memory)
        self._finder = finder
        self._pid = pid
        self._index = MappingIndex(mappings)

    def open(self, module: FoundModule, *, main: bool) -> Opened:
        """By name with the right build-id, else by mapping."""
        opened = super().open(module, main=main)
        if opened[0] is not None or module.path == VDSO:
            return opened
        for path in self._inodes(module, main=main):
            again = open_checked(path, module.build_id, self._finder, None)
            if again[0] is not None:
                return again
        return opened

    def _inodes(self, module: FoundModule, *, main: bool) -> list[str]:
        mapping = self._index.at(module.start)
        mapped = [f"/proc/{self._pid}/map_files/{mapping.start:x}-{mapping.end:x}"] if mapping else []
        return [f"/proc/{self._pid}/exe", *mapped] if main else mapped


def _machine(pid: int) -> Machine:
    descriptor = open_regular(f"/proc/{pid}/exe")
    try:
        elf = Elf(file_reader(descriptor))
    finally:
        os.close(descriptor)
    if elf.machine not in MACHINES:
        raise BadInput(f"Process {pid} is of a machine that Obit does not read (ELF number {elf.machine}); look at it with gdb.")
    return MACHINES[elf.machine]


def _read(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()


def _facts(pid: int) -> dict[str, Any]:
    status = _fields(_read(pid, "status"))
    environ = corenotes.text(_read(pid, "environ")).split("\0")
    return {
        "pid": pid,
        "ppid": int(status["PPid"]),
        "uid": int(status["Uid"].split()[0]),
        "gid": int(status["Gid"].split()[0]),
        "comm": status["Name"],
        "exe": corenotes.text(os.readlink(f"/proc/{pid}/exe".encode())).removesuffix(DELETED),
        "cmdline": corenotes.text(_read(pid, "cmdline")).rstrip("\0").split("\0"),
        "environ": dict(variable.split("=", 1) for variable in environ if "=" in variable),
    }


def _fields(status: bytes) -> Mapping[str, str]:
    r"""Name → value of /proc/PID/status; the kernel escapes newlines in Name."""
    pairs = (line.partition(":\t") for line in corenotes.text(status).split("\n"))
    return {name: value.strip() for name, _, value in pairs}
