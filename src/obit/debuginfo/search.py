"""Finding the files that belong to a module: its ELF file, its debug file, dwz's supplementary file.

A build-id decides: a file whose build-id is another is not used, and the answer says so. Paths come from cores and debug files, which
may be hostile: only regular files are opened, none below /proc, /sys or /dev. No network is asked (`debuginfod` is a step of its own,
by the user's wish).
"""

import os
import zlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from obit.debuginfo.buildid import build_id_of_file, open_regular
from obit.debuginfo.cache import Cache
from obit.debuginfo.packages import LISTS, Packages

_DELETED = " (deleted)"
_NEVER = ("/proc/", "/sys/", "/dev/")
_CHUNK = 1 << 20


class Found(msgspec.Struct, frozen=True):
    """`path` of the file to use, or None; then `why`, and `fix`: the command that would mend it, when one is known."""

    path: str | None
    why: str | None = None
    fix: str | None = None


class FileFinder:
    """Looks for files in this order: `executables` that the user named, `sysroot`, the recorded path, debug directories (the
    `debug_directories` given, those of the sysroot, /usr/lib/debug), `kept` (files by a module's build-id, as they were when it
    crashed), the cache, what a debuginfod client of this user fetched before. Before all that: `held`, where the very files that were
    mapped can be read, by their recorded paths."""

    def __init__(
        self,
        executables: tuple[str, ...] = (),
        sysroot: str | None = None,
        debug_directories: tuple[str, ...] = (),
        cache: Cache | None = None,
        packages: Packages | None = None,
        kept: Callable[[str], Sequence[str]] | None = None,
        held: Mapping[str, str] | None = None,
    ) -> None:
        self._executables = executables
        self._sysroot = sysroot.rstrip("/") if sysroot else None
        own = (f"{self._sysroot}/usr/lib/debug",) if self._sysroot is not None else ()
        self._debug = (*debug_directories, *own, "/usr/lib/debug")
        self._cache = cache
        self._kept = kept
        self._held = held or {}
        self._packages = packages or Packages(f"{self._sysroot}{LISTS}" if self._sysroot is not None else LISTS)

    def module(self, path: str, build_id: str | None, *, main: bool = False) -> Found:
        """The ELF file of a module that the process had mapped from `path`. Without a build-id the recorded path is believed (for the
        `main` executable, the first the user named), and `why` says that nothing vouches for it."""
        held = self._held.get(path)
        if held is not None and (build_id is None or build_id_of_file(held) == build_id):
            return Found(held)
        recorded = _clean(path)
        if build_id is None:
            return self._unchecked(recorded, main=main)
        wrong: str | None = None
        for candidate in self._module_candidates(recorded, build_id):
            found = build_id_of_file(candidate)
            if found == build_id:
                return Found(candidate, f"{wrong} is another build and was not used" if wrong in self._executables and main else None)
            if found is not None or os.path.isfile(candidate):
                wrong = wrong or candidate
        if wrong is not None:
            return Found(
                None,
                f"{wrong} is another build (build-id {build_id_of_file(wrong) or 'none'}, the process had {build_id})",
                _fix_module(main),
            )
        return Found(None, f"{path} is not on this machine", _fix_module(main))

    def _module_candidates(self, recorded: str | None, build_id: str) -> list[str]:
        candidates = list(self._executables)
        if recorded is not None:
            candidates += [f"{self._sysroot}{recorded}", recorded] if self._sysroot is not None else [recorded]
        candidates += [f"{directory}/{_by_id(build_id)}" for directory in self._debug]
        candidates += self._kept(build_id) if self._kept else ()
        candidates += self._fetched(f"{build_id}.fetched-executable")
        return [*candidates, f"{_client_cache()}/{build_id}/executable"]

    def _fetched(self, name: str) -> list[str]:
        """What the debuginfod client left in the cache."""
        kept = self._cache.find(name) if self._cache is not None else None
        return [kept] if kept is not None else []

    def _unchecked(self, recorded: str | None, *, main: bool) -> Found:
        candidates = list(self._executables[:1]) if main else []
        if recorded is not None:
            candidates.append(f"{self._sysroot or ''}{recorded}")
        for candidate in candidates:
            if os.path.isfile(candidate):
                return Found(candidate, "no build-id says that the file is the one that ran")
        return Found(None, f"{recorded or 'the file'} is not on this machine", _fix_module(main))

    def debug(self, elf_path: str, build_id: str | None, link: tuple[str, int] | None = None) -> Found:
        """The separate debug file of the ELF file at `elf_path`; `link` is the name and CRC of its .gnu_debuglink."""
        wrong: str | None = None
        for candidate in self._debug_candidates(elf_path, build_id, link):
            if not os.path.isfile(candidate):
                continue
            if self._belongs(candidate, build_id, link):
                return Found(candidate)
            wrong = wrong or candidate
        why = f"{wrong} is of another build" if wrong else "no debug file is installed"
        return Found(None, why, self.fix_debug(elf_path))

    def _debug_candidates(self, elf_path: str, build_id: str | None, link: tuple[str, int] | None) -> list[str]:
        candidates = []
        if build_id:
            candidates += [f"{directory}/{_by_id(build_id)}.debug" for directory in self._debug]
            candidates += self._fetched(f"{build_id}.fetched-debug")
            candidates.append(f"{_client_cache()}/{build_id}/debuginfo")
        # The name comes from the file: with a slash in it, it would name any file at all.
        if link and link[0] and "/" not in link[0]:
            folder = os.path.dirname(os.path.realpath(elf_path))
            inner = folder.removeprefix(self._sysroot) if self._sysroot else folder
            candidates += [f"{folder}/{link[0]}", f"{folder}/.debug/{link[0]}"]
            candidates += [f"{directory}{inner}/{link[0]}" for directory in self._debug]
        return [candidate for candidate in candidates if candidate != elf_path]

    @staticmethod
    def _belongs(candidate: str, build_id: str | None, link: tuple[str, int] | None) -> bool:
        """Whether a debug file is the right one: by build-id where both have one, else by the link's CRC, which means to read it all."""
        theirs = build_id_of_file(candidate)
        if build_id and theirs:
            return build_id == theirs
        return link is not None and crc_of_file(candidate) == link[1]

    def alternate(self, debug_path: str, name: str, build_id: str) -> Found:
        """The supplementary file that dwz made common to several (.gnu_debugaltlink in `debug_path`): by build-id, by its name."""
        candidates = [f"{directory}/{_by_id(build_id)}.debug" for directory in self._debug]
        candidates.append(os.path.normpath(os.path.join(os.path.dirname(os.path.realpath(debug_path)), name)))
        candidates += [f"{directory}/.dwz/{os.path.basename(name)}" for directory in self._debug]
        for candidate in candidates:
            if not candidate.startswith(_NEVER) and build_id_of_file(candidate) == build_id:
                return Found(self.inflated(candidate, build_id))
        return Found(None, f"the supplementary debug file {name} is not on this machine", self.fix_debug(debug_path))

    def open(self, path: str) -> int | None:  # noqa: ARG002  it matters to finders that are not allowed to open by path
        """A descriptor for a file found here, to be closed by whoever asked; None: open it by its path. `BadInput`."""
        return None

    def fix_debug(self, elf_path: str) -> str:
        """The command that gets the debug symbols of an ELF file."""
        inside = elf_path.removeprefix(self._sysroot) if self._sysroot else elf_path
        return (
            self._packages.debug_command(inside) or "obit analyze --debuginfod (the symbols from a debuginfod server), or build it with -g"
        )

    def inflated(self, path: str, build_id: str | None, kind: str = "debug") -> str:
        """A copy of a "debug" file or an "executable" without compressed sections, when it has any and there is a cache to keep the copy
        in; its own path otherwise. To be asked when DWARF is about to be read, for libdw inflates all of a file at once."""
        return self._cache.decompressed(path, build_id, kind) if self._cache is not None and build_id else path


