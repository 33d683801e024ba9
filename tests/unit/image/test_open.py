"""A core file becomes a process: every part of the layer together, on cores that the builders made."""

import struct
from pathlib import Path

import pytest
import zstandard

from obit.debuginfo.search import FileFinder
from obit.errors import BadInput
from obit.image.loading import DELETED
from obit.image.modules import UNCHECKED
from obit.image.obitnote import encode
from obit.image.open import open_core
from obit.image.process import MappedRange, MemoryAbsent, ProcessImage
from tests.builders import notes
from tests.builders.core import Memory, Thread, core_file, mapped
from tests.builders.notes import Note
from tests.builders.objects import PAGE, Library, library
from tests.builders.stack import initial_stack

EXE, LIBX = 0x555500000000, 0x7F0000000000
CODE = bytes(range(200))


def opened(folder: Path, data: bytes, files: dict[str, Library] | None = None, executables: tuple[str, ...] = ()) -> ProcessImage:
    """The process in `data`; `files` are on "this machine"."""
    for path, built in (files or {}).items():
        place = folder / "root" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(built.image)
    (folder / "core").write_bytes(data)
    return open_core(str(folder / "core"), FileFinder(executables, sysroot=str(folder / "root")))


def shop_core(exe: Library, machine: int = 62) -> bytes:
    """A process with an executable, whose code is not in the core, and a stack."""
    part = mapped(exe, "/bin/shop", EXE)
    stack = initial_stack([b"shop", b"-v"], [b"A=1"], {3: EXE + 64, 4: 56, 5: 6})
    pc = "rip" if machine == 62 else "pc"
    return core_file(
        [Thread(10, {pc: EXE + PAGE + 4}, 11), Thread(11, {pc: EXE + PAGE + 8})],
        [*part.memory, stack.memory],
        machine=machine,
        files=part.files,
        auxv=stack.auxv,
        siginfo=notes.siginfo(11, 1, fields=struct.pack("<Q", 0x10)),
        psinfo=notes.prpsinfo(10, fname="shop"),
    )


@pytest.mark.parametrize("machine", [62, 183])
def test_a_process_with_code_from_its_file(tmp_path: Path, machine: int) -> None:
    exe = library(code=CODE, machine=machine)
    image = opened(tmp_path, shop_core(exe, machine), {"/bin/shop": exe})
    assert image.machine.elf_machine == machine
    assert image.memory.read(EXE + PAGE, 200) == CODE
    assert image.memory.u64(EXE + PAGE + 8) == int.from_bytes(CODE[8:16], "little")
    assert image.memory.read(EXE, 4) == b"\x7fELF"
    assert image.process["cmdline"] == ["shop", "-v"]
    assert image.missing == ()
    assert image.module_at(EXE + PAGE) is image.modules[0]
    assert image.module_at(EXE + 5 * PAGE) is None
    assert image.mapping_at(EXE + PAGE) == MappedRange(EXE + PAGE, EXE + 2 * PAGE, "r-x", PAGE, "/bin/shop")
    assert image.mapping_at(0) is None
    assert [mapping.path for mapping in image.mappings][-1] == "[stack]"


def test_nothing_is_opened_before_somebody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = FileFinder.module

    def module(self: FileFinder, path: str, build_id: str | None, *, main: bool = False) -> object:
        asked.append(path)
        return real(self, path, build_id, main=main)

    monkeypatch.setattr(FileFinder, "module", module)
    exe = library(code=CODE)
    image = opened(tmp_path, shop_core(exe), {"/bin/shop": exe})
    assert asked == []
    image.memory.read(EXE + PAGE, 1)
    image.memory.read(EXE + PAGE + 5, 1)
    assert asked == ["/bin/shop"]


def test_another_build_on_disk_is_not_used_and_the_module_says_so(tmp_path: Path) -> None:
    image = opened(tmp_path, shop_core(library(code=CODE)), {"/bin/shop": library(code=CODE, identity="ab" * 20)})
    with pytest.raises(MemoryAbsent):
        image.memory.read(EXE + PAGE, 1)
    file = image.modules[0].file
    assert file is not None
    assert (file.level, file.symbol(0x1000), file.scopes(0x1000), file.line(1), file.cfi(1)) == ("none", None, (), None, None)
    assert "another build" in file.notes[0][1]


