"""Where a thread's copy of a thread-local variable is.

glibc's dynamic thread vector (Ulrich Drepper, "ELF Handling For Thread-Local Storage", sections 3.4.1 and 3.4.6; sysdeps/x86_64/nptl/tls.h,
sysdeps/aarch64/nptl/tls.h): `dtv[module id]` holds the block of each module. Module ids follow the link map's order among the
modules that have a PT_TLS segment, which is how ld.so counts them at start.
"""

from obit.debuginfo.elf import PT_TLS, Elf
from obit.errors import BadInput
from obit.image.linkmap import linked
from obit.image.process import LoadedModule, MemoryAbsent, ProcessImage, ThreadImage

UNALLOCATED = 0xFFFFFFFFFFFFFFFF


def thread_pointer(image: ProcessImage, thread: ThreadImage) -> int | None:
    """fs_base, or tpidr_el0."""
    return thread.special.get("fs_base" if image.machine.name == "x86_64" else "tpidr")


def tls_address(image: ProcessImage, thread: ThreadImage, module: LoadedModule, offset: int) -> int | None:
    """Address of the variable at `offset` in the module's TLS block, in this thread; None when it is not there (yet)."""
    pointer = thread_pointer(image, thread)
    index = tls_module_id(image, module)
    if pointer is None or index is None:
        return None
    try:
        dtv = image.memory.u64(pointer + (8 if image.machine.name == "x86_64" else 0))
        block = image.memory.u64(dtv + 16 * index)
    except MemoryAbsent:
        return None
    return None if block in (0, UNALLOCATED) else block + offset


def tls_module_id(image: ProcessImage, module: LoadedModule) -> int | None:
    """The module's index in the thread vectors: its place among the modules with thread-local storage, from 1."""
    count = 0
    for candidate in _load_order(image):
        if _has_tls(image, candidate):
            count += 1
            if candidate is module:
                return count
    return None


def _load_order(image: ProcessImage) -> list[LoadedModule]:
    """Modules in the link map's order; the image's own where there is no link map (a static program has one module)."""
    by_bias = {module.bias: module for module in image.modules}
    ordered = [by_bias[bias] for bias, _ in linked(image.memory, image.auxv) if bias in by_bias]
    return ordered or list(image.modules)


def _has_tls(image: ProcessImage, module: LoadedModule) -> bool:
    """Whether the module's program headers, as they are in memory, have a PT_TLS segment."""
    try:
        elf = Elf(lambda offset, size: image.memory.read_some(module.start + offset, size))
        return any(segment.type == PT_TLS for segment in elf.segments)
    except BadInput:
        return False
