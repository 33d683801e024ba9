"""glibc keeps its last words: `__abort_msg` points to a block of their own pages, {size, text} (glibc stdlib/abort.c, assert/assert.c).

With the C library's symbols the pointer is read; without them, every word of the library's writable data that looks like it is
tried: page-aligned, and what it points to begins with a multiple of the page size and goes on with text.
"""

from collections.abc import Iterator

from obit.analysis.classify.context import CrashContext
from obit.image.process import LoadedModule, MemoryAbsent

_PAGE = 4096
_SEARCHED = 1 << 20
"""Bytes of a module's writable data that are searched at most."""
_LONGEST = 4000


def abort_message(context: CrashContext) -> str | None:
    """The message without its final newline; None when there is none."""
    for pointer in _candidates(context):
        message = _message(context, pointer)
        if message:
            return message
    return None


def _candidates(context: CrashContext) -> Iterator[int]:
    modules = [module for module in context.image.modules if _may_hold_libc(module)]
    for module in modules:
        symbol = module.file.find_symbol("__abort_msg") if module.file else None
        pointer = context.word(symbol.address + module.bias) if symbol else None
        if pointer:
            yield pointer
        if symbol and pointer is not None:
            return  # null: nothing was said
    for module in modules:
        yield from _pointers(context, module)


def _may_hold_libc(module: LoadedModule) -> bool:
    """libc itself, or a program that may be linked with it statically."""
    name = module.path.rpartition("/")[2]
    return name.startswith(("libc.so", "libc-2")) or ".so" not in name


def _pointers(context: CrashContext, module: LoadedModule) -> Iterator[int]:
    """Page-aligned pointers in the module's writable data."""
    left = _SEARCHED
    for mapping in context.image.mappings:
        if left <= 0 or mapping.end <= module.start or mapping.start >= module.end + _SEARCHED or "w" not in mapping.flags:
            continue
        if mapping.start >= module.end and mapping.path is not None:
            continue  # .bss has no path and follows the module; another file's data is not it
        data = context.image.memory.read_some(mapping.start, min(left, mapping.end - mapping.start))
        left -= len(data)
        for word in memoryview(data[: len(data) & ~7]).cast("Q"):
            if word >= _PAGE and not word & (_PAGE - 1):
                yield word


def _message(context: CrashContext, pointer: int) -> str | None:
    memory = context.image.memory
    try:
        size = int.from_bytes(memory.read(pointer, 4), "little")
    except MemoryAbsent:
        return None
    if not size or size % _PAGE or size > 1 << 24:
        return None
    raw, end, _ = memory.read_some(pointer + 4, min(size - 4, _LONGEST)).partition(b"\0")
    text = raw.decode("utf-8", "replace").rstrip("\n")
    printable = text.replace("\n", "").replace("\t", "")
    return text if end and len(text) >= 4 and printable.isprintable() else None
