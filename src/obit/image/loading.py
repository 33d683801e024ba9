"""Modules with their files, which are opened when somebody asks."""

import os
from collections.abc import Mapping

from obit.debuginfo.module import DebugModule
from obit.image.facts import main_module
from obit.image.lazymodule import LazyModule, ModuleOpener
from obit.image.modules import VDSO, FoundModule
from obit.image.process import LoadedModule, Memory

DELETED = "the file was deleted or replaced while the process ran, and without a build-id no other can be trusted"


def load_modules(
    found: tuple[FoundModule, ...], memory: Memory, auxv: Mapping[int, int], opener: ModuleOpener, exe: str | None = None
) -> tuple[LoadedModule, ...]:
    """The modules of a process. `exe` replaces the path of the executable's file; its build-id is checked all the same."""
    main = main_module(found, auxv)
    return tuple(_load(module, memory, opener, exe if exe and module is main else None) for module in found)


def _load(module: FoundModule, memory: Memory, opener: ModuleOpener, instead: str | None) -> LoadedModule:
    if module.path == VDSO:
        return _loaded(module, LazyModule(VDSO, module.build_id, lambda: _open_in_memory(module, memory, opener)), None)
    if module.deleted and module.build_id is None and instead is None:
        return _loaded(module, None, DELETED)
    path = instead or module.path
    return _loaded(module, LazyModule(path, module.build_id, lambda: opener(path, module.build_id)), module.note)


def _loaded(module: FoundModule, file: DebugModule | None, note: str | None) -> LoadedModule:
    return LoadedModule(module.path, module.start, module.end, module.bias, module.build_id, file, note)


def _open_in_memory(module: FoundModule, memory: Memory, opener: ModuleOpener) -> tuple[DebugModule | None, str | None]:
    """A library that is no file, from its bytes in memory (all of its sections are there)."""
    image = memory.read_some(module.start, module.end - module.start)
    fd = os.memfd_create("vdso", os.MFD_CLOEXEC)
    try:
        os.write(fd, image)
        return opener(f"/proc/self/fd/{fd}", module.build_id)
    finally:
        os.close(fd)
