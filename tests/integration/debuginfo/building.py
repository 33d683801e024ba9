"""Compiles the programs of these tests, and asks binutils and gdb about them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).with_name("programs")


def run(*command: str, cwd: Path | None = None) -> str:
    """Standard output of a command that must succeed."""
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


def build(folder: Path, source: str, *options: str, compiler: str | None = None, name: str = "program") -> str:
    """Compile a file of `programs/`, or the text of a C program, in `folder`; path of the result."""
    path = PROGRAMS / source
    if "\n" in source:
        path = folder / "source.c"
        path.write_text(source)
    compiler = compiler or ("g++" if path.suffix == ".cpp" else "gcc")
    run(compiler, "-w", "-g", *options, "-o", name, str(path), cwd=folder)
    return str(folder / name)


def functions(path: str, nm: str = "nm") -> dict[str, tuple[int, int]]:
    """Demangled name → (address, size) of the sized functions in .symtab."""
    found = {}
    for line in run(nm, "-SC", "--defined-only", path).splitlines():
        parts = line.split(maxsplit=3)
        if len(parts) == 4 and parts[2] in "tTwW":
            found[parts[3]] = (int(parts[0], 16), int(parts[1], 16))
    return found


def addresses_in(path: str, nm: str = "nm") -> list[int]:
    """Some addresses of every function: its first, and some within."""
    spread = {a + size * part // 12 for a, size in functions(path, nm).values() for part in range(12)}
    return sorted(spread)


def ask_gdb(path: str, addresses: list[int], folder: Path) -> Any:
    """What gdb knows of some addresses: see `gdb_dump.py`."""
    output = folder / "gdb.json"
    environment = {**os.environ, "OBIT_ADDRESSES": json.dumps(addresses), "OBIT_OUTPUT": str(output), "LC_ALL": "C.UTF-8"}
    script = str(Path(__file__).with_name("gdb_dump.py"))
    command = ["gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-x", script, path]
    subprocess.run(command, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return json.loads(output.read_text())
