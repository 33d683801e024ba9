"""How this kernel hands over a crash, found out by asking it and not by its version.

The kernel checks a core_pattern that begins with @ when it is written, and keeps the old one when it refuses: so a pattern that no
kernel with sockets accepts tells whether there are any. A kernel without them takes it for the name of a file; it is put back at once.
Source: proc_dostring_coredump() and coredump_parse() in fs/coredump.c.
"""

from collections.abc import Callable
from errno import EINVAL
from typing import Literal

Mode = Literal["socket-protocol", "socket", "pipe", "none"]
IMPOSSIBLE = "@no/absolute/path"


def knows_sockets(read: Callable[[], str], write: Callable[[str], None]) -> bool:
    """Whether a core_pattern can name a socket; `write` raises OSError, other than EINVAL too."""
    before = read()
    try:
        write(IMPOSSIBLE)
    except OSError as error:
        if error.errno != EINVAL:
            raise
        return True
    write(before)
    return False


def accepted(write: Callable[[str], None], text: str) -> bool:
    """Whether the kernel takes a pattern, which then is in force."""
    try:
        write(text)
    except OSError as error:
        if error.errno != EINVAL:
            raise
        return False
    return True
