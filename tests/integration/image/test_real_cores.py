"""Cores that the kernel and gdb's gcore wrote, of programs that said before what is where in them."""

import os
import re
import struct
import subprocess
from pathlib import Path

import pytest

from obit.debuginfo.search import FileFinder
from obit.image.open import open_core
from obit.image.process import MemoryAbsent, ProcessImage
from tests.integration.image.witness import VARIANTS, Witness, build, crash, waiting

GENERAL = "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("witness")


@pytest.fixture(scope="module")
def pie(folder: Path) -> Witness:
    return crash(build(folder, "pie"))


@pytest.fixture(scope="module", params=VARIANTS)
def witness(folder: Path, request: pytest.FixtureRequest, pie: Witness) -> Witness:
    return pie if request.param == "pie" else crash(build(folder, request.param))


def opened(path: Path) -> ProcessImage:
    return open_core(str(path), FileFinder())


def placed(image: ProcessImage) -> dict[int, str]:
    return {module.bias: os.path.realpath(module.path) if module.path != "[vdso]" else "linux-vdso.so.1" for module in image.modules}


def said(witness: Witness) -> dict[int, str]:
    """The modules as the loader listed them, with the paths that the kernel knows."""
    names = {bias: os.path.realpath(name) if name.startswith("/") else name or str(witness.exe) for bias, name in witness.modules.items()}
    return names if len(names) > 1 else {bias: str(witness.exe) for bias in names}


def check_memory(image: ProcessImage, witness: Witness) -> None:
    for address, content in witness.memory.items():
        assert image.memory.read(address, len(content)) == content


def test_a_core_has_what_the_program_said(witness: Witness) -> None:
    image = opened(witness.core)
    modules = placed(image)
    if "linux-vdso.so.1" not in said(witness).values():
        modules = {bias: path for bias, path in modules.items() if path != "linux-vdso.so.1"}
    assert modules == said(witness)
    check_memory(image, witness)
    assert len(image.threads) == 3
    assert image.signal is not None
    assert (image.signal.number, image.signal.code, image.signal.address) == (11, 1, 0)
    assert (image.process["pid"], image.process["exe"]) == (witness.pid, str(witness.exe))
    assert image.process["cmdline"] == [str(witness.exe), "crash"]
    assert image.process["environ"]["PATH"] == os.environ["PATH"]
    assert image.missing == ()


def test_registers_agree_with_gdb(pie: Witness) -> None:
    command = ["gdb", "-nx", "-batch", "-ex", "thread apply all info registers", str(pie.exe), str(pie.core)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    theirs: dict[int, dict[str, int]] = {}
    for line in text.splitlines():
        if found := re.match(r"Thread \d+ .*LWP (\d+)\)", line):
            registers = theirs.setdefault(int(found[1]), {})
        elif found := re.match(r"(\w+) +(0x[0-9a-f]+)", line):
            registers[found[1]] = int(found[2], 16)
    image = opened(pie.core)
    assert sorted(theirs) == sorted(thread.tid for thread in image.threads)
    for thread in image.threads:
        ours = {name: thread.registers[image.machine.number(name)] for name in GENERAL} | thread.special
        shared = ours.keys() & theirs[thread.tid].keys()
        assert len(shared) >= 24
        assert {name: ours[name] for name in shared} == {name: theirs[thread.tid][name] for name in shared}


def test_vector_registers_agree_with_gdb(pie: Witness) -> None:
    command = ["gdb", "-nx", "-batch", "-ex", "thread apply all p/x $xmm7.uint128", str(pie.exe), str(pie.core)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    theirs = sorted(int(value, 16) for value in re.findall(r"^\$\d+ = (0x[0-9a-f]+)$", text, re.MULTILINE))
    image = opened(pie.core)
    assert sorted(int.from_bytes(thread.vectors[17 + 7][:16], "little") for thread in image.threads) == theirs
    assert struct.pack("<d", 1.5) in [thread.vectors[24][:8] for thread in image.threads]


def test_gdbs_own_core_of_a_live_process(folder: Path, pie: Witness) -> None:
    with waiting(pie.exe) as witness:
        subprocess.run(["gcore", "-o", str(folder / "gcore"), str(witness.pid)], capture_output=True, check=True)
    image = opened(folder / f"gcore.{witness.pid}")
    assert placed(image) == said(witness)
    check_memory(image, witness)
    assert len(image.threads) == 3
    assert image.process["exe"] == str(pie.exe)


def without_mapped_files(core: Path) -> Path:
    """The core with NT_FILE made a note of a type that nobody knows."""
    data = bytearray(core.read_bytes())
    at = data.index(struct.pack("<I", 0x46494C45) + b"CORE\0")
    data[at : at + 4] = struct.pack("<I", 0x12345678)
    changed = core.with_name("core.without-files")
    changed.write_bytes(data)
    return changed


def test_without_nt_file_the_link_map_names_the_modules(witness: Witness) -> None:
    assert placed(opened(without_mapped_files(witness.core))) == placed(opened(witness.core))


def test_without_first_pages_the_files_on_disk_place_the_modules(pie: Witness) -> None:
    whole = opened(pie.core)
    firsts = {module.start for module in whole.modules if module.path != "[vdso]"}
    data = bytearray(pie.core.read_bytes())
    (table,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    for at in range(table, table + 56 * count, 56):
        if struct.unpack_from("<Q", data, at + 16)[0] in firsts:
            struct.pack_into("<Q", data, at + 32, 0)
    changed = pie.core.with_name("core.without-headers")
    changed.write_bytes(data)
    image = opened(changed)
    assert placed(image) == placed(whole)
    assert {module.build_id for module in image.modules if module.path != "[vdso]"} == {None}
    check_memory(image, pie)


def test_a_core_cut_anywhere_opens(pie: Witness) -> None:
    data = pie.core.read_bytes()
    cut = pie.core.with_name("core.cut")
    for size in (4096, len(data) // 8, len(data) // 2, len(data) - 1):
        cut.write_bytes(data[:size])
        image = opened(cut)
        assert "the file ends after" in image.missing[0][1]
    with pytest.raises(MemoryAbsent):
        image.memory.read(0xFFFFFFFFFF600000, 4096)


@pytest.mark.parametrize("tool", ["zstd", "lz4", "xz -T0", "gzip"])
def test_what_the_usual_tools_compress(pie: Witness, tool: str) -> None:
    packed = pie.core.with_name("core.packed")
    with packed.open("wb") as out:
        subprocess.run([*tool.split(), "-1", "-c", str(pie.core)], stdout=out, stderr=subprocess.DEVNULL, check=True)
    image = opened(packed)
    check_memory(image, pie)
    assert image.missing == ()


def test_a_deleted_executable_is_not_confused_with_its_successor(folder: Path) -> None:
    exe = build(folder, "fixed").rename(folder / "replaced")
    other = build(folder, "pie")
    witness = crash(exe)
    os.replace(other, exe)
    image = opened(witness.core)
    (main,) = [module for module in image.modules if module.path == str(exe)]
    assert main.file is not None
    assert main.file.level == "none"
    assert "another build" in main.file.notes[0][1]
