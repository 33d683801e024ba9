"""The dynamic linker's own list of what it loaded: the way to the modules when a core has no NT_FILE.

Sources: struct r_debug and link_map (link.h of glibc and musl), DT_DEBUG (System V gABI, "Dynamic Section"), the auxiliary vector
(getauxval(3)).
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from obit.debuginfo.elf import PT_DYNAMIC, Elf, Segment
from obit.image.corenotes import text
from obit.image.mappings import AT_SYSINFO_EHDR
from obit.image.modules import PAGE_MASK, FileHeaders, MemoryHeaders, bias_of, extent, loads
from obit.image.process import MappedRange, Memory, MemoryAbsent

AT_PHDR, AT_PHENT, AT_PHNUM, AT_BASE, AT_ENTRY, AT_EXECFN = 3, 4, 5, 7, 9, 31
PT_PHDR = 6
DT_NULL, DT_DEBUG = 0, 21
MAX_LINKS = 8192
MAX_PATH = 4096

_PHDR = struct.Struct("<IIQQQQQQ")
_LINK = struct.Struct("<QQQQ")


def name_mappings(
    mappings: Sequence[MappedRange], memory: Memory, auxv: Mapping[int, int], headers: FileHeaders
) -> tuple[MappedRange, ...]:
    """The mappings with path and offset as far as the link map and the ELF headers in memory (or else in the files) tell them."""
    seen = dict(_headers_in_memory(mappings, memory))
    main = exec_name(memory, auxv)
    program = _program(main, seen, auxv, headers)
    loaded = [(main, *program)] if main and program else []
    vdso = auxv.get(AT_SYSINFO_EHDR, 0)
    for bias, name, dynamic in _links(memory, _first_link(memory, auxv, program[1].segments if program else ())):
        # The linker's own name is the executable's PT_INTERP, which is read-only text: not every core has it.
        path = name or (program[1].interpreter or "" if program and bias == auxv.get(AT_BASE) else "")
        elf = seen.get(bias) or (_fitting(headers(path), bias, dynamic) if path.startswith("/") else None)
        if path and elf is not None and not _holds(elf, bias, vdso):
            loaded.append((path, bias, elf))
    return _renamed(mappings, loaded)


def _program(main: str | None, seen: Mapping[int, Elf], auxv: Mapping[int, int], headers: FileHeaders) -> tuple[int, Elf] | None:
    """(bias, headers) of the executable: what memory shows at AT_PHDR; else the file's, when AT_PHDR and AT_ENTRY fit them."""
    table, entry = auxv.get(AT_PHDR, 0), auxv.get(AT_ENTRY)
    for bias, elf in seen.items():
        if table and _holds(elf, bias, table):
            return bias, elf
    found = headers(main) if main and table else None
    if found is None or auxv.get(AT_PHNUM) != len(found.segments):
        return None
    place = next((each.vaddr - each.offset + found.phoff for each in loads(found) if 0 <= found.phoff - each.offset < each.filesz), None)
    return None if place is None or found.entry + table - place != entry else (table - place, found)


def _fitting(elf: Elf | None, bias: int, dynamic: int) -> Elf | None:
    """A file's headers, unless they have the dynamic section elsewhere than the linker found it (l_ld): that is another build."""
    places = [segment.vaddr + bias for segment in elf.segments if segment.type == PT_DYNAMIC] if elf and dynamic else []
    return elf if not places or dynamic in places else None


def exec_name(memory: Memory, auxv: Mapping[int, int]) -> str | None:
    """The path that was given to execve, from AT_EXECFN."""
    return string(memory, auxv[AT_EXECFN], MAX_PATH) if AT_EXECFN in auxv else None


def string(memory: Memory, address: int, limit: int) -> str | None:
    """The NUL-terminated text at an address; None when it is not all there or longer than `limit` bytes."""
    for size in (min(256, limit), limit):
        data = memory.read_some(address, size)
        end = data.find(b"\0")
        if end >= 0:
            return text(data[:end])
    return None


