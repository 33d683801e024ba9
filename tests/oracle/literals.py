"""Reads the texts in which Obit's document prints values back into values."""

import re
import struct

NUMBER = re.compile(r"-?\d+")
HEX = re.compile(r"0x([0-9a-f]+)")
ESCAPES = {"0": 0, "a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}


def integer(text: str) -> int | None:
    """`97 'a'`, `-5`, `0x1f`, `true` → a number."""
    if text in ("true", "false"):
        return int(text == "true")
    if found := HEX.match(text):
        return int(found.group(1), 16)
    found = NUMBER.match(text)
    return int(found.group()) if found else None


def address(text: str) -> int | None:
    """`0x1234 <main+4>` → the number; `null` is 0."""
    found = HEX.match(text)
    return int(found.group(1), 16) if found else (0 if text in ("null", "nullptr", "0", "empty") else None)


def floating(text: str, size: int) -> float | None:
    """A number as its IEEE value, rounded to the size."""
    try:
        value = float(text)
    except ValueError:
        return None
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0]) if size == 4 else value
    except OverflowError:
        return value


def enumerators(text: str) -> frozenset[str]:
    """`(shop::READ | unknown: 0x8)` → the last components of the names, and the numbers."""
    parts = text.strip("()").replace("unknown: ", "").split("|")
    return frozenset(part.strip().rsplit("::", maxsplit=1)[-1] for part in parts)


def quoted(text: str) -> bytes | None:
    """The UTF-8 of the first quoted text in a value, with its escapes undone; None when there is none."""
    start = text.find('"')
    if start < 0:
        return None
    result, index = bytearray(), start + 1
    while index < len(text) and text[index] != '"':
        if text[index] != "\\":
            result += text[index].encode("utf-8", "surrogatepass")
            index += 1
            continue
        index = _escape(text, index + 1, result)
    return bytes(result)


def _escape(text: str, index: int, result: bytearray) -> int:
    """Undo the escape after a backslash; the index after it."""
    if octal := re.compile(r"[0-3][0-7]{2}").match(text, index):
        result.append(int(octal.group(), 8))
        return octal.end()
    if code := re.compile(r"[ux]([0-9a-f]{4,8})").match(text, index):
        result += chr(int(code.group(1), 16)).encode("utf-8", "surrogatepass")
        return code.end()
    mark = text[index : index + 1]
    result += bytes([ESCAPES[mark]]) if mark in ESCAPES else mark.encode()
    return index + 1
