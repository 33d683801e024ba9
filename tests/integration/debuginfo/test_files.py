"""Debug information that is in other files, and what is said when it is not there."""

import os
from pathlib import Path

import pytest

from obit.debuginfo.elfmodule import ElfModule, open_module
from obit.debuginfo.search import FileFinder
from obit.errors import BadInput

from .building import PROGRAMS, build, functions, run


def described(module: ElfModule, address: int) -> tuple[list[str], list[str], int]:
    """Function names, variables with their types, and the line at an address."""
    scopes = module.scopes(address)
    line = module.line(address)
    variables = [f"{v.name}: {v.type().name}" for scope in scopes for v in scope.variables()]
    return [scope.name for scope in scopes], variables, line.line if line else 0


def of_use(path: str, within: str | None = None) -> int:
    address, size = functions(within or path)["use"]
    return address + size // 2


@pytest.mark.parametrize("by", ["build-id", "link"])
def test_a_separate_debug_file(tmp_path: Path, by: str) -> None:
    path = build(tmp_path, "types.c", "-O1", f"-Wl,--build-id={'none' if by == 'link' else 'sha1'}")
    whole, address = described(open_module(path), of_use(path)), of_use(path)
    debug = path + ".debug"
    run("objcopy", "--only-keep-debug", path, debug)
    if by == "link":
        run("strip", path)
        run("objcopy", f"--add-gnu-debuglink={debug}", path, cwd=tmp_path)
    else:
        build_id = open_module(path).build_id
        assert build_id
        folder = tmp_path / "debug" / ".build-id" / build_id[:2]
        folder.mkdir(parents=True)
        os.rename(debug, folder / f"{build_id[2:]}.debug")
        run("strip", path)
    module = open_module(path, FileFinder(debug_directories=(str(tmp_path / "debug"),)))
    assert described(module, address) == whole
    assert module.level == "full"
    assert module.notes == []
    alone = open_module(path)
    assert described(alone, address) == ([], [], 0)
    assert alone.level != "full"


def test_a_missing_debug_file_is_a_note_with_what_mends_it(tmp_path: Path) -> None:
    path = build(tmp_path, "types.c")
    address = of_use(path)
    run("strip", path)
    module = open_module(path, FileFinder())
    assert module.notes == []
    assert module.scopes(address) == ()
    assert module.line(address) is None
    assert [note[:2] for note in module.notes] == [(f"debug information of {path}", "no debug file is installed")]
    assert module.notes[0][2]


def dwz(folder: Path) -> tuple[str, str]:
    """Two programs whose common DIEs dwz moved to a third file; paths of the first program and of that file."""
    for name in ("one", "two"):
        build(folder, "types.cpp", "-O1", "-gdwarf-4", name=name)
    run("dwz", "-m", str(folder / "common"), "-M", "common", "one", "two", cwd=folder)
    return str(folder / "one"), str(folder / "common")


