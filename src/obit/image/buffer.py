"""A process of which only some bytes are known: a copied stack, or what a test says."""

from collections.abc import Mapping

from obit.debuginfo.machine import X86_64, Machine
from obit.image.memory import ModuleSource, PagedMemory, SegmentSource
from obit.image.process import LoadedModule, MappedRange, ProcessImage, SignalInfo, ThreadImage


def buffer_source(pieces: Mapping[int, bytes]) -> SegmentSource:
    """Memory from address → bytes."""
    blob = b"".join(pieces.values())
    spans, at = [], 0
    for address, data in pieces.items():
        spans.append((address, address + len(data), at))
        at += len(data)
    return SegmentSource(lambda offset, size: blob[offset : offset + size], spans)


def buffer_image(
    pieces: Mapping[int, bytes],
    threads: tuple[ThreadImage, ...] = (),
    *,
    machine: Machine = X86_64,
    mappings: tuple[MappedRange, ...] = (),
    modules: tuple[LoadedModule, ...] = (),
    signal: SignalInfo | None = None,
    pid: int = 0,
) -> ProcessImage:
    """A process with these bytes; read-only bytes of the modules come from their files."""
    return ProcessImage(
        machine=machine,
        memory=PagedMemory((buffer_source(pieces), ModuleSource(modules))),
        threads=threads,
        mappings=mappings,
        modules=modules,
        signal=signal,
        auxv={},
        process={"pid": pid},
    )
