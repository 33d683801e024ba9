"""The ELF files that a process has loaded, from its mappings.

A file is a module when its program headers agree with how it is mapped; one that is merely mapped as data is not. Headers and
build-id are read from the process's own memory, because the file on disk may be another by now; the file is asked only for what
memory does not have, and then the module says that nobody checked it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

import msgspec

from obit.debuginfo.elf import ET_DYN, ET_EXEC, PF_X, PT_LOAD, PT_NOTE, Elf, Segment, build_id_of_segment
from obit.errors import BadInput
from obit.image.core import TOP
from obit.image.mappings import AT_SYSINFO_EHDR, MappingIndex, by_path
from obit.image.process import MappedRange, Memory

PAGE_MASK = ~0xFFF
MAX_HEADERS = 1 << 13
"""Bytes of program headers: 145 of them, where programs have about 15."""
MAX_MODULES = 8192
MAX_LOOKED_AT = MAX_MODULES
"""ELF headers that are read in one core: a hostile one can have one in each of a million mappings."""
MAX_VDSO = 1 << 20

VDSO = "[vdso]"
DELETED = " (deleted)"
UNCHECKED = "the process's memory does not show its build-id, so the file is used unchecked"

FileHeaders = Callable[[str], Elf | None]
"""The headers of the file at a path of the process; None when there is no such ELF file here."""


class FoundModule(msgspec.Struct, frozen=True):
    """A module before its file is opened. `path` is without " (deleted)"; `deleted` says that it had that."""

    path: str
    start: int
    end: int
    bias: int
    build_id: str | None
    note: str | None = None
    deleted: bool = False


def find_modules(mappings: Sequence[MappedRange], memory: Memory, auxv: Mapping[int, int], headers: FileHeaders) -> tuple[FoundModule, ...]:
    """The modules by address, the vdso among them."""
    index = MappingIndex(mappings)
    seen = MemoryHeaders(memory)
    found = (module for path, group in by_path(mappings).items() for module in _of_file(path, group, index, seen, headers))
    vdso = _vdso(auxv.get(AT_SYSINFO_EHDR), index, memory)
    return tuple(sorted([*islice(found, MAX_MODULES), *vdso], key=lambda module: module.start))


class MemoryHeaders:
    """The ELF headers in a process's memory: `MAX_LOOKED_AT` files at most."""

    __slots__ = ("_left", "memory")

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._left = MAX_LOOKED_AT

    def at(self, start: int) -> Elf | None:
        """The headers of the ELF file mapped at `start`; None when memory shows none there."""
        memory = self.memory
        if memory.read_some(start, 4) != b"\x7fELF" or self._left == 0:
            return None
        self._left -= 1
        return loadable(lambda offset, size: memory.read_some(start + offset, min(size, MAX_HEADERS)))


def loadable(source: Callable[[int, int], bytes]) -> Elf | None:
    """The headers of an executable or a shared library; None for anything else."""
    try:
        elf = Elf(source)
    except BadInput:
        return None
    return elf if elf.type in (ET_EXEC, ET_DYN) and loads(elf) else None


def loads(elf: Elf) -> list[Segment]:
    """The PT_LOAD segments that have a size."""
    return [segment for segment in elf.segments if segment.type == PT_LOAD and segment.memsz]


def extent(elf: Elf, bias: int) -> tuple[int, int]:
    """The addresses that an ELF file loaded with `bias` takes, in whole pages: (start, end)."""
    segments = loads(elf)
    start = min(segment.vaddr for segment in segments) & PAGE_MASK
    end = (max(segment.vaddr + segment.memsz for segment in segments) + 0xFFF) & PAGE_MASK
    return start + bias, end + bias


def memory_build_id(elf: Elf, bias: int, memory: Memory) -> str | None:
    """The build-id that the loaded file has in memory."""
    for segment in elf.segments:
        if segment.type == PT_NOTE:
            found = build_id_of_segment(segment, partial(memory.read_some, segment.vaddr + bias))
            if found:
                return found
    return None