def test_what_dwz_moved_to_another_file_is_found(tmp_path: Path) -> None:
    plain = build(tmp_path, "types.cpp", "-O1", "-gdwarf-4", name="plain")
    one, _ = dwz(tmp_path)
    moved, whole = open_module(one, FileFinder()), open_module(plain)
    for address, size in functions(plain).values():
        assert described(moved, address + size // 2) == described(whole, address + size // 2)
    assert moved.notes == []


def test_a_missing_file_of_dwz_is_a_note(tmp_path: Path) -> None:
    """libdw says nothing: names and types are just not there."""
    one, common = dwz(tmp_path)
    os.remove(common)
    module = open_module(one, FileFinder())
    for address, _ in functions(one).values():
        described(module, address)
    assert [note[:2] for note in module.notes] == [
        (f"part of the debug information of {one}", "the supplementary debug file common is not on this machine")
    ]
    silent = open_module(one)
    silent.scopes(functions(one)["main"][0])
    assert len(silent.notes) == 1


def test_a_fifo_in_the_place_of_dwzs_file_is_not_opened(tmp_path: Path) -> None:
    one, common = dwz(tmp_path)
    os.unlink(common)
    os.mkfifo(common)
    for finder in (None, FileFinder()):
        module = open_module(one, finder)
        for address, _ in functions(one).values():
            described(module, address)
        assert any("supplementary" in why for _, why, _ in module.notes)


def test_dwz_of_one_file_leaves_partial_units(tmp_path: Path) -> None:
    text = (PROGRAMS / "types.cpp").read_text().replace("namespace shop", "namespace other").replace("shop::", "other::")
    source = tmp_path / "other.cpp"
    source.write_text(text.replace("int main(", "int other_main("))
    for name in ("plain", "moved"):
        build(tmp_path, "types.cpp", "-O1", str(source), name=name)
    plain, moved = str(tmp_path / "plain"), str(tmp_path / "moved")
    run("dwz", moved)
    assert "DW_TAG_partial_unit" in run("readelf", "--debug-dump=info", moved)
    for address, size in functions(plain).values():
        assert described(open_module(moved), address + size // 2) == described(open_module(plain), address + size // 2)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("version", ["-gdwarf-4", "-gdwarf-5"])
def test_split_dwarf_beside_the_program_and_missing(tmp_path: Path, compiler: str, version: str) -> None:
    whole = build(tmp_path, "types.c", "-O1", version, compiler=compiler, name="whole")
    split = build(tmp_path, "types.c", "-O1", version, "-gsplit-dwarf", compiler=compiler, name="split")
    address = of_use(split)
    assert described(open_module(split), address) == described(open_module(whole), of_use(whole))
    dwo = next(tmp_path.glob("*.dwo"))
    dwo.unlink()
    module = open_module(split)
    assert module.scopes(address) == ()
    line = module.line(address)
    assert line is not None
    assert line.line > 0
    assert module.scopes(address + 1) == ()
    assert [(what, dwo.name in why) for what, why, _ in module.notes] == [(f"debug information of {split}", True)]


def test_the_small_debug_information_of_fedora(tmp_path: Path) -> None:
    path = build(tmp_path, "types.c", "-O1")
    address, size = functions(path)["use"]
    run("objcopy", "--only-keep-debug", path, "mini", cwd=tmp_path)
    run(
        "objcopy",
        "-S",
        "--remove-section=.gdb_index",
        "--remove-section=.comment",
        "--keep-symbol=use",
        "--keep-symbol=main",
        "mini",
        cwd=tmp_path,
    )
    run("xz", "mini", cwd=tmp_path)
    run("strip", path)
    run("objcopy", "--add-section", ".gnu_debugdata=mini.xz", path, cwd=tmp_path)
    module = open_module(path)
    symbol = module.symbol(address + 3)
    assert symbol is not None
    assert (symbol.name, symbol.address, symbol.size) == ("use", address, size)
    assert module.level == "symbols"
    found = module.find_symbol("main")
    assert found is not None


def test_damaged_small_debug_information_is_as_none(tmp_path: Path) -> None:
    path = build(tmp_path, "types.c", "-O1")
    address = of_use(path)
    (tmp_path / "junk").write_bytes(b"\xfd7zXZ\0 and no more")
    run("strip", path)
    run("objcopy", "--add-section", ".gnu_debugdata=junk", path, cwd=tmp_path)
    module = open_module(path)
    module.symbol(address)
    assert module.find_symbol("use") is None


@pytest.mark.parametrize("content", [b"", b"text", b"\x7fELF", b"\x7fELF\x01\x01\x01" + bytes(80), b"\x7fELF\x02\x02\x01" + bytes(80)])
def test_what_is_no_elf_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a 64-bit little-endian ELF file"):
        open_module(str(path))


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        open_module(str(tmp_path / "missing"))
    with pytest.raises(BadInput):
        open_module(str(tmp_path))


def test_bytes_of_read_only_segments(tmp_path: Path) -> None:
    path = build(tmp_path, "types.c", "-O1")
    address, size = functions(path)["use"]
    module = open_module(path)
    code = module.read(address, size)
    assert code is not None
    dump = run("objdump", "-d", "--disassemble=use", path)
    first = next(line for line in dump.splitlines() if line.strip().startswith(f"{address:x}:"))
    assert code.startswith(bytes.fromhex("".join(first.split("\t")[1].split())))
    assert module.read(address, 1 << 20) is None
    assert module.read(address, 1 << 40) is None
    assert module.read(1 << 50, 4) is None
    assert module.read(-4, 8) is None
    counter = module.find_symbol("counter")
    assert counter is not None
    assert module.read(counter.address, 4) is None
