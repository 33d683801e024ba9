"""Where an agent listens, and telling it that somebody else has captured a process: one fault, not two. Standard library only.

A claim is a SEQPACKET message `claim PID START_TIME` (clock ticks after boot); the agent answers `CLAIMED` when it will leave the dump
of that process alone. It believes the process's own user, and root.
"""

import os
from hashlib import sha256

SYSTEM = "/run/obit"
DROP = "drop"
CLAIMED = b"claimed"
PATIENCE = 0.5
"""Seconds that the agent has to answer, while the process waits."""
_LONGEST = 48
"""Bytes of the directory's path: sun_path has 108, and core_pattern 127 for the interpreter, the handler and its arguments."""


def runtime_directory(home: str) -> str:
    """Where an agent with this archive has its sockets: below an archive of one's own, so that several can live side by side. The
    kernel follows no link on the way to a socket, so the path has none."""
    if os.environ.get("OBIT_HOME") is None and os.geteuid() == 0:
        return SYSTEM
    own = f"{os.path.realpath(home)}/run"
    return own if len(os.fsencode(own)) <= _LONGEST else f"{SYSTEM}-{sha256(os.fsencode(own)).hexdigest()[:12]}"


def claim(home: str, pid: int, start_time: int) -> bool:
    """Tell every agent that may be there; whether one has answered. Never raises, and takes no time where there is none."""
    message = b"claim %d %d" % (pid, start_time)
    answers = [_tell(f"{directory}/{DROP}", message) for directory in dict.fromkeys((runtime_directory(home), SYSTEM))]
    return True in answers


def parse_claim(message: bytes) -> tuple[int, int] | None:
    """(pid, start time) of a claim; None of another message."""
    words = message[:64].split()
    if len(words) != 3 or words[0] != b"claim" or not all(word.isdigit() for word in words[1:]):
        return None
    return int(words[1]), int(words[2])


def _tell(path: str, message: bytes) -> bool:
    import socket

    if not os.path.exists(path):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as agent:
            agent.settimeout(PATIENCE)
            agent.connect(path)
            agent.send(message, socket.MSG_NOSIGNAL)
            return agent.recv(16) == CLAIMED
    except OSError:
        return False
