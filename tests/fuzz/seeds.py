"""The sound files that mutations start from."""

from pathlib import Path
from typing import NamedTuple

from tests.programs.build import Crashed, crashed
from tests.programs.matrix import case

CASES = (
    "c/structs@gcc-O0 c/pointers@gcc-O2 c/threads-3@gcc-O0 c/handler_abort@gcc-O2 c/inlined@gcc-O2 c/vla@gcc-O2 c/tls@gcc-O0 "
    "c/bad_return@gcc-O2 c/stack_overflow_thread@gcc-O0 c/bitfields@dwarf4 c/structs@split-dwarf c/structs@static-pie "
    "c/recursion@debug-frame c/recursion@frame-pointer-only cpp/classes@gcc-O2 cpp/inheritance@gcc-O0 "
    "cpp/templates@type-units cpp/maps@gcc-O0 cpp/sequences@gcc-O2 cpp/vocabulary@gcc-O0 cpp/smart_pointers@gcc-O0 "
    "cpp/nested_types@gcc-O0 cpp/optimized@gcc-O2 cpp/uncaught@gcc-O2 cpp/algorithms@clang-O2 cpp/maps@libc++-O0 "
    "cpp/strings@old-abi cpp/strings@debuglink cpp/classes@gz cpp/maps@dwz cpp/strings@dwz-shared cpp/members@lto"
)


class Seed(NamedTuple):
    """A crash: `core`, and the executable with what lies beside it (debug file, dwz file), by file name."""

    name: str
    executable: str
    core: bytes
    files: dict[str, bytes]


def _seed(at: Crashed) -> Seed:
    folder = at.exe.parent
    names = [at.exe.name, *(each.name for each in folder.iterdir() if each.suffix in (".debug", ".dwz", ".dwo"))]
    return Seed(at.case.name, at.exe.name, at.core.read_bytes(), {name: Path(folder / name).read_bytes() for name in sorted(names)})


def seeds() -> tuple[Seed, ...]:
    """Every seed, in a fixed order; builds what is not there."""
    return tuple(_seed(at) for at in crashed([case(name) for name in CASES.split()]))