def linked(memory: Memory, auxv: Mapping[int, int]) -> Iterator[tuple[int, str]]:
    """(bias, path) of the link map's entries; the executable's path is empty. Ends where the chain is damaged."""
    return ((bias, path) for bias, path, _ in _links(memory, _first_link(memory, auxv, ())))


def _links(memory: Memory, at: int) -> Iterator[tuple[int, str, int]]:
    """(l_addr, l_name, l_ld) of the entries from an address on."""
    seen = set[int]()
    while at and at not in seen and len(seen) < MAX_LINKS:
        seen.add(at)
        entry = memory.read_some(at, _LINK.size)
        if len(entry) < _LINK.size:
            return
        bias, name, dynamic, following = _LINK.unpack(entry)
        yield bias, string(memory, name, MAX_PATH) or "", dynamic
        at = following


def _first_link(memory: Memory, auxv: Mapping[int, int], segments: Sequence[Segment]) -> int:
    """r_debug.r_map of the executable whose program headers AT_PHDR shows (else `segments`, its file's); 0 when there is none."""
    segments = _main_segments(memory, auxv) or segments
    bias = next((auxv.get(AT_PHDR, 0) - segment.vaddr for segment in segments if segment.type == PT_PHDR), 0)
    dynamic = next((segment for segment in segments if segment.type == PT_DYNAMIC), None)
    if dynamic is None:
        return 0
    table = memory.read_some(dynamic.vaddr + bias, min(dynamic.memsz, 1 << 16))
    debug = next((value for tag, value in struct.iter_unpack("<QQ", table[: len(table) & ~15]) if tag == DT_DEBUG), 0)
    try:
        return memory.u64(debug + 8) if debug else 0
    except MemoryAbsent:
        return 0


def _main_segments(memory: Memory, auxv: Mapping[int, int]) -> list[Segment]:
    if AT_PHDR not in auxv or auxv.get(AT_PHENT) != _PHDR.size:
        return []
    table = memory.read_some(auxv[AT_PHDR], _PHDR.size * min(auxv.get(AT_PHNUM, 0), 1024))
    return [Segment(*row) for row in _PHDR.iter_unpack(table[: len(table) // _PHDR.size * _PHDR.size])]


def _headers_in_memory(mappings: Sequence[MappedRange], memory: Memory) -> Iterator[tuple[int, Elf]]:
    """(bias, headers) of what looks like a loaded ELF file at the start of a mapping."""
    headers = MemoryHeaders(memory)
    for mapping in mappings:
        elf = headers.at(mapping.start)
        bias = bias_of(elf, MappedRange(mapping.start, mapping.end, "?")) if elf else None
        if elf is not None and bias is not None:
            yield bias, elf


def _holds(elf: Elf, bias: int, address: int) -> bool:
    start, end = extent(elf, bias)
    return start <= address < end


def _renamed(mappings: Sequence[MappedRange], loaded: Sequence[tuple[str, int, Elf]]) -> tuple[MappedRange, ...]:
    places = sorted(place for path, bias, elf in loaded for place in _places(path, bias, elf))
    starts = [place[0] for place in places]
    return tuple(_named(mapping, places, starts) for mapping in mappings)


def _places(path: str, bias: int, elf: Elf) -> Iterator[tuple[int, int, int, str]]:
    """(start, end, file offset, path) of the file's segments in memory, in whole pages."""
    for segment in loads(elf):
        start = (segment.vaddr & PAGE_MASK) + bias
        yield start, segment.vaddr + segment.filesz + bias, segment.offset & PAGE_MASK, path


def _named(mapping: MappedRange, places: Sequence[tuple[int, int, int, str]], starts: Sequence[int]) -> MappedRange:
    at = bisect_right(starts, mapping.start) - 1
    if at < 0 or mapping.path is not None:
        return mapping
    start, end, offset, path = places[at]
    return MappedRange(mapping.start, mapping.end, mapping.flags, offset + mapping.start - start, path) if mapping.start < end else mapping
