"""The address space's mappings, from what a core says of them in different places."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from obit.debuginfo.elf import PF_R, PF_W, PF_X, Segment
from obit.image.core import TOP, Core
from obit.image.process import MappedRange

AT_SYSINFO_EHDR, AT_RANDOM = 33, 25
VSYSCALL = 0xFFFFFFFFFF600000


def core_mappings(core: Core) -> tuple[MappedRange, ...]:
    """All mappings by address. Obit's note has /proc/PID/maps; else the segments, which every dumper writes for memory that it left
    out too, have the permissions, and NT_FILE the paths."""
    noted = (core.obit or {}).get("maps")
    if noted:
        return tuple(sorted((MappedRange(start, end, flags[:3], offset, path) for start, end, flags, offset, path in noted), key=_start))
    files = {file.start: file for file in core.files}
    special = _special(core)
    found = [_of_segment(segment, files.pop(segment.vaddr, None), special) for segment in core.segments if segment.memsz > 0]
    return tuple(sorted([*found, *files.values()], key=_start))


def _start(mapping: MappedRange) -> int:
    return mapping.start


def _special(core: Core) -> dict[int, str]:
    """Addresses that tell what a mapping without a file is. The kernel puts AT_RANDOM's bytes on the main thread's stack."""
    known = {VSYSCALL: "[vsyscall]"}
    if AT_SYSINFO_EHDR in core.auxv:
        known[core.auxv[AT_SYSINFO_EHDR]] = "[vdso]"
    if AT_RANDOM in core.auxv:
        known[core.auxv[AT_RANDOM]] = "[stack]"
    return known


def _of_segment(segment: Segment, file: MappedRange | None, special: dict[int, str]) -> MappedRange:
    end = min(segment.vaddr + segment.memsz, TOP)
    flags = ("r" if segment.flags & PF_R else "-") + ("w" if segment.flags & PF_W else "-") + ("x" if segment.flags & PF_X else "-")
    if file is not None:
        return MappedRange(segment.vaddr, end, flags, file.offset, file.path)
    name = next((name for address, name in special.items() if segment.vaddr <= address < end), None)
    return MappedRange(segment.vaddr, end, flags, 0, name)


class MappingIndex:
    """Finds the mapping of an address among many."""

    __slots__ = ("_mappings", "_starts")

    def __init__(self, mappings: Sequence[MappedRange]) -> None:
        self._mappings = sorted(mappings, key=_start)
        self._starts = [mapping.start for mapping in self._mappings]

    def at(self, address: int) -> MappedRange | None:
        """The mapping that contains an address."""
        at = bisect_right(self._starts, address) - 1
        return self._mappings[at] if at >= 0 and address < self._mappings[at].end else None


def by_path(mappings: Iterable[MappedRange]) -> dict[str, list[MappedRange]]:
    """The mappings of each file, in order of address."""
    groups: dict[str, list[MappedRange]] = {}
    for mapping in mappings:
        if is_file(mapping):
            groups.setdefault(mapping.path or "", []).append(mapping)
    return groups


def is_file(mapping: MappedRange) -> bool:
    """Whether a mapping is of a file: the kernel's own names are in brackets."""
    return mapping.path is not None and not mapping.path.startswith("[")
