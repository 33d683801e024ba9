"""Symbols: which name an address has when several would do, and what has none."""

from pathlib import Path

from obit.debuginfo.elf import Elf
from obit.debuginfo.elfmodule import open_module

from .building import build, functions, run

SOURCE = """
#include <stdio.h>
int table[10] = {1};
static int hidden(int a) { return a + table[a]; }
int visible(int a) { return hidden(a) * 2; }
int _visible(int) __attribute__((alias("visible")));
int __visible_alias(int) __attribute__((alias("visible")));
int weak_one(int) __attribute__((weak, alias("visible")));
__asm__(".globl bare\\n.text\\nbare: nop\\nnop\\nnop\\nret\\n");
__thread int mine = 4;
int main(void) { return visible(1) + hidden(2) + mine; }
"""


def test_the_name_that_people_use(tmp_path: Path) -> None:
    module = open_module(build(tmp_path, SOURCE))
    visible = module.find_symbol("visible")
    assert visible is not None
    found = module.symbol(visible.address + visible.size - 1)
    assert found == visible
    for alias in ("_visible", "__visible_alias", "weak_one"):
        other = module.find_symbol(alias)
        assert other is not None
        assert other.address == visible.address


def test_static_functions_and_objects(tmp_path: Path) -> None:
    path = build(tmp_path, SOURCE)
    module = open_module(path)
    hidden = module.symbol(functions(path)["hidden"][0] + 2)
    assert hidden is not None
    assert hidden.name == "hidden"
    table = module.find_symbol("table")
    assert table is not None
    assert table.size == 40
    assert module.object_at(table.address + 39) == table
    assert module.object_at(table.address + 40) != table
    assert module.object_at(hidden.address) is None
    assert module.symbol(table.address) is None


def test_a_label_without_size_reaches_to_what_follows(tmp_path: Path) -> None:
    module = open_module(build(tmp_path, SOURCE))
    bare = module.find_symbol("bare")
    assert bare is not None
    assert bare.size == 0
    assert module.symbol(bare.address + 2) == bare


def test_a_stripped_library_has_its_exported_names(tmp_path: Path) -> None:
    path = build(tmp_path, SOURCE, "-shared", "-fPIC")
    expected = functions(path)
    run("strip", path)
    module = open_module(path)
    found = module.symbol(expected["visible"][0] + 4)
    assert found is not None
    assert found.name == "visible"
    assert module.find_symbol("hidden") is None
    assert module.find_symbol("puts") is None
    assert module.level == "symbols"


def test_versions_are_no_part_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "versions").write_text("V1 { global: f; local: *; };\n")
    source = '__asm__(".symver first, f@@V1");\nint first(int a) { return a; }\n'
    path = build(tmp_path, source, "-shared", "-fPIC", "-Wl,--version-script=versions")
    address, _ = functions(path)["f@@V1"]
    module = open_module(path)
    symbol = module.find_symbol("f")
    assert symbol is not None
    assert (symbol.name, symbol.address) == ("f", address)
    nearest = module.symbol(address + 1)
    assert nearest is not None
    assert nearest.name in ("f", "first")


def test_mapping_symbols_of_aarch64_are_no_functions(tmp_path: Path) -> None:
    path = build(tmp_path, "types.c", "-O1", compiler="aarch64-linux-gnu-gcc")
    module = open_module(path)
    address, size = functions(path)["use"]
    for at in (address, address + size - 4):
        symbol = module.symbol(at)
        assert symbol is not None
        assert symbol.name == "use"
    code = Elf(Path(path).read_bytes()).section(".plt")
    assert code is not None
    assert module.symbol(code.addr + 8) is None


def test_addresses_that_nothing_has(tmp_path: Path) -> None:
    module = open_module(build(tmp_path, SOURCE))
    for address in (-1, 0, 1 << 63, 1 << 64, 1 << 70):
        assert module.symbol(address) is None
        assert module.object_at(address) is None
    assert module.find_symbol("") is None
    assert module.find_symbol("main\0x") is None


def test_the_linkers_own_names(tmp_path: Path) -> None:
    """A name is found whole, not by its beginning."""
    module = open_module(build(tmp_path, SOURCE))
    assert module.find_symbol("visi") is None
    assert module.find_symbol("visible_") is None
