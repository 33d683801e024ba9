"""Processes whose dump the agent leaves alone, because `obit run` has captured them: an empty file each, so that a receiver that is
killed forgets none.
"""

import os
import time
from collections.abc import Callable
from socket import MSG_NOSIGNAL, MSG_PEEK, SO_PEERCRED, SOL_SOCKET, socket
from struct import unpack

from obit.agent import messages
from obit.capture.agentsocket import CLAIMED, parse_claim
from obit.capture.facts import read_file
from obit.capture.procfs import parse_stat, parse_status

MOST = 4096
STALE = 600.0
"""Seconds after which a claim that no crash came for is forgotten: its process lived on."""


class Claims:
    """The claims below the archive at `home`; `now` is a clock (seconds since 1970, as files have them)."""

    def __init__(self, home: str, now: Callable[[], float] = time.time) -> None:
        self._folder = f"{home}/limits/claims"
        self._now = now

    def serve(self, connection: socket) -> bool:
        """Whether the connection brought a claim, which then is answered."""
        data, descriptors = messages.receive(connection, MSG_PEEK)
        messages.close_all(descriptors)
        found = parse_claim(data)
        if found is None:
            return False
        _, user, _ = unpack("iII", connection.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))
        if _is_theirs(user, *found) and self._add(*found):
            try:
                connection.send(CLAIMED, MSG_NOSIGNAL)
            except OSError:
                pass  # it has not waited; its claim stands
        return True

    def take(self, pid: int, start_time: int) -> bool:
        """Whether a process was claimed. The claim stays until it is stale: another receiver may have to ask again."""
        return os.path.exists(self._path(pid, start_time))

    def _add(self, pid: int, start_time: int) -> bool:
        try:
            os.makedirs(self._folder, 0o700, exist_ok=True)
            self._forget()
            os.close(os.open(self._path(pid, start_time), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        except OSError:
            return False
        return True

    def _forget(self) -> None:
        with os.scandir(self._folder) as entries:
            found = sorted((entry.stat(follow_symlinks=False).st_mtime, entry.path) for entry in entries)
        for index, (modified, path) in enumerate(found):
            if len(found) - index >= MOST or modified < self._now() - STALE:
                os.unlink(path)

    def _path(self, pid: int, start_time: int) -> str:
        return f"{self._folder}/{pid}.{start_time}"


def _is_theirs(user: int, pid: int, start_time: int) -> bool:
    """Whether a user may speak for a process: nobody hides another's crash."""
    try:
        is_same = parse_stat(read_file(f"/proc/{pid}/stat", 4096)).start_time == start_time
    except ValueError:
        return False
    owners = parse_status(read_file(f"/proc/{pid}/status", 65536)).get("Uid", "").split()
    return is_same and (user == 0 or set(owners) == {str(user)})
