"""Differences that are known, and why each is not Obit's fault or not yet mended: `known.toml`."""

import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec

from .compare import Mismatch

TABLE = Path(__file__).with_name("known.toml")


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A difference that is expected: regular expressions for the case, the category, the place and Obit's side; `reason` says why it
    stays."""

    reason: str
    case: str = ""
    category: str = ""
    where: str = ""
    obit: str = ""

    def covers(self, case: str, mismatch: Mismatch) -> bool:
        """Whether this entry is about that mismatch."""
        wanted = ((self.case, case), (self.category, mismatch.category), (self.where, mismatch.where), (self.obit, mismatch.obit))
        return all(re.search(pattern, text) for pattern, text in wanted)


@cache
def table() -> tuple[Known, ...]:
    """The table."""
    return tuple(msgspec.convert(tomllib.loads(TABLE.read_text())["known"], list[Known]))


def explain(case: str, mismatch: Mismatch) -> Known | None:
    """The entry that covers a mismatch; None for a new one."""
    return next((entry for entry in table() if entry.covers(case, mismatch)), None)
