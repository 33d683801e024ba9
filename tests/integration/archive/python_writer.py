"""The Python writer as the conformance suite runs a writer: HOME STATE. Started without site-packages, as the kernel's pipe handler is."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "src"))

from obit.archive.layout import ASSETS, CORE, REASON, SNAPSHOT
from obit.archive.writer import begin
from obit.errors import ObitError


def main(home: str, state: str) -> int:
    with begin(home, {"source": "ptrace", "captured_at": "2026-11-20T08:00:00Z", "pid": 4711, "exe": b"/opt/caf\xe9"}) as incoming:
        with incoming.create(CORE) as core:
            core.write(b"\x7fELF")
            core.seek(1 << 16)
            core.write(bytes(1 << 16))
        incoming.write(ASSETS, b"assets")
        if state == "done":
            incoming.write(SNAPSHOT, b"snapshot")
        if state == "failed":
            incoming.write(REASON, b"it would not\n")
        incoming.commit(state)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except ObitError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)
