"""The dynamic linker's list of loaded objects (`struct r_debug`, `struct link_map`: glibc elf/link.h; SVR4 ABI)."""

import msgspec

from obit.debuginfo.elf import PT_DYNAMIC, Elf
from obit.errors import BadInput
from obit.image.process import LoadedModule, MemoryAbsent, ProcessImage

DT_NULL, DT_DEBUG = 0, 21
MOST_OBJECTS = 10_000
MOST_DYNAMIC = 4_096


class LinkMapEntry(msgspec.Struct, frozen=True, gc=False):
    """`bias` is l_addr; `name` is empty for the main program."""

    bias: int
    name: str


def link_map(image: ProcessImage) -> list[LinkMapEntry]:
    """The chain from the main program's DT_DEBUG on, as far as it can be read; empty for static programs."""
    for module in image.modules:
        debug = _dynamic_value(image, module, DT_DEBUG)
        if debug:
            return _chain(image, debug)
    return []


def _dynamic_value(image: ProcessImage, module: LoadedModule, tag: int) -> int | None:
    """A value of the module's dynamic section as it is in memory."""
    try:
        elf = Elf(lambda offset, size: image.memory.read_some(module.start + offset, size))
        segment = next((s for s in elf.segments if s.type == PT_DYNAMIC), None)
        if segment is None:
            return None
        for index in range(min(segment.memsz // 16, MOST_DYNAMIC)):
            found = image.memory.u64(module.bias + segment.vaddr + 16 * index)
            if found == tag:
                return image.memory.u64(module.bias + segment.vaddr + 16 * index + 8)
            if found == DT_NULL:
                return None
    except (MemoryAbsent, BadInput):
        pass
    return None


def _chain(image: ProcessImage, debug: int) -> list[LinkMapEntry]:
    found: list[LinkMapEntry] = []
    try:
        here = image.memory.u64(debug + 8)
        while here and len(found) < MOST_OBJECTS:
            name = image.memory.read_some(image.memory.u64(here + 8), 4096).split(b"\0", 1)[0]
            found.append(LinkMapEntry(image.memory.u64(here), name.decode("utf-8", "replace")))
            here = image.memory.u64(here + 24)
    except MemoryAbsent:
        pass
    return found
