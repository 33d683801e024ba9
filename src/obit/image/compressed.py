"""Opens a core given as plain, .zst, .lz4, .xz or .gz file, recognised by its first bytes and not by its name.

A compressed core is unpacked into a sparse temporary file. When it is cut off, damaged or too large, what came out until then is
used, and `missing` says so.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Protocol

from obit.debuginfo.buildid import open_regular
from obit.errors import BadInput
from obit.image.core import Gap
from obit.image.memory import FileReader
from obit.image.sparsefile import SparseFile

DEFAULT_LIMIT = 64 << 30
"""Bytes that an unpacked core may have, holes included."""

_MAX_WINDOW = 128 << 20
"""Memory in bytes that a .zst or .xz file may ask for: zstd's own default; xz -9 needs 65 MiB."""
_SMALL_STEP, _LARGE_STEP = 4 << 10, 64 << 10
"""Compressed bytes at once. A few of zstd or xz can become gigabytes, so the output of one step stays below 128 MiB."""

_PLAIN_STEP = 1 << 20

Progress = Callable[[int, int], None]
"""`progress(bytes read, bytes in all)` of the compressed file."""


class _Decompressor(Protocol):
    """What zlib, lzma, lz4 and zstandard have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_Codec = tuple[Callable[[], _Decompressor], int]
"""Makes a decompressor, and the step for it."""


class OpenedFile:
    """A core that can be read at random. `modified` is the file's time (RFC 3339, UTC), `missing` what of it could not be had."""

    __slots__ = ("missing", "modified", "read")

    def __init__(self, read: FileReader, modified: str, missing: tuple[Gap, ...] = ()) -> None:
        self.read = read
        self.modified = modified
        self.missing = missing


def open_file(path: str, *, limit: int = DEFAULT_LIMIT, progress: Progress | None = None) -> OpenedFile:
    """The file, unpacked when it is compressed. `BadInput` when it cannot be read or holds nothing."""
    read = FileReader(_open(path))
    codec = _codec(read(0, 6))
    if codec is None:
        return OpenedFile(read, read.modified)
    unpacked = SparseFile(limit)
    problem = _fill(unpacked, _unpack(read, codec, progress))
    if unpacked.size == 0:
        unpacked.close()
        raise BadInput(f"{path} is compressed and nothing comes out of it ({problem}); give an intact file.")
    gap = (f"the core beyond its first {unpacked.size:,} bytes", problem, None) if problem else None
    return OpenedFile(unpacked.reader(), read.modified, (gap,) if gap else ())


def _open(path: str) -> int:
    try:
        return open_regular(path)
    except (OSError, ValueError) as error:
        reason = error.strerror or "it is not a regular file" if isinstance(error, OSError) else str(error)
        raise BadInput(f"{path} cannot be opened ({reason}); give a core file that you may read.") from None


def _codec(start: bytes) -> _Codec | None:
    """By the magic numbers of RFC 8878 (and its skippable frames), the lz4 frame format, the .xz format and RFC 1952."""
    if start[:4] == b"\x28\xb5\x2f\xfd" or (start[1:4] == b"\x2a\x4d\x18" and start[0] & 0xF0 == 0x50):
        return _zstd, _SMALL_STEP
    if start[:4] == b"\x04\x22\x4d\x18":
        return _lz4, _LARGE_STEP
    if start == b"\xfd7zXZ\0":
        return _xz, _SMALL_STEP
    return (_gzip, _LARGE_STEP) if start[:2] == b"\x1f\x8b" else None


def _zstd() -> _Decompressor:
    from zstandard import ZstdDecompressor

    return ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()


def _lz4() -> _Decompressor:
    from lz4.frame import LZ4FrameDecompressor  # type: ignore[import-untyped]  # lz4 ships no types

    made: _Decompressor = LZ4FrameDecompressor()
    return made


def _xz() -> _Decompressor:
    from lzma import LZMADecompressor

    return LZMADecompressor(memlimit=_MAX_WINDOW)


def _gzip() -> _Decompressor:
    from zlib import decompressobj

    return decompressobj(wbits=31)


class EndsEarly(Exception):
    """The compressed data is cut off or damaged: `str()` says which."""


def pieces(read: FileReader, progress: Progress | None = None) -> Iterator[bytes]:
    """The file from beginning to end, unpacked when it is compressed; `EndsEarly` after what came before damage."""
    codec = _codec(read(0, 6))
    if codec is not None:
        yield from _unpack(read, codec, progress)
        return
    for at in range(0, read.size, _PLAIN_STEP):
        yield read(at, _PLAIN_STEP)
        if progress:
            progress(min(at + _PLAIN_STEP, read.size), read.size)


def unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What chunks of a compressed file, one after the other, unpack to; of one that is not compressed themselves. `EndsEarly`."""
    start = b""
    while len(start) < 6 and (chunk := next(chunks, b"")):
        start += chunk
    codec = _codec(start[:6])
    if codec is None:
        yield start
        yield from chunks
        return
    make, step = codec
    current = make()
    for chunk in chain((start,), chunks):
        for at in range(0, len(chunk), step):
            if current.eof:
                return
            yield _decompress(current, chunk[at : at + step])
    if not current.eof:
        raise EndsEarly("the compressed data is cut off")


def _unpack(read: FileReader, codec: _Codec, progress: Progress | None) -> Iterator[bytes]:
    """The unpacked bytes over all frames, in pieces; `EndsEarly` after those that came before damage."""
    make, step = codec
    current, at = make(), 0
    while data := read(at, step):
        yield _decompress(current, data)
        at += len(data)
        if current.eof:
            at -= len(current.unused_data or b"")
            if _codec(read(at, 6)) is None:
                return
            current = make()
        if progress:
            progress(at, read.size)
    raise EndsEarly("the compressed file is cut off")


def _decompress(current: _Decompressor, data: bytes) -> bytes:
    try:
        return current.decompress(data)
    except Exception as error:  # noqa: BLE001 - the four libraries have no error class in common, and lz4 raises RuntimeError
        raise EndsEarly(f"the compressed data is damaged ({error})") from None


def _fill(unpacked: SparseFile, pieces: Iterator[bytes]) -> str | None:
    """Writes the pieces; what ended it early, or None."""
    try:
        for piece in pieces:
            problem = unpacked.append(piece)
            if problem:
                unpacked.finish()
                return problem
    except EndsEarly as error:
        return unpacked.finish() or str(error)
    return unpacked.finish()
