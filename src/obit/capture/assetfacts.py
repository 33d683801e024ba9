"""What the document's `process` can take from `assets.tar`, for cores that do not say it themselves. Standard library only."""

import json
from typing import Any

from obit.capture.facts import container_of, parse_limits
from obit.capture.procfs import DELETED, parse_status
from obit.capture.ustar import read

LIMIT = 16 << 20
"""Bytes of an assets.tar that are looked at."""
_USED = frozenset(("cgroup", "cmdline", "comm", "environ", "limits", "links.json", "status"))


def process_facts_of(assets: bytes) -> dict[str, Any]:
    """The fields of the document's `process` that the archive has; of a damaged one those that can be read."""
    files = read(assets, _USED.__contains__)
    facts = _of_links(files.get("links.json", b"{}")) | _of_status(files.get("status", b""))
    if "comm" in files:
        facts["comm"] = _text(files["comm"]).removesuffix("\n")
    if "cmdline" in files:
        facts["cmdline"] = _strings(files["cmdline"])
    if "environ" in files:
        facts["environ"] = dict(pair.partition("=")[::2] for pair in _strings(files["environ"]) if "=" in pair)
    if "limits" in files:
        facts["limits"] = parse_limits(files["limits"])
    if "cgroup" in files:
        facts["cgroup"] = _text(files["cgroup"]).strip().rpartition(":")[2]
        facts["container"] = container_of(facts["cgroup"])
    return facts


def _of_links(data: bytes) -> dict[str, Any]:
    try:
        links = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(links, dict):
        return {}
    plain = {name: target.removesuffix(DELETED) for name, target in links.items() if isinstance(target, str)}
    found: dict[str, Any] = {name: plain[name] for name in ("exe", "cwd", "root") if name in plain}
    fds = {name.removeprefix("fd/"): target for name, target in plain.items() if name.startswith("fd/")}
    return found | ({"fds": fds} if fds else {})


def _of_status(data: bytes) -> dict[str, Any]:
    status = parse_status(data)
    found = {}
    for name, field in (("pid", "Pid"), ("ppid", "PPid"), ("uid", "Uid"), ("gid", "Gid"), ("thread_count", "Threads")):
        words = status.get(field, "").split()
        if words and words[0].isdigit():
            found[name] = int(words[0])
    return found


def _strings(data: bytes) -> list[str]:
    return [_text(word) for word in data.removesuffix(b"\0").split(b"\0")]


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
