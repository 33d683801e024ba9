"""Secrets that a process's environment and arguments carry are taken out before a document is made.

Names decide, not values: a value that looks random may be a build-id. What else is secret, the one who runs the machine says with
patterns ([scrub] patterns), which hold for every text of a fault. The raw memory of a core is another matter; it stays on the host.

    scrub_value("DB_PASSWORD", "hunter2")           "(hidden)"
    scrub_process(facts, patterns)                  environ and cmdline of a process
    scrub_environ(raw, patterns)                    /proc/PID/environ as bytes; `scrub_cmdline` likewise
    patterns = Patterns(("ACCT-[0-9]+",))           `hide(text)`, `hide_bytes(data)`; UsageError
    redact.redact(fault, patterns)                  a whole document

Standard library only: capture uses the same rules.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from obit.errors import UsageError

HIDDEN = "(hidden)"
_SECRET = re.compile(
    r"pass(w(or)?d|phrase)?|pwd$|secret|token|api_?key|private_?key|credential|auth|cookie|session|dsn$|private|signature|(^|_)key$",
    re.IGNORECASE,
)
_HARMLESS = frozenset(
    ("PWD", "OLDPWD", "XAUTHORITY", "SSH_AUTH_SOCK", "XDG_SESSION_ID", "XDG_SESSION_TYPE", "XDG_SESSION_CLASS", "DESKTOP_SESSION")
)
_USER_INFO = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*(?=@)")
_OPTION = re.compile(r"(--?[\w-]+)=(.*)", re.DOTALL)


class Patterns:
    """Regular expressions (Python's) whose matches are hidden. `UsageError` when one is none."""

    __slots__ = ("_bytes", "_texts")

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        try:
            self._texts = [re.compile(pattern) for pattern in patterns]
        except (re.error, RecursionError, OverflowError) as error:
            raise UsageError(f"[scrub] patterns has one that is no regular expression: {error}; see `obit config`") from None
        self._bytes = [re.compile(pattern.encode()) for pattern in patterns]

    def __bool__(self) -> bool:
        return bool(self._texts)

    def hide(self, text: str) -> str:
        """The text without what matches."""
        for pattern in self._texts:
            text = pattern.sub(HIDDEN, text)
        return text

    def hide_bytes(self, data: bytes) -> bytes:
        """The same for the text of a file, whatever its encoding."""
        for pattern in self._bytes:
            data = pattern.sub(HIDDEN.encode(), data)
        return data

    def mask(self, data: bytes) -> bytes:
        """Memory with what matches blackened: as long as before."""
        for pattern in self._bytes:
            data = pattern.sub(lambda found: b"*" * len(found[0]), data)
        return data


NO_PATTERNS = Patterns()


def scrub_process(facts: Mapping[str, Any], patterns: Patterns = NO_PATTERNS) -> dict[str, Any]:
    """The facts of a process with the secrets in `environ` (name → value) and `cmdline` (list of arguments) hidden."""
    found = dict(facts)
    environ, cmdline = facts.get("environ"), facts.get("cmdline")
    if isinstance(environ, Mapping):
        found["environ"] = {name: patterns.hide(scrub_value(name, str(value))) for name, value in environ.items()}
    if isinstance(cmdline, Sequence) and not isinstance(cmdline, str):
        found["cmdline"] = [patterns.hide(each) for each in scrub_arguments([str(argument) for argument in cmdline])]
    return found


def scrub_environ(raw: bytes, patterns: Patterns = NO_PATTERNS) -> bytes:
    """The content of /proc/PID/environ with its secrets hidden."""
    pairs = (entry.partition("=") for entry in _strings(raw))
    return _joined(f"{name}{equals}{patterns.hide(scrub_value(name, value))}" for name, equals, value in pairs)


def scrub_cmdline(raw: bytes, patterns: Patterns = NO_PATTERNS) -> bytes:
    """The content of /proc/PID/cmdline with its secrets hidden."""
    return _joined(map(patterns.hide, scrub_arguments(_strings(raw))))


def _strings(raw: bytes) -> list[str]:
    return raw.decode(errors="surrogateescape").removesuffix("\0").split("\0") if raw else []


def _joined(strings: Iterable[str]) -> bytes:
    return "".join(f"{text}\0" for text in strings).encode(errors="surrogateescape")


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