def _of_file(path: str, group: list[MappedRange], index: MappingIndex, seen: MemoryHeaders, headers: FileHeaders) -> Iterator[FoundModule]:
    """The modules that one file was loaded as: mostly one, several after dlmopen, none for data."""
    elf: Elf | None = None
    reach, any_found = 0, False
    for mapping in group:
        if mapping.offset or mapping.start < reach or not (elf := seen.at(mapping.start)):
            continue
        module = _placed(path, elf, mapping, index, seen.memory)
        if module is not None:
            reach, any_found = module.end, True
            yield module
    if not any_found and elf is None and any(mapping.flags[2:] == "x" or mapping.flags == "?" for mapping in group):
        yield from _unseen(path, group, index, headers)


def _placed(path: str, elf: Elf, mapping: MappedRange, index: MappingIndex, memory: Memory) -> FoundModule | None:
    """The module whose ELF header is at the start of a mapping."""
    bias = bias_of(elf, mapping)
    if bias is None or not _is_loaded(elf, bias, index):
        return None
    build_id = memory_build_id(elf, bias, memory)
    return _module(path, elf, bias, build_id, None if build_id else UNCHECKED)


def _unseen(path: str, group: list[MappedRange], index: MappingIndex, headers: FileHeaders) -> Iterator[FoundModule]:
    """The module whose first page memory does not have, as the file on disk describes it; that file is not known to be the same."""
    elf = None if path.endswith(DELETED) else headers(path)
    if elf is None:
        return
    for mapping in group:
        bias = bias_of(elf, mapping)
        if bias is not None and _is_loaded(elf, bias, index):
            yield _module(path, elf, bias, None, UNCHECKED)
            return


def _module(path: str, elf: Elf, bias: int, build_id: str | None, note: str | None) -> FoundModule:
    start, end = extent(elf, bias)
    return FoundModule(path.removesuffix(DELETED), start, end, bias, build_id, note, path.endswith(DELETED))


def bias_of(elf: Elf, mapping: MappedRange) -> int | None:
    """Runtime minus file address, if `mapping` is the start of one of the file's segments: the same page of the file, and
    executable or not alike where that is known."""
    for segment in loads(elf):
        same_kind = mapping.flags == "?" or mapping.offset == 0 or (mapping.flags[2:] == "x") == bool(segment.flags & PF_X)
        if same_kind and segment.offset & PAGE_MASK == mapping.offset and segment.filesz:
            return mapping.start - mapping.offset - (segment.vaddr - segment.offset)
    return None


def _is_loaded(elf: Elf, bias: int, index: MappingIndex) -> bool:
    """Whether the code (or all, in a file without code) is where a loader would have put it."""
    segments = [segment for segment in loads(elf) if segment.filesz]
    code = [segment for segment in segments if segment.flags & PF_X]
    start, end = extent(elf, bias)
    return 0 <= start < end <= TOP and all(_is_at(segment, bias, index) for segment in code or segments)


def _is_at(segment: Segment, bias: int, index: MappingIndex) -> bool:
    address = (segment.vaddr & PAGE_MASK) + bias
    mapping = index.at(address)
    if mapping is None:
        return False
    if segment.flags & PF_X and mapping.flags[2:] == "-":
        return False
    # Code that was copied to huge pages is in a mapping without a file.
    return mapping.path is None or mapping.offset + address - mapping.start == segment.offset & PAGE_MASK


def _vdso(start: int | None, index: MappingIndex, memory: Memory) -> Iterable[FoundModule]:
    """The kernel's own library: AT_SYSINFO_EHDR is where its ELF header is."""
    elf = MemoryHeaders(memory).at(start) if start else None
    if elf is None or start is None:
        return ()
    bias = start - elf.image_base
    mapping = index.at(start)
    end = mapping.end if mapping else extent(elf, bias)[1]
    return (FoundModule(VDSO, start, min(end, start + MAX_VDSO), bias, memory_build_id(elf, bias, memory)),)
