"""Makes a program with at least 150 MB of DWARF, and its core: one template-heavy unit, compiled once, renamed and assembled many times."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
WANTED_BYTES = 150_000_000
UNITS = 60
CALLED = 8
NAME = b"unit_0000"
FLAGS = ("-g", "-O0", "-fno-eliminate-unused-debug-types", "-fno-eliminate-unused-debug-symbols")


def dwarf_bytes(path: Path) -> int:
    """Bytes of the .debug_* sections of an ELF file."""
    table = subprocess.run(["size", "-A", path], capture_output=True, text=True, check=True).stdout
    return sum(int(line.split()[1]) for line in table.splitlines() if line.startswith(".debug_"))


def _main_source() -> str:
    declarations = "\n".join(f"namespace unit_{n:04d} {{ int entry(int, int (*)(int)); }}" for n in range(UNITS))
    steps = "\n".join(f"static int call_{n}(int d) {{ return unit_{n:04d}::entry(d, call_{n + 1}) + 1; }}" for n in reversed(range(CALLED)))
    used = ", ".join(f"unit_{n:04d}::entry" for n in range(UNITS))
    crash = f"static int *volatile nowhere;\nstatic int call_{CALLED}(int d) {{ *nowhere = d; return 1; }}"
    return f"{declarations}\n{crash}\n{steps}\nint (*volatile all[])(int, int (*)(int)) = {{{used}}};\nint main() {{ return call_0(1); }}\n"


def build(folder: Path) -> Path:
    """The executable in `folder`, made when it is not there. Takes about a minute."""
    executable = folder / "large"
    if executable.exists():
        return executable
    folder.mkdir(parents=True, exist_ok=True)
    assembly = folder / "unit.s"
    subprocess.run(["g++", *FLAGS, "-S", HERE / "programs" / "unit.cpp", "-o", assembly], check=True)
    text = assembly.read_bytes()

    def assemble(number: int) -> Path:
        target = folder / f"unit_{number:04d}.o"
        subprocess.run(["as", "-o", target, "-"], input=text.replace(NAME, b"unit_%04d" % number), check=True)
        return target

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(assemble, range(UNITS)))
    (folder / "main.cpp").write_text(_main_source())
    subprocess.run(["g++", "-g", "-O0", folder / "main.cpp", *objects, "-o", executable.with_suffix(".part"), "-pthread"], check=True)
    for unneeded in (*objects, assembly):
        unneeded.unlink()
    size = dwarf_bytes(executable.with_suffix(".part"))
    if size < WANTED_BYTES:
        raise RuntimeError(f"only {size} bytes of DWARF: raise UNITS")
    executable.with_suffix(".part").rename(executable)
    return executable
