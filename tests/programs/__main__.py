"""`python -m tests.programs [PART…]`: build and crash the cases whose names contain a PART (all by default) and print where they are."""

import sys

from .build import crashed
from .matrix import cases


def main(parts: list[str]) -> int:
    """Build, crash, print; the exit status."""
    wanted = [case for case in cases() if not parts or any(part in case.name for part in parts)]
    for at in crashed(wanted):
        sys.stdout.write(f"{at.case.name}\t{at.exe}\t{at.core}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
