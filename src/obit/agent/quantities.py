"""Sizes and times as people write them in settings and options: 10G, 512M, 30d, 1h30m. Standard library only."""

import re

from obit.errors import UsageError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_size(text: str) -> int:
    """Bytes; K, M, G and T are powers of 1024. `UsageError`."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{text!r} is no size: write a number and K, M, G or T, as in 10G")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def parse_duration(text: str) -> float:
    """Seconds; ms, s, m, h, d and w may follow each other. `UsageError`."""
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        raise UsageError(f"{text!r} is no time: write a number and s, m, h, d or w, as in 30d or 1h30m")
    return float(sum(float(number) * _SECONDS[unit.lower()] for number, unit in parts))


def parse_share(text: str, whole: int) -> int:
    """A size, or a share of a whole (bytes) as in 5%. `UsageError`."""
    number = text.strip().removesuffix("%")
    if number == text.strip():
        return parse_size(text)
    if not re.fullmatch(r"\d+(\.\d+)?", number) or float(number) > 100:
        raise UsageError(f"{text!r} is no share: write 0% to 100%, or a size as in 10G")
    return int(whole * float(number) / 100)
