"""Rust's v0 names, `_RNvCs1234_7mycrate3foo`: a recursive-descent reader of their grammar.

Source: the Rust compiler's book, "v0 symbol format" (RFC 2603). Shown without crate hashes and without type suffixes on constants.
Back references can expand a short name without bound, so depth and output are limited.
"""

import re
from collections.abc import Callable

from obit.debuginfo.demangle.rustlegacy import clone_suffix

MAX_DEPTH = 200
MAX_OUTPUT = 65_536
MAX_STEPS = 20_000

_BASIC = {
    "a": "i8", "b": "bool", "c": "char", "d": "f64", "e": "str", "f": "f32", "h": "u8", "i": "isize", "j": "usize", "l": "i32", "m": "u32",
    "n": "i128", "o": "u128", "p": "_", "s": "i16", "t": "u16", "u": "()", "v": "...", "x": "i64", "y": "u64", "z": "!",
}  # fmt: skip
_SIGNED, _UNSIGNED = frozenset("alnsxi"), frozenset("hjmoty")
_SHAPE = re.compile(r"_?_R(?!\d)([A-Za-z0-9_]+)([.$].*)?$", re.DOTALL)
_DECIMAL = re.compile(r"0|[1-9]\d{0,8}")
_BASE62 = re.compile(r"[0-9a-zA-Z]{0,12}_")
_HEX = re.compile(r"[0-9a-f]*_")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _Invalid(Exception):
    """Not a v0 name, or one beyond the limits."""


def demangle_v0(name: str) -> str | None:
    """The path, generics and all; None when the name is not Rust's or is too large."""
    shape = _SHAPE.match(name)
    if shape is None:
        return None
    reader = _Reader(shape[1])
    try:
        reader.path(in_value=True)
        if reader.at < len(reader.text):
            reader.silently(lambda: reader.path(in_value=False))
        if reader.at != len(reader.text):
            return None
    except (_Invalid, RecursionError):
        return None
    return "".join(reader.output) + clone_suffix(shape[2] or "")


