"""A core file becomes a `ProcessImage`."""

import os
import stat

from obit.debuginfo.elf import Elf
from obit.errors import BadInput
from obit.image.compressed import Progress, open_file
from obit.image.core import Core, parse_core
from obit.image.facts import process_facts
from obit.image.lazymodule import ModuleOpener
from obit.image.linkmap import name_mappings
from obit.image.loading import load_modules
from obit.image.mappings import core_mappings
from obit.image.memory import FileReader, ModuleSource, PagedMemory, SegmentSource
from obit.image.modules import FileHeaders, find_modules, loadable
from obit.image.process import MappedRange, Memory, ProcessImage


def open_core(
    path: str,
    opener: ModuleOpener,
    *,
    exe: str | None = None,
    headers: FileHeaders | None = None,
    progress: Progress | None = None,
) -> ProcessImage:
    """The process that a core (plain or compressed) holds. `exe` is the executable's file when the user says it; `headers` looks a path
    of the process up (this machine's own files by default). `BadInput` when the file is no core that Obit reads."""
    opened = open_file(path, progress=progress)
    try:
        core = parse_core(opened.read, opened.read.size)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    segments = SegmentSource(opened.read, core.spans)
    memory = PagedMemory((segments,))
    look_up = headers or file_headers
    mappings = _mappings(core, memory, exe, look_up)
    found = find_modules(mappings, memory, core.auxv, look_up)
    modules = load_modules(found, memory, core.auxv, opener, exe)
    note = core.obit or {}
    return ProcessImage(
        machine=core.machine,
        memory=PagedMemory((segments, ModuleSource(modules))),
        threads=core.threads,
        mappings=mappings,
        modules=modules,
        signal=core.signal,
        auxv=core.auxv,
        process=process_facts(core, memory, found),
        host=note.get("host", {}),
        missing=(*opened.missing, *core.missing, *note.get("missing", ())),
        captured_at=note.get("captured_at") or opened.modified,
        source=note.get("source"),
        message=note.get("message"),
        attributes=note.get("attributes", {}),
    )


def _mappings(core: Core, memory: Memory, exe: str | None, headers: FileHeaders) -> tuple[MappedRange, ...]:
    mappings = core_mappings(core)
    if any(mapping.path and mapping.path.startswith("/") for mapping in mappings):
        return mappings
    return name_mappings(mappings, memory, core.auxv, exe, headers)


def file_headers(path: str) -> Elf | None:
    """The headers of the executable or library at a path of this machine."""
    try:
        # Without O_NONBLOCK a FIFO would hang here.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return None
    return loadable(FileReader(fd))
