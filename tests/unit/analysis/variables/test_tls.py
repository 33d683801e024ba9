"""Thread-local storage: the dynamic thread vector, indexed by the link map's order of modules with a PT_TLS segment."""

import struct

from obit.analysis.variables.tls import UNALLOCATED, tls_address
from obit.image.process import ProcessImage
from tests.builders.process import loaded, process, words

EXE, LIBC, LIB = 0x400000, 0x500000, 0x600000
DTV, FS, RDEBUG, LINKS = 0x9000, 0xA000, 0xB000, 0xC000
PT_DYNAMIC, PT_PHDR, PT_TLS, DT_DEBUG = 2, 6, 7, 21
AT_PHDR, AT_PHENT, AT_PHNUM = 3, 4, 5


def elf(*segments: tuple[int, int, int]) -> bytes:
    """An ELF header page with program headers (type, vaddr, memsz)."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1" + bytes(9), 3, 62, 1, 0, 64, 0, 0, 64, 56, len(segments), 64, 0, 0)
    return header + b"".join(struct.pack("<IIQQQQQQ", kind, 4, vaddr, vaddr, vaddr, size, size, 8) for kind, vaddr, size in segments)


def image(blocks: tuple[int, ...]) -> ProcessImage:
    names = {0xD000: b"\0", 0xD100: b"/lib/libc.so.6\0", 0xD200: b"/lib/lib.so\0"}
    chain = [(EXE, 0xD000, LINKS + 0x100), (LIB, 0xD200, LINKS + 0x200), (LIBC, 0xD100, 0)]
    memory = {
        EXE: elf((PT_PHDR, 64, 168), (PT_DYNAMIC, 0x2000, 32), (PT_TLS, 0x3000, 8)),
        EXE + 0x2000: words(DT_DEBUG, RDEBUG),
        LIBC: elf((PT_TLS, 0x3000, 8)),
        LIB: elf((PT_DYNAMIC, 0x2000, 32)),
        RDEBUG: words(1, LINKS),
        **{LINKS + 0x100 * index: words(bias, name, 0, after) for index, (bias, name, after) in enumerate(chain)},
        **names,
        FS: words(0, DTV),
        DTV: b"".join(words(block, 0) for block in (1, *blocks)),
    }
    modules = tuple(loaded(None, base, base + 0x5000, bias=base, path=path) for base, path in ((EXE, "/exe"), (LIBC, "libc"), (LIB, "lib")))
    auxv = {AT_PHDR: EXE + 64, AT_PHENT: 56, AT_PHNUM: 3}
    return process(memory, modules=modules, special={"fs_base": FS}, auxv=auxv)


def test_the_vector_is_indexed_by_the_link_maps_order_of_modules_with_tls() -> None:
    process_image = image((0x11000, 0x22000))
    exe, libc, lib = process_image.modules
    thread = process_image.threads[0]
    assert tls_address(process_image, thread, exe, 4) == 0x11004
    assert tls_address(process_image, thread, libc, 8) == 0x22008
    assert tls_address(process_image, thread, lib, 0) is None


def test_a_block_that_is_not_allocated_yet_is_no_address() -> None:
    process_image = image((UNALLOCATED, 0x22000))
    assert tls_address(process_image, process_image.threads[0], process_image.modules[0], 4) is None
