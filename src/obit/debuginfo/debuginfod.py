"""A debuginfod client: fetches debug files and executables by build-id into the cache. Used by the command line, as the user, when the
user asks for it; the analyser never asks a network.

Protocol: debuginfod(8), `GET /buildid/BUILDID/debuginfo` and `/executable`. A server that goes silent, drips or sends something else
costs a limited time and leaves nothing behind.
"""

import os
import time
from collections.abc import Callable
from typing import Any, Literal

from obit.debuginfo.buildid import file_reader
from obit.debuginfo.cache import Cache, Entry
from obit.debuginfo.elf import Elf
from obit.debuginfo.search import FileFinder, Found
from obit.errors import BadInput

Kind = Literal["debuginfo", "executable"]

TOTAL_SECONDS = 90.0
SILENT_SECONDS = 10.0
_CHUNK = 1 << 16
_NAMES: dict[Kind, str] = {"debuginfo": "fetched-debug", "executable": "fetched-executable"}


def servers(configured: str | None = None) -> tuple[str, ...]:
    """The servers of a setting, else of $DEBUGINFOD_URLS: separated by blanks, http and https only."""
    text = configured if configured is not None else os.environ.get("DEBUGINFOD_URLS", "")
    return tuple(url.rstrip("/") for url in text.split() if url.startswith(("http://", "https://")))


class Debuginfod:
    """Asks `urls` in order. Each file may take `total` seconds, and a server `silent` seconds between two pieces of its answer."""

    def __init__(self, urls: tuple[str, ...], cache: Cache, *, total: float = TOTAL_SECONDS, silent: float = SILENT_SECONDS) -> None:
        self._urls = urls
        self._cache = cache
        self._total = total
        self._silent = silent

    def fetch(self, build_id: str, kind: Kind = "debuginfo") -> Found:
        """The file of a build-id, from the cache or a server; else why it could not be had."""
        if not build_id or not all(character in "0123456789abcdef" for character in build_id):
            return Found(None, f"{build_id!r} is no build-id")
        kept = self._cache.find(f"{build_id}.{_NAMES[kind]}")
        if kept is not None:
            return Found(kept)
        if not self._urls:
            return Found(None, "no debuginfod server is known", 'export DEBUGINFOD_URLS="https://debuginfod.debian.net"')
        return self._limited(build_id, kind)

    def _limited(self, build_id: str, kind: Kind) -> Found:
        """Ask in a thread that may be left behind: name resolution has no time limit of its own."""
        import threading

        outcome: list[Found] = []
        deadline = time.monotonic() + self._total
        worker = threading.Thread(target=lambda: outcome.append(self._ask_all(build_id, kind, deadline)), daemon=True)
        worker.start()
        worker.join(self._total)
        return outcome[0] if outcome else Found(None, f"no debuginfod server sent it within {self._total:g} s")

    def _ask_all(self, build_id: str, kind: Kind, deadline: float) -> Found:
        reasons = []
        for url in self._urls:
            try:
                return Found(self._download(f"{url}/buildid/{build_id}/{kind}", build_id, kind, deadline))
            except (OSError, ValueError, BadInput) as error:
                reasons.append(f"{url}: {_plain(error)}")
        return Found(None, "; ".join(reasons))

    def _download(self, url: str, build_id: str, kind: Kind, deadline: float) -> str:
        """Path of the file in the cache. `OSError`, `ValueError` or `BadInput` when the server does not give it."""
        import http.client
        import urllib.request

        request = urllib.request.Request(url, headers={"User-Agent": "obit"})
        try:
            with urllib.request.urlopen(request, timeout=self._silent) as answer, Entry(self._cache, f"{build_id}.{_NAMES[kind]}") as entry:
                size = 0
                while chunk := answer.read1(_CHUNK):
                    size += len(chunk)
                    if size > self._cache.limit:
                        raise BadInput("the file is larger than the cache may be")
                    if time.monotonic() > deadline:
                        raise TimeoutError("too slow")
                    _write(entry.descriptor, chunk)
                if Elf(file_reader(entry.descriptor)).build_id != build_id:
                    raise BadInput("the server sent a file of another build-id")
                return entry.commit()
        except http.client.HTTPException as error:
            raise OSError(f"not HTTP: {type(error).__name__}") from None


def _write(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]


def _plain(error: Exception) -> str:
    """The reason without Python's wrapping."""
    if getattr(error, "code", None) == 404:
        return "it does not have it"
    reason = getattr(error, "reason", error)
    return "it is silent" if isinstance(reason, TimeoutError) and "slow" not in str(reason) else str(reason)


class FetchingFinder(FileFinder):
    """A `FileFinder` that asks the servers for what this machine does not have. `told` is called with a path before each request, which
    may take a while."""

    def __init__(self, client: Debuginfod, told: Callable[[str], None], *places: Any) -> None:
        super().__init__(*places)
        self._client = client
        self._told = told

    def module(self, path: str, build_id: str | None, *, main: bool = False) -> Found:
        """See `FileFinder.module`."""
        found = super().module(path, build_id, main=main)
        return found if found.path is not None or build_id is None else self._asked(path, build_id, "executable", found)

    def debug(self, elf_path: str, build_id: str | None, link: tuple[str, int] | None = None) -> Found:
        """See `FileFinder.debug`."""
        found = super().debug(elf_path, build_id, link)
        return found if found.path is not None or build_id is None else self._asked(elf_path, build_id, "debuginfo", found)

    def _asked(self, path: str, build_id: str, kind: Kind, local: Found) -> Found:
        self._told(path)
        fetched = self._client.fetch(build_id, kind)
        return fetched if fetched.path is not None else Found(None, f"{local.why}, and debuginfod: {fetched.why}", fetched.fix or local.fix)
