"""Secrets that a process's environment and arguments carry are taken out before a document is made.

Names decide, not values: a value that looks random may be a build-id. The raw memory of a core is another matter; it stays on the host.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

HIDDEN = "(hidden)"
_SECRET = re.compile(
    r"pass(w(or)?d|phrase)?|pwd$|secret|token|api_?key|private_?key|credential|auth|cookie|session|(^|_)key$", re.IGNORECASE
)
_HARMLESS = frozenset(
    ("PWD", "OLDPWD", "XAUTHORITY", "SSH_AUTH_SOCK", "XDG_SESSION_ID", "XDG_SESSION_TYPE", "XDG_SESSION_CLASS", "DESKTOP_SESSION")
)
_USER_INFO = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*(?=@)")
_OPTION = re.compile(r"(--?[\w-]+)=(.*)", re.DOTALL)


def scrub_process(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a process with the secrets in `environ` (name → value) and `cmdline` (list of arguments) hidden."""
    found = dict(facts)
    environ, cmdline = facts.get("environ"), facts.get("cmdline")
    if isinstance(environ, Mapping):
        found["environ"] = {name: scrub_value(name, str(value)) for name, value in environ.items()}
    if isinstance(cmdline, Sequence) and not isinstance(cmdline, str):
        found["cmdline"] = scrub_arguments([str(argument) for argument in cmdline])
    return found


def scrub_value(name: str, value: str) -> str:
    """A variable's value, hidden where its name says that it is a secret; the password of a URL is hidden in any."""
    if name not in _HARMLESS and _SECRET.search(name):
        return HIDDEN
    return _USER_INFO.sub(rf"\1:{HIDDEN}", value)


def scrub_arguments(arguments: Sequence[str]) -> list[str]:
    """`--token=x` and `--token x` lose the x."""
    found: list[str] = []
    secret_follows = False
    for argument in arguments:
        option = _OPTION.fullmatch(argument)
        if secret_follows and not argument.startswith("-"):
            found.append(HIDDEN)
        elif option:
            found.append(f"{option[1]}={scrub_value(option[1].lstrip('-').replace('-', '_'), option[2])}")
        else:
            found.append(_USER_INFO.sub(rf"\1:{HIDDEN}", argument))
        secret_follows = bool(argument.startswith("-") and not option and _SECRET.search(argument.lstrip("-").replace("-", "_")))
    return found
