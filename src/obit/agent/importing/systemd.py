"""What systemd-coredump says of a core: in its name, core.COMM.UID.BOOT.PID.TIME[.zst|.lz4|.xz], and in extended attributes.

Source: systemd-coredump(8), coredump.conf(5); attributes user.coredump.{pid,uid,gid,signal,timestamp,rlimit,hostname,comm,exe}.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

from obit.agent.importing.dump import known, number, rfc3339, signal

_NAME = re.compile(r"core\.(.+)\.(\d{1,10})\.([0-9a-f]{32})\.(\d{1,10})\.(\d{1,20})(?:\.(?:zst|lz4|xz))?")
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
_PREFIX = "user.coredump."
_LONGEST = 65536


def attributes_of(fd: int) -> dict[str, str]:
    """The extended attributes of an open core, without their prefix."""
    try:
        names = [name for name in os.listxattr(fd) if name.startswith(_PREFIX)]
        return {name.removeprefix(_PREFIX): os.fsdecode(os.getxattr(fd, name)[:_LONGEST]) for name in names}
    except OSError:
        return {}


def meta_of(name: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    """meta.json from a file's name and attributes; empty when it is none of systemd's."""
    found = _NAME.fullmatch(name)
    if not found and "pid" not in attributes:
        return {}
    comm, uid, boot, pid, time = found.groups() if found else (None,) * 5
    exe = attributes.get("exe")
    microseconds = number(attributes.get("timestamp")) or number(time)
    kept = {"hostname": attributes.get("hostname"), "boot_id": boot}
    return known(
        {
            "pid": number(attributes.get("pid", pid)),
            "uid": number(attributes.get("uid", uid)),
            "gid": number(attributes.get("gid")),
            "signal": signal(number(attributes.get("signal"))),
            "captured_at": rfc3339(microseconds / 1e6) if microseconds else None,
            "exe": exe,
            "application": os.path.basename(exe or "") or attributes.get("comm") or unescaped(comm or "") or None,
            "attributes": known(kept),
        }
    )


def unescaped(text: str) -> str:
    r"""A command's name as it was before `\xNN` stood for what a file's name may not have."""
    return os.fsdecode(_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text).encode("latin-1", "replace")) if "\\x" in text else text