def crc_of_file(path: str) -> int | None:
    """The CRC-32 that .gnu_debuglink has of a debug file; None when it cannot be read."""
    try:
        descriptor = open_regular(path)
    except OSError:
        return None
    crc = 0
    try:
        while chunk := os.read(descriptor, _CHUNK):
            crc = zlib.crc32(chunk, crc)
        return crc
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _clean(path: str) -> str | None:
    """A recorded path made plain; None for what names no file that may be opened ([vdso], /memfd:…, below /proc, relative)."""
    if not path.startswith("/") or "\0" in path:
        return None
    plain = os.path.normpath(path.removesuffix(_DELETED))
    plain = "/" + plain.lstrip("/")
    return None if plain.startswith(_NEVER) or path.startswith("/memfd:") else plain


def _by_id(build_id: str) -> str:
    return f".build-id/{build_id[:2]}/{build_id[2:]}"


def _client_cache() -> str:
    """Where elfutils' debuginfod client keeps what it fetched (debuginfod_find_debuginfo(3))."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("DEBUGINFOD_CACHE_PATH") or f"{base}/debuginfod_client"


def _fix_module(main: bool) -> str:
    return (
        "obit analyze --exe FILE (the executable that ran)" if main else "obit analyze --sysroot DIR (where the files of that machine are)"
    )