def test_the_executable_that_the_user_names_is_used_when_it_is_the_one(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_bytes(library(code=CODE).image)
    wrong.write_bytes(library(code=CODE, identity="ab" * 20).image)
    image = opened(tmp_path, shop_core(library(code=CODE)), executables=(str(right),))
    assert image.memory.read(EXE + PAGE, 200) == CODE
    image = opened(tmp_path, shop_core(library(code=CODE)), executables=(str(wrong),))
    assert image.memory.read_some(EXE + PAGE, 200) == b""


def test_a_file_that_nobody_vouches_for_is_used_with_a_note(tmp_path: Path) -> None:
    exe = library(code=CODE, identity=None)
    image = opened(tmp_path, shop_core(exe), {"/bin/shop": exe})
    assert image.modules[0].note == UNCHECKED
    assert image.memory.read(EXE + PAGE, 200) == CODE


def test_a_file_that_is_no_elf_file_by_now_is_said(tmp_path: Path) -> None:
    exe = library(code=CODE, identity=None)
    image = opened(tmp_path, shop_core(exe), {"/bin/shop": exe._replace(image=b"#!/bin/sh\nexec shop-real\n" * 9)})
    file = image.modules[0].file
    assert file is not None
    assert file.level == "none"
    assert "not a 64-bit little-endian ELF file" in file.notes[0][1]


def test_a_deleted_file_without_build_id_is_not_replaced_by_its_successor(tmp_path: Path) -> None:
    exe = library(code=CODE, identity=None)
    part = mapped(exe, "/bin/shop (deleted)", EXE)
    image = opened(tmp_path, core_file(memory=part.memory, files=part.files), {"/bin/shop": exe})
    assert (image.modules[0].path, image.modules[0].file, image.modules[0].note) == ("/bin/shop", None, DELETED)


def test_the_vdso_is_opened_from_memory(tmp_path: Path) -> None:
    vdso = library(code=CODE)
    memory = Memory(0x7FFF00000000, vdso.image.ljust(4 * PAGE, b"\0"), flags=5)
    image = opened(tmp_path, core_file(memory=[memory], auxv={33: memory.address}))
    (module,) = image.modules
    assert module.path == "[vdso]"
    assert module.file is not None
    assert module.file.read(PAGE, 200) == CODE


def test_obits_note_comes_through(tmp_path: Path) -> None:
    note = encode(
        {
            "captured_at": "2026-11-02T14:02:11Z",
            "source": "ptrace",
            "message": "Assertion failed",
            "attributes": {"build": 7},
            "host": {"name": "web-07"},
            "missing": [("the heap", "too large", None)],
            "maps": [(0x1000, 0x2000, "rw-p", 0, "[heap]")],
        }
    )
    image = opened(tmp_path, core_file(extra=[Note("OBIT", 1, note)]))
    assert (image.captured_at, image.source, image.message) == ("2026-11-02T14:02:11Z", "ptrace", "Assertion failed")
    assert (image.attributes, image.host) == ({"build": 7}, {"name": "web-07"})
    assert image.mappings == (MappedRange(0x1000, 0x2000, "rw-", 0, "[heap]"),)
    assert image.missing == (("the heap", "too large", None),)


def test_compressed_and_cut_off_at_once(tmp_path: Path) -> None:
    data = core_file(memory=[Memory(0x1000, b"x" * PAGE), Memory(0x8000, b"y" * PAGE)])
    image = opened(tmp_path, zstandard.compress(data[:-PAGE]))
    assert image.memory.read(0x1000, 4) == b"xxxx"
    assert image.memory.read_some(0x8000, 4) == b""
    assert image.missing[0][0].startswith("4,096 bytes of the core")


def test_what_is_no_core_is_named_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"{tmp_path}/core: It is an executable or a shared library"):
        opened(tmp_path, library().image)
