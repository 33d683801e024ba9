"""A line on standard error that says how far something is, once it has taken a second; nothing where there is no terminal."""

import sys
import time

FIRST_AFTER = 1.0
EVERY = 0.1
"""Seconds."""
_WIDTH = 24


class Progress:
    """`progress(done, total)` as often as one likes, `end` when it is over. `label` says what is being done."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._next = time.monotonic() + FIRST_AFTER
        self._shown = False
        self._wanted = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        """So much of so much."""
        now = time.monotonic()
        if not self._wanted or now < self._next:
            return
        self._next, self._shown = now + EVERY, True
        share = min(done / total, 1.0) if total else 1.0
        bar = "█" * round(share * _WIDTH)
        sys.stderr.write(f"\r\x1b[K{self.label} {bar:░<{_WIDTH}} {share:4.0%}")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
