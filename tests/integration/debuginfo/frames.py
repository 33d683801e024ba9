"""Call frame information as `readelf --debug-dump=frames-interp` has it."""

import re
import subprocess

X86 = {name: number for number, name in enumerate("rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15".split())}
ROW = re.compile(r"^[0-9a-f]{16} ")

Row = tuple[int, int, str, dict[int, str]]
"""First address, end, CFA, and DWARF number → rule: `c-16`, `u`, `s`, `exp`, `v+0`, or a register."""


def rows(path: str) -> list[Row]:
    """Every row of every FDE, in the order of the output."""
    found: list[Row] = []
    end, columns = 0, [""]
    # Its exit status is 1 for a library without DWARF, which it warns of.
    done = subprocess.run(["readelf", "-W", "--debug-dump=frames-interp", path], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if "FDE" in line or "CIE" in line:
            span = re.search(r"pc=([0-9a-f]+)\.\.([0-9a-f]+)", line)
            end = int(span[2], 16) if span else 0
        elif line.strip().startswith("LOC"):
            columns = line.split()[2:]
        elif ROW.match(line) and end:
            parts = re.sub(r" \(\w+\)", "", line).split()
            found.append((int(parts[0], 16), end, parts[1], dict(zip(map(number, columns), parts[2:], strict=False))))
    return closed(found)


def closed(rows: list[Row]) -> list[Row]:
    """Each row ends where the next of the same FDE begins."""
    ends = [
        after[0] if after[1] == row[1] and after[0] >= row[0] else row[1]
        for row, after in zip(rows, [*rows[1:], (0, 0, "", {})], strict=True)
    ]
    return [(start, end, cfa, rules) for (start, _, cfa, rules), end in zip(rows, ends, strict=True) if end > start]


def number(name: str) -> int:
    """DWARF number of a column; 1000 for the return address."""
    if name == "ra":
        return 1000
    return X86[name] if name in X86 else int(name[1:]) + (64 if name[0] in "vd" else 0)
