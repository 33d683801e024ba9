"""Modules with their files, which are found and opened when somebody asks."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from obit.debuginfo.buildid import open_regular
from obit.debuginfo.elf import Elf
from obit.errors import BadInput
from obit.image.facts import main_module
from obit.image.lazymodule import LazyModule, Opened
from obit.image.memory import FileReader
from obit.image.modules import VDSO, FileHeaders, FoundModule, loadable
from obit.image.process import LoadedModule, Memory

if TYPE_CHECKING:
    from obit.debuginfo.module import DebugModule
    from obit.debuginfo.search import FileFinder

DELETED = "the file was deleted or replaced while the process ran, and without a build-id no other can be trusted"


class ModuleLoader:
    """Makes `LoadedModule`s. `finder` decides which file is a module's; the vdso's is written from memory."""

    def __init__(self, finder: "FileFinder", memory: Memory) -> None:
        self._finder = finder
        self._memory = memory

    def load(self, found: tuple[FoundModule, ...], auxv: Mapping[int, int]) -> tuple[LoadedModule, ...]:
        """The modules, none of them opened yet."""
        main = main_module(found, auxv)
        return tuple(self._load(module, module is main) for module in found)

    def _load(self, module: FoundModule, main: bool) -> LoadedModule:
        file: DebugModule | None = LazyModule(module.path, module.build_id, lambda: self.open(module, main=main))
        note = module.note
        if module.deleted and module.build_id is None:
            file, note = None, DELETED
        return LoadedModule(module.path, module.start, module.end, module.bias, module.build_id, file, note)

    def open(self, module: FoundModule, *, main: bool) -> Opened:
        """The module's file, checked once more after it was opened."""
        if module.path == VDSO:
            return self._open_in_memory(module)
        found = self._finder.module(module.path, module.build_id, main=main)
        said = found.path is not None and module.note is not None  # that nothing vouches for the file
        remark = (found.why, found.fix) if found.why and not said else None
        return open_checked(found.path, module.build_id, self._finder, remark) if found.path else (None, remark)

    def _open_in_memory(self, module: FoundModule) -> Opened:
        """A library that is no file, from its bytes in memory (all of its sections are there)."""
        from obit.debuginfo.elfmodule import ElfModule
        from obit.debuginfo.libdw import File

        fd = os.memfd_create("vdso", os.MFD_CLOEXEC)
        os.write(fd, self._memory.read_some(module.start, module.end - module.start))
        return _checked(lambda: ElfModule(File.from_descriptor(fd, VDSO)), module.build_id, None)


def open_checked(path: str, build_id: str | None, finder: "FileFinder | None", remark: tuple[str, str | None] | None) -> Opened:
    """The file at a path if its build-id is the one that is asked for (any, for None)."""
    from obit.debuginfo.elfmodule import open_module

    return _checked(lambda: open_module(path, finder), build_id, remark)


def _checked(opener: Callable[[], "DebugModule"], build_id: str | None, remark: tuple[str, str | None] | None) -> Opened:
    try:
        module = opener()
    except BadInput as error:
        return None, (str(error), None)
    if build_id is not None and module.build_id != build_id:
        return None, (f"{module.path} is another build and was not used", None)
    return module, remark


def file_headers(finder: "FileFinder", main: str | None = None) -> FileHeaders:
    """Reads the headers of the executable or library at a path of the process, wherever the finder has it. `main` is the path of the
    executable, as far as it is known."""

    def headers(path: str) -> Elf | None:
        found = finder.module(path, None, main=path == main).path
        try:
            return loadable(FileReader(finder.open(found) or open_regular(found))) if found else None
        except (OSError, BadInput):
            return None

    return headers