class _Reader:
    """Reads `text` from `at` and writes what it means to `output`; `bound` counts the lifetimes that `for<…>` has introduced."""

    __slots__ = ("at", "bound", "depth", "length", "muted", "output", "steps", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.output: list[str] = []
        self.length = 0
        self.muted = 0
        self.bound = 0
        self.depth = 0
        self.steps = 0

    def write(self, text: str) -> None:
        if self.muted:
            return
        self.length += len(text)
        if self.length > MAX_OUTPUT:
            raise _Invalid
        self.output.append(text)

    def silently(self, read: Callable[[], None]) -> None:
        """Read something that is not shown."""
        self.muted += 1
        read()
        self.muted -= 1

    def next(self) -> str:
        if self.at >= len(self.text):
            raise _Invalid
        self.at += 1
        return self.text[self.at - 1]

    def eat(self, character: str) -> bool:
        if self.text.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def token(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _Invalid
        self.at = found.end()
        return found[0]

    def base62(self) -> int:
        digits = self.token(_BASE62)[:-1]
        value = 0
        for digit in digits:
            value = value * 62 + _DIGITS.index(digit)
        return value + 1 if digits else 0

    def optional62(self, tag: str) -> int:
        """A tagged number, one more than it says; 0 without the tag."""
        return self.base62() + 1 if self.eat(tag) else 0

    def enter(self) -> None:
        self.depth += 1
        self.steps += 1
        if self.depth > MAX_DEPTH or self.steps > MAX_STEPS:
            raise _Invalid

    def back_reference(self, read: Callable[[], None]) -> None:
        """Read again what stands at an earlier place."""
        start = self.at - 1
        target = self.base62()
        if target >= start:
            raise _Invalid
        if self.muted:
            return
        resume, self.at = self.at, target
        read()
        self.at = resume

    def identifier(self) -> str:
        """An identifier without its disambiguator; Unicode ones are in punycode with `_` for its `-`."""
        unicode = self.eat("u")
        size = int(self.token(_DECIMAL))
        self.eat("_")
        text = self.text[self.at : self.at + size]
        if len(text) != size:
            raise _Invalid
        self.at += size
        if not unicode:
            return text
        basic, delimiter, encoded = text.rpartition("_")
        try:
            decoded = (basic + ("-" if delimiter else "") + encoded).encode().decode("punycode")
        except (UnicodeError, ValueError, OverflowError):
            raise _Invalid from None
        return decoded if decoded.isprintable() else text

    def path(self, *, in_value: bool) -> None:
        self.enter()
        tag = self.next()
        if tag == "C":
            self.optional62("s")
            self.write(self.identifier())
        elif tag == "N":
            self.nested(in_value=in_value)
        elif tag in "MX":
            self.optional62("s")
            self.silently(lambda: self.path(in_value=False))
            self.self_type(trait=tag == "X")
        elif tag == "Y":
            self.self_type(trait=True)
        elif tag == "I":
            self.path(in_value=in_value)
            self.write("::<" if in_value else "<")
            self.listed(self.generic_argument)
            self.write(">")
        elif tag == "B":
            self.back_reference(lambda: self.path(in_value=in_value))
        else:
            raise _Invalid
        self.depth -= 1

    def self_type(self, *, trait: bool) -> None:
        self.write("<")
        self.type()
        if trait:
            self.write(" as ")
            self.path(in_value=False)
        self.write(">")

    def nested(self, *, in_value: bool) -> None:
        namespace = self.next()
        if not namespace.isalpha():
            raise _Invalid
        self.path(in_value=in_value)
        disambiguator = self.optional62("s")
        name = self.identifier()
        if namespace.islower():
            self.write(f"::{name}" if name else "")
            return
        kind = {"C": "closure", "S": "shim"}.get(namespace, namespace)
        self.write(f"::{{{kind}{':' + name if name else ''}#{disambiguator}}}")

    def listed(self, read: Callable[[], None], separator: str = ", ") -> int:
        """Items up to the closing E; how many there were."""
        count = 0
        while not self.eat("E"):
            if count:
                self.write(separator)
            read()
            count += 1
        return count

    def generic_argument(self) -> None:
        if self.eat("L"):
            self.lifetime(self.base62())
        elif self.eat("K"):
            self.const(braces=True)
        else:
            self.type()

    def lifetime(self, index: int) -> None:
        """`'_` for 0, else the index-th `for<…>` lifetime counted from the innermost."""
        if index == 0:
            self.write("'_")
            return
        number = self.bound - index
        if number < 0:
            raise _Invalid
        self.write("'" + (chr(ord("a") + number) if number < 26 else f"_{number}"))

    def binder(self) -> int:
        """`for<'a, 'b> `; how many lifetimes it introduces."""
        count = self.optional62("G")
        if count > 100:
            raise _Invalid
        self.bound += count
        if count:
            self.write("for<")
            for index in range(count):
                self.write(", " if index else "")
                self.lifetime(count - index)
            self.write("> ")
        return count

    def type(self) -> None:
        self.enter()
        tag = self.next()
        if tag in _BASIC:
            self.write(_BASIC[tag])
        elif tag in _TYPES:
            _TYPES[tag](self)
        elif tag == "B":
            self.back_reference(self.type)
        else:
            self.at -= 1
            self.path(in_value=False)
        self.depth -= 1

    def reference(self, text: str) -> None:
        self.write(text[0])
        if self.eat("L"):
            index = self.base62()
            if index:
                self.lifetime(index)
                self.write(" ")
        self.write(text[1:])
        self.type()

    def pointer(self, text: str) -> None:
        self.write(text)
        self.type()

    def array(self) -> None:
        self.write("[")
        self.type()
        self.write("; ")
        self.const(braces=False)
        self.write("]")

    def slice(self) -> None:
        self.write("[")
        self.type()
        self.write("]")

    def tuple(self) -> None:
        self.write("(")
        self.write(",)" if self.listed(self.type) == 1 else ")")

    def function(self) -> None:
        count = self.binder()
        self.write("unsafe " if self.eat("U") else "")
        if self.eat("K"):
            abi = "C" if self.eat("C") else self.identifier().replace("_", "-")
            self.write(f'extern "{abi}" ')
        self.write("fn(")
        self.listed(self.type)
        self.write(")")
        if not self.eat("u"):
            self.write(" -> ")
            self.type()
        self.bound -= count

    def dynamic(self) -> None:
        self.write("dyn ")
        count = self.binder()
        self.listed(self.dynamic_trait, " + ")
        self.bound -= count
        if not self.eat("L"):
            raise _Invalid
        index = self.base62()
        if index:
            self.write(" + ")
            self.lifetime(index)

    def dynamic_trait(self) -> None:
        """A trait and its associated types, which share one pair of angle brackets with its generic arguments."""
        is_open = self.open_path()
        while self.eat("p"):
            self.write(", " if is_open else "<")
            is_open = True
            self.write(self.identifier() + " = ")
            self.type()
        self.write(">" if is_open else "")

    def open_path(self) -> bool:
        """A path whose closing `>` is left to the caller; whether there is one to write."""
        self.enter()
        opened = False
        if self.eat("B"):
            found: list[bool] = []
            self.back_reference(lambda: found.append(self.open_path()))
            opened = any(found)
        elif self.eat("I"):
            self.path(in_value=False)
            self.write("<")
            self.listed(self.generic_argument)
            opened = True
        else:
            self.path(in_value=False)
        self.depth -= 1
        return opened

    def const(self, *, braces: bool) -> None:
        """A constant's value; what is no plain literal stands in braces among generic arguments."""
        self.enter()
        tag = self.next()
        if tag == "p":
            self.write("_")
        elif tag in _SIGNED:
            self.write(("-" if self.eat("n") else "") + self.integer())
        elif tag in _UNSIGNED:
            self.write(self.integer())
        elif tag == "b":
            self.write({"0": "false", "1": "true"}.get(self.integer(), "?"))
        elif tag == "c":
            self.write(self.character())
        elif tag == "B":
            self.back_reference(lambda: self.const(braces=braces))
        else:
            self.structured_const(tag, braces=braces)
        self.depth -= 1

    def structured_const(self, tag: str, *, braces: bool) -> None:
        text = tag == "R" and self.eat("e")
        self.write("{" if braces and not text else "")
        if text or tag == "e":
            self.write(("" if text else "*") + self.string())
        elif tag in "RQ":
            self.write("&" if tag == "R" else "&mut ")
            self.const(braces=False)
        elif tag == "A":
            self.write("[")
            self.listed(lambda: self.const(braces=False))
            self.write("]")
        elif tag == "T":
            self.write("(")
            self.write(",)" if self.listed(lambda: self.const(braces=False)) == 1 else ")")
        elif tag == "V":
            self.path(in_value=True)
            self.fields()
        else:
            raise _Invalid
        self.write("}" if braces and not text else "")

    def fields(self) -> None:
        """The fields of a constant of a user's type: none (U), a tuple (T), named (S)."""
        shape = self.next()
        if shape == "T":
            self.write("(")
            self.listed(lambda: self.const(braces=False))
            self.write(")")
        elif shape == "S":
            self.write(" { ")
            self.listed(self.field)
            self.write(" }")
        elif shape != "U":
            raise _Invalid

    def field(self) -> None:
        self.optional62("s")
        self.write(self.identifier() + ": ")
        self.const(braces=False)

    def hex(self) -> str:
        return self.token(_HEX)[:-1]

    def integer(self) -> str:
        digits = self.hex()
        # Wider than any Rust integer: shown as it stands.
        return str(int(digits or "0", 16)) if len(digits) <= 32 else f"0x{digits}"

    def character(self) -> str:
        value = int(self.hex() or "0", 16)
        if value >= 0x110000 or 0xD800 <= value < 0xE000:
            raise _Invalid
        return _quoted(chr(value), "'")

    def string(self) -> str:
        digits = self.hex()
        if len(digits) % 2:
            raise _Invalid
        try:
            return _quoted(bytes.fromhex(digits).decode(), '"')
        except UnicodeDecodeError:
            raise _Invalid from None


_TYPES: dict[str, Callable[[_Reader], None]] = {
    "A": _Reader.array,
    "S": _Reader.slice,
    "T": _Reader.tuple,
    "R": lambda reader: reader.reference("&"),
    "Q": lambda reader: reader.reference("&mut "),
    "P": lambda reader: reader.pointer("*const "),
    "O": lambda reader: reader.pointer("*mut "),
    "F": _Reader.function,
    "D": _Reader.dynamic,
}


def _quoted(text: str, quote: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return quote + "".join(each if each.isprintable() else f"\\u{{{ord(each):x}}}" for each in escaped) + quote
