"""The position in a C++ name, and what all its readers share: substitutions, template arguments, limits."""

import re
from collections.abc import Callable

from obit.debuginfo.demangle.cxxtype import SEQUENCE, Invalid, Part

MAX_DEPTH = 120
MAX_STEPS = 20_000


class Reader:
    """Reads `text` from `at` on. `substitutions` are the candidates that S_ refers to, `arguments` the template's that T_ does.

    What a candidate with a T_ in it means depends on where it is used: `dependent` has for these where their text begins and the
    context they were read in. In a pack expansion `pack_index` is the element at hand; before it is known how many there are, it is
    None and `pack_length` notes that number.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.steps = 0
        self.substitutions: list[Part] = []
        self.arguments: list[Part] = []
        self.qualifiers = ""
        self.returns = False
        self.conversion = False
        self.constructor = False
        self.in_lambda = False
        self.forward = False
        self.parameters_used = 0
        self.dependent: dict[int, tuple[int, object]] = {}
        self.pack_index: int | None = None
        self.pack_length: int | None = None

    def enter(self) -> None:
        """Count a step and a level; the caller takes the level back."""
        self.depth += 1
        self.steps += 1
        if self.depth > MAX_DEPTH or self.steps > MAX_STEPS:
            raise Invalid

    def peek(self, ahead: int = 0) -> str:
        """The character `ahead` of the position; empty at the end."""
        return self.text[self.at + ahead : self.at + ahead + 1]

    def eat(self, wanted: str) -> bool:
        """Step over `wanted`; whether it was there."""
        if self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    def expect(self, wanted: str) -> None:
        """Step over `wanted`, which must be there."""
        if not self.eat(wanted):
            raise Invalid

    def take(self, count: int) -> str:
        """The next characters."""
        found = self.text[self.at : self.at + count]
        if len(found) < count:
            raise Invalid
        self.at += count
        return found

    def token(self, pattern: re.Pattern[str]) -> str:
        """What a pattern matches here."""
        found = pattern.match(self.text, self.at)
        if found is None:
            raise Invalid
        self.at = found.end()
        return found[0]

    def sequence(self) -> int:
        """A sequence id in base 36: `_` is 0, `0_` 1."""
        digits = self.token(SEQUENCE)[:-1]
        return int(digits, 36) + 1 if digits else 0

    def context(self) -> object:
        """What T_ depends on."""
        return tuple(id(argument) for argument in self.arguments), self.in_lambda, self.pack_index

    def chosen(self, part: Part) -> Part:
        """A part, or in a pack expansion the element of it that is at hand."""
        if part.pack is None:
            return part
        if self.pack_index is None:
            self.pack_length = len(part.pack)
            return part
        if self.pack_index >= len(part.pack):
            raise Invalid
        return part.pack[self.pack_index]

    def expanded(self, read: Callable[[], Part]) -> Part:
        """What `read` reads, once for each element of the packs in it; with `...` behind it where there is none."""
        start, before, outer = self.at, len(self.substitutions), (self.pack_index, self.pack_length)
        self.pack_index = self.pack_length = None
        first = read()
        length, end, kept = self.pack_length, self.at, self.substitutions
        if length is None:
            self.pack_index, self.pack_length = outer
            return Part(f"{first}...")
        found = []
        for index in range(length):
            self.at, self.pack_index, self.substitutions = start, index, kept[:before]
            found.append(read())
        self.at, self.substitutions = end, kept
        self.pack_index, self.pack_length = outer
        return Part("", pack=found)
