"""A function without a symbol of its own is not called by its neighbour's name."""

import re
import subprocess
from pathlib import Path

from obit.debuginfo.elfmodule import open_module

SOURCE = """
static int hidden(int x);
int shown(int x) { return hidden(x) + 1; }
__attribute__((noinline)) static int hidden(int x) { __asm__ volatile("" ::: "memory"); return x * 3; }
int last(int x) { return hidden(x) + 2; }
"""


def test_a_sized_symbol_does_not_reach_beyond_its_end(tmp_path: Path) -> None:
    (tmp_path / "lib.c").write_text(SOURCE)
    library = tmp_path / "lib.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-fno-toplevel-reorder", str(tmp_path / "lib.c"), "-o", str(library)], check=True)
    table = subprocess.run(["nm", "-S", str(library)], check=True, capture_output=True, text=True).stdout
    places = {name: int(start, 16) for start, name in re.findall(r"^(\w+) \w+ [tT] (hidden|shown|last)$", table, re.MULTILINE)}
    assert places["shown"] < places["hidden"] < places["last"]
    subprocess.run(["strip", str(library)], check=True)
    module = open_module(str(library))
    found = {name: module.symbol(address + 1) for name, address in places.items()}
    assert {name: symbol and symbol.name for name, symbol in found.items()} == {"hidden": None, "shown": "shown", "last": "last"}
