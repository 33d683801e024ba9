"""Damaged and hostile cores: an image, or one sentence; never anything else, never slow."""

import os
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obit.debuginfo.search import FileFinder
from obit.errors import BadInput
from obit.image.compressed import OpenedFile
from obit.image.core import parse_core
from obit.image.memory import FileReader
from obit.image.obitnote import encode
from obit.image.open import core_image
from obit.image.process import MemoryAbsent, ProcessImage
from tests.builders import notes
from tests.builders.core import Memory, Thread, core_file, mapped
from tests.builders.notes import Note
from tests.builders.objects import PAGE, library
from tests.builders.stack import initial_stack

EXE, LIBX, LINKS, VDSO = 0x555500000000, 0x7F0000000000, 0x7F1000000000, 0x7FFE00000000


def specimen(*, files: bool) -> bytes:
    """A core in which every reader of this layer has something to read."""
    exe = mapped(library(dynamic=struct.pack("<QQQQ", 21, LINKS, 0, 0)), "/bin/shop", EXE)
    libx = mapped(library(), "/lib/libx.so", LIBX)
    stack = initial_stack([b"shop", b"-v"], [b"A=1"], {33: VDSO, 3: EXE + 64, 4: 56, 5: 6, 9: EXE + 0x1000}, execfn=b"/bin/shop")
    table = struct.pack("<QQQ", 1, LINKS + 24, 0) + struct.pack("<QQQQQ", EXE, LINKS + 200, 0, LINKS + 64, 0)
    table += struct.pack("<QQQQQ", LIBX, LINKS + 201, 0, 0, LINKS + 24)
    xmm = [bytes([n] * 16) for n in range(16)]
    return core_file(
        [Thread(10, {"rip": EXE + 0x1000}, 11, (notes.xstate(xmm, high=xmm),)), Thread(11)],
        [
            *exe.memory,
            *libx.memory,
            stack.memory,
            Memory(VDSO, library().image.ljust(4 * PAGE, b"\0"), flags=5),
            Memory(LINKS, table.ljust(201, b"\0") + b"/lib/libx.so\0"),
        ],
        files=[*exe.files, *libx.files] if files else None,
        auxv=stack.auxv,
        siginfo=notes.siginfo(11, 1),
        psinfo=notes.prpsinfo(10),
        extra=[Note("OBIT", 1, encode({"thread_names": {10: "shop"}}))],
    )


SPECIMENS = (specimen(files=True), specimen(files=False))


def use(data: bytes) -> ProcessImage | None:
    """Opens the core and asks everything that the layers above ask; None when it is refused."""
    fd = os.memfd_create("core")
    os.write(fd, data)
    read = FileReader(fd)
    try:
        core = parse_core(read, read.size)
    except BadInput:
        return None
    image = core_image(core, OpenedFile(read, read.modified), FileFinder(sysroot="/nonexistent"))
    for thread in image.threads:
        for value in thread.registers.values():
            try:
                image.memory.u64(value)
            except MemoryAbsent:
                pass
            image.memory.read_some(value, 1 << 40)
            image.module_at(value)
    for module in image.modules:
        if module.file is not None:
            module.file.symbol(1)
    return image


def test_the_specimens_are_whole() -> None:
    for data in SPECIMENS:
        image = use(data)
        assert image is not None
        assert {module.path for module in image.modules} >= {"/bin/shop", "/lib/libx.so", "[vdso]"}


@settings(max_examples=300, deadline=2000)
@given(
    st.sampled_from(SPECIMENS),
    st.lists(st.tuples(st.integers(0, 8000), st.binary(min_size=1, max_size=8)), max_size=6),
    st.one_of(st.none(), st.integers(0, 9000)),
)
def test_any_bytes_may_change_and_any_end_be_cut(data: bytes, changes: list[tuple[int, bytes]], end: int | None) -> None:
    changed = bytearray(data)
    for at, content in changes:
        changed[at : at + len(content)] = content
    use(bytes(changed[:end]))


@pytest.mark.parametrize("seed", range(4))
def test_numbers_of_the_kind_that_hurt(seed: int) -> None:
    """Words of headers and notes become 0, all ones, sign bits, huge lengths."""
    source = random.Random(seed)
    for _ in range(150):
        changed = bytearray(source.choice(SPECIMENS))
        for _ in range(source.randint(1, 4)):
            at = source.randrange(0, 7000, 4)
            size = source.choice((4, 8))
            value = source.choice((0, 1, (1 << 8 * size) - 1, 1 << (8 * size - 1), 0x7FFFFFFF, 0x10000000, 0xFFFF))
            changed[at : at + size] = value.to_bytes(size, "little")
        use(bytes(changed))
