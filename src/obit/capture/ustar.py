"""A tar archive of small files, always the same bytes for the same files: no owner, no time. Standard library only.

Source: POSIX.1-2017, pax, "ustar Interchange Format". The standard library's tarfile takes 15 ms to import, the crashed process's time.
"""

from collections.abc import Callable

BLOCK = 512
NAME_LIMIT = 100
END = b"\0" * (2 * BLOCK)


def member(name: str, data: bytes) -> bytes:
    """A regular file with mode 0600; ValueError unless `name` is plain ASCII of at most 100 bytes."""
    encoded = name.encode("ascii")
    if not 0 < len(encoded) <= NAME_LIMIT:
        raise ValueError(f"{name!r} does not fit into a ustar header")
    return _header(encoded, len(data)) + data + b"\0" * (-len(data) % BLOCK)


def _header(name: bytes, size: int) -> bytes:
    fields = b"".join(
        (
            name.ljust(100, b"\0"),
            b"0000600\0",
            b"0000000\0" * 2,  # uid, gid
            b"%011o\0" % size,
            b"0" * 11 + b"\0",  # mtime
        )
    )
    rest = b"0" + b"\0" * 100 + b"ustar\00000" + b"\0" * 247
    checksum = sum(fields) + sum(rest) + 8 * ord(" ")
    return fields + b"%06o\0 " % checksum + rest


def read(data: bytes, wanted: Callable[[str], bool] = bool) -> dict[str, bytes]:
    """The files that `member` wrote and whose name is `wanted`; reading ends at the first thing that is none of them."""
    found: dict[str, bytes] = {}
    at = 0
    while len(header := data[at : at + BLOCK]) == BLOCK and header[257:262] == b"ustar":
        try:
            name, size = header[:100].rstrip(b"\0").decode("ascii"), int(header[124:135], 8)
        except ValueError:
            break
        at += BLOCK
        if size < 0 or at + size > len(data):
            break
        if wanted(name):
            found[name] = data[at : at + size]
        at += size + -size % BLOCK
    return found
