"""Put what `obit run` prints for examples/cart.c into README.md, between its two markers.

The program is compiled and crashes for real. `make docs` runs it when the report's look has changed; --check says (status 1) whether
it has.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- output -->\n```\n).*?(```\n)", re.DOTALL)


def report() -> str:
    """The command and everything that it prints, the program's own output first."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["cc", "-g", "-Wall", "examples/cart.c", "-o", f"{place}/cart"], cwd=ROOT, check=True)
        environment = {**os.environ, "OBIT_HOME": f"{place}/home", "NO_COLOR": "1", "COLUMNS": "80"}
        result = subprocess.run(
            [ROOT / ".venv/bin/obit", "run", "--", f"{place}/cart"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=ROOT,
            check=False,
        )
    return f"$ obit run -- ./cart\n{result.stdout}"


def lasting(text: str) -> str:
    """The report without what differs between two runs: identifiers, addresses, times, the machine."""
    text = re.sub(r"\b0x[0-9a-f]{9,}|\b(?=[0-9a-f]*[0-9])[0-9a-f]{12}\b|(?<=(?:view|ebug|show) )[0-9a-f]{6}|\b\d+(?= \"cart\")", "N", text)
    return re.sub(r" +", " ", re.sub(r"· \d{4}-\d\d-\d\d .*", "·", text))


def main(arguments: list[str]) -> int:
    """Rewrite the block, or with --check compare it; the exit status."""
    text = README.read_text()
    output = report()
    made = BLOCK.sub(lambda block: block[1] + output + block[2], text)
    if arguments == ["--check"]:
        return 0 if lasting(made) == lasting(text) else 1
    if not BLOCK.search(text) or "crashed" not in output:
        print(f"README.md is left as it is: no markers, or no report:\n{output}", file=sys.stderr)
        return 1
    README.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
