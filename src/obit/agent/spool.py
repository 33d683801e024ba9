"""Reading a stream so that its bytes are never only in the memory of the process that reads: from the kernel to the kernel.

splice(2) moves them from the connection into a pipe and from there into a memfd; the supervisor holds both. A reader that is killed
at any moment leaves them where the next one finds them.
"""

import fcntl
import os
import select
import termios

BLOCK = 64 << 10
"""What a pipe holds (bytes)."""


class Spool:
    """`recv` as a socket has it, from the first byte that ever came."""

    def __init__(self, connection: int, pipe: tuple[int, int], memfd: int) -> None:
        self._connection = connection
        self._pipe = pipe
        self._memfd = memfd
        self._at = 0

    def recv(self, size: int) -> bytes:
        """Between one and `size` bytes; none at the end of the stream; OSError."""
        while not (data := os.pread(self._memfd, size, self._at)):
            if not self._drain() and not os.splice(self._connection, self._pipe[1], min(size, BLOCK)):
                return b""
        self._at += len(data)
        return data

    def exactly(self, size: int) -> bytes:
        """That many bytes, fewer at the end of the stream; OSError."""
        data = b""
        while len(data) < size and (more := self.recv(size - len(data))):
            data += more
        return data

    def is_ready(self, seconds: float) -> bool:
        """Whether a byte comes within some time."""
        if os.fstat(self._memfd).st_size > self._at or self._drain():
            return True
        waiting = select.poll()
        waiting.register(self._connection, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))

    def _drain(self) -> bool:
        """Move what is in the pipe into the memfd; whether there was anything."""
        count = int.from_bytes(fcntl.ioctl(self._pipe[0], termios.FIONREAD, bytes(4)), "little")
        if not count:
            return False
        return os.splice(self._pipe[0], self._memfd, count, offset_dst=os.fstat(self._memfd).st_size) > 0
