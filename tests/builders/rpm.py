"""An rpm database made from values: headers as blobs, and the two tables in which files are looked up."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from struct import pack

NAME, VERSION, RELEASE, EPOCH, REQUIRES, DIRINDEXES, DIRNAMES = 1000, 1001, 1002, 1003, 1049, 1116, 1118


class Int32(tuple[int, ...]):
    """Numbers of a tag."""

    __slots__ = ()

    def __new__(cls, *numbers: int) -> "Int32":
        return super().__new__(cls, numbers)


def header(tags: Mapping[int, Int32 | str | list[str]]) -> bytes:
    """A header blob."""
    entries, data = b"", b""
    for tag, value in tags.items():
        if isinstance(value, Int32):
            data += b"\0" * (-len(data) % 4)
            kind, count, raw = 4, len(value), b"".join(number.to_bytes(4, "big") for number in value)
        else:
            texts = [value] if isinstance(value, str) else value
            kind, count, raw = 6 if isinstance(value, str) else 8, len(texts), b"".join(text.encode() + b"\0" for text in texts)
        entries += pack(">IIII", tag, kind, len(data), count)
        data += raw
    return pack(">II", len(tags), len(data)) + entries + data


def database(path: Path, blob: bytes, basenames: Sequence[str]) -> None:
    """A database with one package that has these files."""
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    connection.execute("CREATE TABLE Basenames (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
    connection.execute("INSERT INTO Packages VALUES (7, ?)", (blob,))
    connection.executemany("INSERT INTO Basenames VALUES (?, 7, ?)", [(name, index) for index, name in enumerate(basenames)])
    connection.commit()
    connection.close()
