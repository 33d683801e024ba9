"""Damaged files: an answer or nothing, never an exception, a hang, or more than 1 GB."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from obit.debuginfo.elf import Elf
from obit.debuginfo.elfmodule import open_module

from .building import build, functions, run
from .hostile import use_type

ROOT = Path(__file__).parents[3]
PER_PROGRAM = 60
SLOWEST = 5.0


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("types.cpp", ("-O1",)),
        ("types.cpp", ("-O0", "-gdwarf-4", "-fdebug-types-section", "-gz")),
        ("types.c", ("-O2", "-gdwarf-3", "-fno-asynchronous-unwind-tables")),
    ],
)
def test_damaged_files(tmp_path: Path, source: str, options: tuple[str, ...]) -> None:
    program = build(tmp_path, source, *options)
    command = [sys.executable, "-m", "tests.integration.debuginfo.hostile", program, "1", str(PER_PROGRAM)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    slowest = re.search(r"slowest: ([0-9.]+) s", done.stdout)
    assert slowest
    assert float(slowest[1]) < SLOWEST


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    program = build(tmp_path, "int the_function(int the_argument) { return the_argument; }\nint main(void) { return 0; }\n")
    address, _ = functions(program)["the_function"]
    path = tmp_path / "damaged"
    path.write_bytes(
        Path(program).read_bytes().replace(b"the_argument", b"the\xff\xfe\x80gument").replace(b"the_function", b"the_fun\xc3tion")
    )
    scope = open_module(str(path)).scopes(address)[0]
    assert scope.name == "the_fun\ufffdtion"
    assert [variable.name for variable in scope.variables()] == ["the\ufffd\ufffd\ufffdgument"]


SELF = """
typedef int first;
typedef first second;
struct record { second value; };
typedef second row[3];
struct record one;
row two;
int main(void) { return one.value + two[0]; }
"""


@pytest.mark.parametrize("tag", ["typedef", "array_type"])
def test_a_type_that_is_made_of_itself(tmp_path: Path, tag: str) -> None:
    """The DW_AT_type of every such DIE is made to refer to the DIE."""
    program = Path(build(tmp_path, SELF, "-gdwarf-4"))
    data = bytearray(program.read_bytes())
    section = Elf(bytes(data)).section(".debug_info")
    assert section
    references = type_references(str(program), tag)
    assert references
    for at, die in references:
        struct.pack_into("<I", data, section.offset + at, die)
    program.write_bytes(data)
    module = open_module(str(program))
    for name in ("first", "second", "row", "record"):
        assert module.find_type(name) is not None
    for variable in module.globals(functions(str(program))["main"][0]):
        use_type(variable.type(), 8)


def type_references(program: str, tag: str) -> list[tuple[int, int]]:
    """Offsets in .debug_info of the DW_AT_type of DIEs with a tag, and of the DIEs."""
    found, die = [], None
    for line in run("readelf", "-W", "--debug-dump=info", program).splitlines():
        header = re.search(r"<[0-9a-f]+><([0-9a-f]+)>: Abbrev Number: \d+ \(DW_TAG_(\w+)\)", line)
        if header:
            die = int(header[1], 16) if header[2] == tag else None
        attribute = re.search(r"<([0-9a-f]+)>\s+DW_AT_type\s", line)
        if attribute and die is not None:
            found.append((int(attribute[1], 16), die))
    return found
