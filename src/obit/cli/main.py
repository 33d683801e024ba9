"""`obit COMMAND …`."""

import sys


def entry() -> int:
    """Run the command line; the exit status."""
    from obit import __version__

    print(f"obit {__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(entry())
