"""A core file becomes a `ProcessImage`."""

from typing import TYPE_CHECKING

from obit.errors import BadInput
from obit.image.compressed import OpenedFile, Progress, open_file
from obit.image.core import Core, Gap, parse_core
from obit.image.facts import main_module, process_facts
from obit.image.linkmap import AT_PHDR, exec_name, name_mappings
from obit.image.loading import ModuleLoader, file_headers
from obit.image.mappings import core_mappings, is_file
from obit.image.memory import ModuleSource, PagedMemory, SegmentSource
from obit.image.modules import FileHeaders, FoundModule, find_modules
from obit.image.process import MappedRange, Memory, ProcessImage

if TYPE_CHECKING:
    from obit.debuginfo.search import FileFinder


def open_core(path: str, finder: "FileFinder", *, progress: Progress | None = None) -> ProcessImage:
    """The process that a core (plain or compressed) holds; `finder` finds the modules' files. `BadInput` when the file is no core that
    Obit reads."""
    opened = open_file(path, progress=progress)
    try:
        core = parse_core(opened.read, opened.read.size)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    return core_image(core, opened, finder)


def core_image(core: Core, opened: OpenedFile, finder: "FileFinder") -> ProcessImage:
    """The process of a core that is parsed."""
    segments = SegmentSource(opened.read, core.spans)
    memory = PagedMemory((segments,))
    headers = file_headers(finder, exec_name(memory, core.auxv))
    mappings = _mappings(core, memory, headers)
    found = find_modules(mappings, memory, core.auxv, headers)
    modules = ModuleLoader(finder, memory).load(found, core.auxv)
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
        missing=(*opened.missing, *core.missing, *_nameless(core, found), *note.get("missing", ())),
        captured_at=note.get("captured_at") or opened.modified,
        source=note.get("source"),
        message=note.get("message"),
        attributes=note.get("attributes", {}),
    )


def _mappings(core: Core, memory: Memory, headers: FileHeaders) -> tuple[MappedRange, ...]:
    mappings = core_mappings(core)
    if any(is_file(mapping) for mapping in mappings):
        return mappings
    return name_mappings(mappings, memory, core.auxv, headers)


def _nameless(core: Core, found: tuple[FoundModule, ...]) -> list[Gap]:
    """What to say of a core that does not name its files when the executable could not be told by other means."""
    if core.files or core.obit or AT_PHDR not in core.auxv or main_module(found, core.auxv) is not None:
        return []
    why = "the core does not name its files (no NT_FILE), does not have the executable's first page, and no file fits its entry point"
    return [("the executable", why, "obit analyze --exe FILE (the executable that ran)")]
