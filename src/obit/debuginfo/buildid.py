"""Build-ids: where a file, or an image in memory, keeps the GNU build-id that names it."""

import os
import stat
from functools import partial

from obit.debuginfo.elf import MAX_ENTRIES, PT_NOTE, Elf, Read, build_id_of_segment
from obit.errors import BadInput


def build_id_of_file(path: str) -> str | None:
    """The build-id of a regular ELF file; None when it has none, is none, or cannot be read."""
    try:
        descriptor = open_regular(path)
    except OSError:
        return None
    try:
        return build_id_of_descriptor(descriptor)
    except (BadInput, OSError):
        return None
    finally:
        os.close(descriptor)


def build_id_of_descriptor(descriptor: int) -> str | None:
    """The build-id of an open regular ELF file; None when it has none. `BadInput`, `OSError`."""
    return Elf(file_reader(descriptor)).build_id


def build_id_in_memory(read: Read, base: int) -> str | None:
    """The build-id of an ELF image mapped at `base`; `read(address, size)` gives the bytes that are there, fewer or none when absent."""
    try:
        elf = Elf(lambda offset, size: read(base + offset, min(size, MAX_ENTRIES)))
    except BadInput:
        return None
    bias = base - elf.image_base
    for segment in elf.segments:
        if segment.type == PT_NOTE:
            start = bias + segment.vaddr
            found = build_id_of_segment(segment, partial(read, start))
            if found:
                return found
    return None


def open_regular(path: str, directory: int | None = None) -> int:
    """A read-only descriptor of a regular file. `OSError` for anything else: a path from a core may name a FIFO or a device,
    and opening one may block or act, so it is opened without blocking and looked at before a byte is read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=directory)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(f"{path} is not a regular file")


def file_reader(descriptor: int) -> Read:
    """A `Read` over an open file. Offsets that no file can have give no bytes."""
    size = os.fstat(descriptor).st_size

    def read(offset: int, count: int) -> bytes:
        return os.pread(descriptor, min(count, size - offset), offset) if 0 <= offset < size and count > 0 else b""

    return read
