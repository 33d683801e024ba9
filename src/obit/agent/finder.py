"""A `FileFinder` without a file system: the modules are the descriptors that came with the fault, the rest the broker opens."""

import os
from collections.abc import Iterable
from socket import socket

from obit.agent import messages
from obit.agent.broker import DEBUG, FILE, KEPT, NAMED, PACKAGE, VERSION
from obit.debuginfo.buildid import file_reader
from obit.debuginfo.elf import Elf
from obit.debuginfo.search import FileFinder, Found
from obit.errors import BadInput

LARGEST_SOURCE = 8 << 20
_DELETED = " (deleted)"


class BrokerGone(BaseException):
    """The broker has died: the analysis is to be begun anew, with the next. No step of it may take this for its own failure."""


class BrokerFinder(FileFinder):
    """`modules`: descriptors of mapped files by the path that the process had."""

    def __init__(self, broker: socket, modules: dict[str, int]) -> None:
        super().__init__()
        self._broker = broker
        self._files = {path.removesuffix(_DELETED): fd for path, fd in modules.items()}
        self._mapped = frozenset(self._files)

    def module(self, path: str, build_id: str | None, *, main: bool = False) -> Found:
        """The very file that was mapped; else one of that path or that build-id that the user could open."""
        plain = path.removesuffix(_DELETED)
        if plain in self._mapped and (build_id is None or self._build_id(plain) == build_id):
            return Found(plain)
        for kind, word in ((FILE, plain), (DEBUG, build_id), (KEPT, build_id)):
            name = self._ask(kind, word) if word else None
            if name and (build_id is None or self._build_id(name) == build_id):
                return Found(name, None if build_id else "no build-id says that the file is the one that ran")
        return Found(
            None, f"{plain} could not be had: it was not kept when the process crashed", "obit analyze --exe FILE" if main else None
        )

    def debug(self, elf_path: str, build_id: str | None, link: tuple[str, int] | None = None) -> Found:
        """From root's directories, by build-id, or by the name in .gnu_debuglink."""
        name = self._ask(DEBUG, f"{build_id}.debug") if build_id else None
        if name is None and link and link[0] and "/" not in link[0]:
            name = self._ask(NAMED, f"{os.path.dirname(elf_path)}/{link[0]}")
        if name is None:
            return Found(None, "no debug file is installed", self.fix_debug(elf_path))
        theirs = self._build_id(name)
        return Found(name) if theirs == build_id else Found(None, f"{name} is of another build", self.fix_debug(elf_path))

    def alternate(self, debug_path: str, name: str, build_id: str) -> Found:
        """dwz's file, by build-id or by its name below .dwz."""
        for kind, word in ((DEBUG, f"{build_id}.debug"), (NAMED, f".dwz/{os.path.basename(name)}")):
            found = self._ask(kind, word)
            if found and self._build_id(found) == build_id:
                return Found(found)
        return Found(None, f"the supplementary debug file {name} is not on this machine", self.fix_debug(debug_path))

    def open(self, path: str) -> int:
        """A descriptor of a file found before; `BadInput`."""
        if path not in self._files:
            raise BadInput(f"{path} is not among the files of this fault")
        return os.dup(self._files[path])

    def fix_debug(self, elf_path: str) -> str:
        """The command that gets the debug symbols of an ELF file."""
        answer, _ = self._request(PACKAGE, elf_path)
        return answer or super().fix_debug("")

    def packages(self, modules: Iterable[tuple[str, str | None]]) -> dict[str, tuple[str, str]]:
        """Path → (package, version) of modules that are still what is installed; they are given as (path, build-id)."""
        found = {}
        for path, build_id in modules:
            answer, _ = self._request(VERSION, f"{build_id} {path}") if build_id else ("", -1)
            package, _, version = answer.partition(" ")
            if version:
                found[path] = package, version
        return found

    def inflated(self, path: str, build_id: str | None, kind: str = "debug") -> str:  # noqa: ARG002  there is nowhere to keep a copy
        """The file itself."""
        return path

    def source(self, path: str) -> list[str] | None:
        """The lines of a source file that the crashing user could have read."""
        plain = os.path.normpath(path)
        _, fd = self._request(FILE, plain) if plain.startswith("/") else ("", -1)
        if fd < 0:
            return None
        with open(fd, "rb") as file:
            data = file.read(LARGEST_SOURCE + 1)
        return data.decode("utf-8", "replace").splitlines() if len(data) <= LARGEST_SOURCE else None

    def _ask(self, kind: bytes, word: str) -> str | None:
        name, fd = self._request(kind, word)
        if fd < 0:
            return None
        self._files.setdefault(name, fd)
        return name

    def _request(self, kind: bytes, word: str) -> tuple[str, int]:
        encoded = os.fsencode(word)
        if len(encoded) > messages.MAX_PACKET // 2 or b"\0" in encoded:
            return "", -1
        try:
            messages.send(self._broker, kind + encoded)
        except OSError:
            raise BrokerGone from None
        data, descriptors = messages.receive(self._broker)
        if not data:
            raise BrokerGone
        return (os.fsdecode(data) if data != b"-" else ""), descriptors[0] if descriptors else -1

    def _build_id(self, name: str) -> str | None:
        try:
            return Elf(file_reader(self._files[name])).build_id
        except (BadInput, OSError):
            return None
