"""Call frame information: as readelf interprets it, without libdw's defaults of the ABI, and without opening more than it takes."""

from pathlib import Path

import pytest

from obit.debuginfo.cfirow import CfiRow, Rule
from obit.debuginfo.elfmodule import open_module
from obit.debuginfo.search import FileFinder, Found

from .building import build, functions, run
from .frames import rows

SAVES_REGISTERS = """
long g(long);
__attribute__((noipa)) long f(long a, long b) { long x = g(a); long y = g(b); return x * y + a + b; }
__attribute__((noipa)) long g(long a) { return a * 3; }
int main(void) { return (int) f(1, 2); }
"""


def said(row: CfiRow) -> tuple[str, dict[int, str]]:
    """A row in the words of readelf."""
    names = (
        "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15".split()
        if row.return_address == 16
        else [f"x{n}" for n in range(31)] + ["sp"]
    )
    cfa = f"{names[row.cfa[0]]}{row.cfa[1]:+d}" if isinstance(row.cfa, tuple) else "exp"
    return cfa, {number: word(rule) for number, rule in row.registers.items()}


def word(rule: Rule) -> str:
    """readelf's `vexp`, `exp`, `c-16`, `v+0`, `u`, `s`."""
    return {
        "register": f"r{rule.value}",
        "undefined": "u",
        "same": "s",
        "offset": f"c{rule.value:+d}",
        "val-offset": f"v{rule.value:+d}",
        "expression": "exp",
        "val-expression": "vexp",
    }[rule.kind]


def differences(path: str, stack_pointer: int, return_address: int) -> list[str]:
    """Where our rows are not readelf's. `u` and `s` of a register mean that nothing is said of it, but for the return address of a
    row whose function says elsewhere where that is."""
    module = open_module(path)
    found = []
    for start, end, cfa, rules in rows(path):
        row = module.cfi(start)
        if row is None:
            found.append(f"0x{start:x}: no row")
            continue
        ours_cfa, ours = said(row)
        if ours.get(stack_pointer) == "v+0":
            del ours[stack_pointer]
        theirs = {return_address if n == 1000 else n: rule for n, rule in rules.items() if rule not in ("u", "s")}
        ours = {n: rule for n, rule in ours.items() if rule not in ("u", "s")}
        if (ours_cfa, ours) != (cfa, theirs) or not (row.start <= start < row.end and row.end >= end):
            found.append(f"0x{start:x}-0x{end:x}: readelf {cfa} {theirs}, we {ours_cfa} {ours} 0x{row.start:x}-0x{row.end:x}")
    return found


@pytest.mark.parametrize("options", [("-O0",), ("-O2",), ("-O2", "-static"), ("-O2", "-fomit-frame-pointer", "-Wl,--no-eh-frame-hdr")])
def test_rows_are_readelfs(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = build(tmp_path, "types.cpp", *options)
    assert len(rows(path)) > 40
    assert differences(path, 7, 16) == []


def test_rows_of_the_c_library() -> None:
    """Signal trampolines, expressions, hand-written CFI."""
    path = "/lib/x86_64-linux-gnu/libc.so.6"
    assert len(rows(path)) > 10_000
    assert differences(path, 7, 16) == []


def test_rows_of_aarch64_with_pointer_authentication(tmp_path: Path) -> None:
    path = build(tmp_path, SAVES_REGISTERS, "-O2", "-static", "-mbranch-protection=standard", compiler="aarch64-linux-gnu-gcc")
    assert len(rows(path)) > 1_000
    assert differences(path, 31, 30) == []


def test_a_register_that_a_function_saves_is_found(tmp_path: Path) -> None:
    """libdw takes DWARF's number 3 for rax and 0 for rbx: a stack walk by its rules loses rbx above every leaf function."""
    path = build(tmp_path, SAVES_REGISTERS, "-O2")
    module = open_module(path)
    address, size = functions(path)["f"]
    row = module.cfi(address + size // 2)
    assert row is not None
    assert row.registers[3].kind == "offset"
    leaf = module.cfi(functions(path)["g"][0])
    assert leaf is not None
    # Left to the reader's own defaults: rbx and rbp preserved, rax lost.
    assert set(leaf.registers) == {7, 16}


def test_the_outermost_function_says_so(tmp_path: Path) -> None:
    path = build(tmp_path, SAVES_REGISTERS)
    row = open_module(path).cfi(functions(path)["_start"][0] + 4)
    assert row is not None
    assert row.registers[row.return_address] == Rule("undefined")


def test_a_signal_trampoline_is_marked() -> None:
    module = open_module("/lib/x86_64-linux-gnu/libc.so.6", FileFinder())
    trampoline = module.find_symbol("__restore_rt")
    assert trampoline is not None
    row = module.cfi(trampoline.address)
    assert row is not None
    assert row.signal_frame
    assert row.registers[0].kind == "expression"


class Spy(FileFinder):
    """Records what is looked for."""

    def __init__(self, answer: str | None = None) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.answer = answer

    def debug(self, elf_path: str, build_id: str | None, link: tuple[str, int] | None = None) -> Found:
        self.asked.append(elf_path)
        return Found(self.answer)


def test_the_debug_file_is_not_opened_for_what_the_program_has(tmp_path: Path) -> None:
    path = build(tmp_path, SAVES_REGISTERS, "-O2")
    address = functions(path)["f"][0]
    run("strip", "--strip-debug", path)
    spy = Spy()
    module = open_module(path, spy)
    assert module.cfi(address)
    assert module.symbol(address)
    assert spy.asked == []
    assert module.scopes(address) == ()
    assert spy.asked == [path]
    module.line(address)
    assert spy.asked == [path]


def test_debug_frame_of_the_debug_file_where_there_is_no_eh_frame(tmp_path: Path) -> None:
    path = build(tmp_path, SAVES_REGISTERS, "-O2", "-fno-asynchronous-unwind-tables")
    address, size = functions(path)["f"]
    direct = open_module(path).cfi(address + size // 2)
    assert direct is not None
    assert direct.registers[3].kind == "offset"
    run("objcopy", "--only-keep-debug", path, path + ".debug")
    run("strip", path)
    spy = Spy(path + ".debug")
    module = open_module(path, spy)
    assert module.cfi(functions(path + ".debug")["_start"][0])
    assert spy.asked == []
    assert module.cfi(address + size // 2) == direct
    assert spy.asked == [path]


def test_no_row_outside_of_code(tmp_path: Path) -> None:
    module = open_module(build(tmp_path, SAVES_REGISTERS))
    for address in (-1, 0, 1, 1 << 40, (1 << 64) - 1, 1 << 64, 1 << 80):
        assert module.cfi(address) is None


def test_rows_are_kept_by_range(tmp_path: Path) -> None:
    path = build(tmp_path, SAVES_REGISTERS, "-O2")
    module = open_module(path)
    address, size = functions(path)["f"]
    row = module.cfi(address + size // 2)
    assert row is not None
    assert module.cfi(row.start) is row
    assert module.cfi(row.end - 1) is row
    assert module.cfi(row.end) is not row
