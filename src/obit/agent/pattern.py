"""Taking over the kernel's core_pattern and giving it back, whatever happens in between.

What was there is on the disk before the first byte is changed (`HOME/core_pattern.json`); an agent that was killed hard has not given
it back, and the next one finds the file and knows what is really whose.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from obit.archive.folder import Folder
from obit.errors import EnvironmentLacks

CORE_PATTERN = "/proc/sys/kernel/core_pattern"
CORE_PIPE_LIMIT = "/proc/sys/kernel/core_pipe_limit"
LEAST_WAITING = 64
"""core_pipe_limit: with 0 the kernel would not wait for anybody, and drop nothing; above the limit it drops dumps."""
LONGEST = 127
"""CORENAME_MAX_SIZE less the NUL (bytes): a longer text is cut, silently."""
SAVED = "core_pattern.json"
_MOST_SAVED = 1 << 16


def read(path: str) -> str:
    """A setting of the kernel's, without its newline; OSError."""
    with open(path, "rb", buffering=0) as file:
        return os.fsdecode(file.read(4096)).removesuffix("\n")


def write(path: str, text: str) -> None:
    """Set it; OSError (EINVAL when the kernel does not understand it)."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, os.fsencode(text) or b"\n")
    finally:
        os.close(fd)


class Takeover:
    """The kernel's settings under the archive `home` that keeps the original ones."""

    def __init__(self, home: str, core_pattern: str = CORE_PATTERN, core_pipe_limit: str = CORE_PIPE_LIMIT) -> None:
        self._home = home
        self._pattern = core_pattern
        self._limit = core_pipe_limit

    def original(self) -> str:
        """The core_pattern that we have taken the place of; "" when we have not."""
        saved = self._saved()
        return str(saved["original"].get(self._pattern, "")) if saved else ""

    def repair(self) -> bool:
        """Give back what an agent that was killed has taken; whether there was anything."""
        saved = self._saved()
        if saved is None:
            return False
        self._restore(saved)
        return True

    def take(self, text: str) -> None:
        """Point core_pattern at us; `EnvironmentLacks`, and OSError EINVAL when the kernel does not understand `text`."""
        if len(os.fsencode(text)) > LONGEST:
            raise EnvironmentLacks(f"{text} is too long for core_pattern ({LONGEST} bytes): choose a shorter OBIT_HOME")
        self.repair()
        original = {self._pattern: read(self._pattern), self._limit: read(self._limit)}
        ours = {self._pattern: text, self._limit: str(max(int(original[self._limit]), LEAST_WAITING))}
        with Folder.at(self._home) as home:
            home.replace_durably(SAVED, json.dumps({"original": original, "ours": ours}).encode())
        try:
            write(self._limit, ours[self._limit])
            write(self._pattern, text)
        except OSError:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Put the original back, except where somebody else has changed it since; OSError."""
        self.repair()

    def _restore(self, saved: Mapping[str, Mapping[str, str]]) -> None:
        # The pattern first: the limit matters only to whom the pattern names.
        for path in (self._pattern, self._limit):
            if read(path) == saved["ours"].get(path):
                write(path, saved["original"][path])
        with Folder.existing(self._home) as home:
            home.remove(SAVED)
            home.sync()

    def _saved(self) -> dict[str, Any] | None:
        try:
            with Folder.existing(self._home) as home:
                saved = json.loads(home.read(SAVED, _MOST_SAVED))
        except (FileNotFoundError, ValueError):
            return None
        return saved if isinstance(saved, dict) and {"original", "ours"} <= saved.keys() else None
