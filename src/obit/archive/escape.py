r"""Bytes as text and back, without loss: UTF-8 stays as it is, every other byte becomes `\xNN`.

A backslash that would read as such an escape is itself written `\x5c`, so that b"\xff" and rb"\xff" differ as text too.
Standard library only.
"""

_HEX = frozenset("0123456789abcdef")
_FIRST_ESCAPED_BYTE = 0xDC00
"""PEP 383: byte NN that is no UTF-8 decodes to the lone surrogate U+DCNN."""


def text_of(raw: bytes) -> str:
    r"""Any bytes as text; those that are no UTF-8 as `\xNN`."""
    text = raw.decode(errors="surrogateescape")
    if text.isascii() and "\\x" not in text:
        return text
    return "".join(_escaped(text, index) for index in range(len(text)))


def bytes_of(text: str) -> bytes:
    """The bytes that `text_of` was given."""
    first, *rest = text.split("\\x")
    parts = [first.encode(errors="surrogateescape")]
    for piece in rest:
        escaped = _HEX.issuperset(piece[:2]) and len(piece) > 1
        parts.append(bytes((int(piece[:2], 16),)) if escaped else b"\\x")
        parts.append((piece[2:] if escaped else piece).encode(errors="surrogateescape"))
    return b"".join(parts)


def json_safe(value: object) -> object:
    """A JSON-like value with every text, key or bytes in it as `text_of` writes it; other scalars as they are."""
    if isinstance(value, dict):
        return {json_safe(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, str):
        return text_of(value.encode(errors="surrogateescape"))
    return text_of(value) if isinstance(value, bytes) else value


def _escaped(text: str, index: int) -> str:
    character = text[index]
    if character == "\\" and text[index + 1 : index + 2] == "x" and len(text) > index + 3 and _HEX.issuperset(text[index + 2 : index + 4]):
        return "\\x5c"
    code = ord(character)
    if _FIRST_ESCAPED_BYTE <= code < _FIRST_ESCAPED_BYTE + 0x100:
        return f"\\x{code - _FIRST_ESCAPED_BYTE:02x}"
    return character
