"""Every setting: where it may be given, what it is when nobody gives it, and what it does.

A flag goes before the variable OBIT_SECTION_KEY, that before the file (`--config FILE`, else /etc/obit.toml), that before the default.
"""

import os
from typing import Any, Literal, NamedTuple

from obit.errors import UsageError

DEFAULT_FILE = "/etc/obit.toml"

Value = str | int | bool | tuple[str, ...]
Kind = Literal["text", "number", "switch", "list"]


class Setting(NamedTuple):
    """One setting; `[section] key` in the file. A list in a variable is separated by colons, as PATH is."""

    section: str
    key: str
    kind: Kind
    default: Value
    explanation: str

    @property
    def name(self) -> str:
        """`section.key`."""
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"OBIT_{self.section}_{self.key}".upper()


class Found(NamedTuple):
    """A setting's value and where it comes from (`default`, the variable's name, the file's)."""

    setting: Setting
    value: Value
    source: str


SETTINGS = (
    Setting("debug", "directories", "list", (), "Directories searched for debug files before /usr/lib/debug."),
    Setting("debug", "cache", "text", "", "Directory that keeps decompressed debug files; empty: /var/cache/obit, or one's own cache."),
    Setting("debug", "debugger", "text", "gdb", "The debugger that `obit debug` starts: gdb, lldb or drgn."),
    Setting("debug", "debuginfod", "text", "", "Servers that --debuginfod asks, separated by blanks; empty: those of $DEBUGINFOD_URLS."),
    Setting("limits", "per_program", "text", "10/1h", "Faults that a program of a user may store in a time; off: all, and none is folded."),
    Setting("limits", "per_cgroup", "text", "100/1h", "Faults that the programs of a cgroup (a service, a container) may store in a time."),
    Setting("limits", "disk_reserve", "text", "5%", "Free space that faults leave on the archive's file system: a size or a share."),
    Setting("limits", "archive", "text", "10G", "Size of the archive beyond which faults are counted and not stored."),
    Setting("limits", "concurrent", "number", 32, "Crashes that are saved at once; the next ones wait."),
    Setting("limits", "memory_budget", "text", "32M", "Memory of a crashed process that is saved at most."),
    Setting("duplicates", "window", "text", "1h", "How long a fault with the same stack counts as the one that was stored; off: never."),
    Setting("full", "programs", "list", (), "Executables (patterns as of a shell) of which the whole core is saved."),
    Setting("full", "limit", "text", "16G", "Size of a whole core beyond which it is cut off."),
    Setting("assets", "threads", "number", 8, "Threads whose files in /proc are kept."),
    Setting("assets", "logs", "list", (), "Log files whose last lines are kept: PATH, or PROGRAM=PATH (no link on the way)."),
    Setting("assets", "directories", "list", (), "Directories whose listing is kept: PATH, or PROGRAM=PATH (no link on the way)."),
    Setting(
        "forward", "command", "text", "", "Command that is fed every core, too, with core_pattern's % values; previous: the one before."
    ),
    Setting("modules", "limit", "text", "2G", "Size of the executables and libraries that are kept because they were in a fault; 0: none."),
    Setting("core", "keep", "text", "first", "Cores whose snapshot is made: never, of the first of a fingerprint, or always kept."),
    Setting("core", "first", "number", 3, "How many cores of a fingerprint `keep = first` keeps."),
    Setting("core", "compress", "switch", True, "Compress kept cores (zstd)."),
    Setting("retention", "age", "text", "90d", "Age from which faults are removed; off: never."),
    Setting("retention", "bytes", "text", "8G", "Size of the archive from which the oldest faults are removed; off: never."),
    Setting("retention", "count", "text", "10000", "Number of faults from which the oldest are removed; off: never."),
    Setting("metrics", "file", "text", "", "File that gets the agent's numbers as Prometheus text; empty: none."),
    Setting("metrics", "socket", "text", "", "Local socket at which they can be had over HTTP; empty: none."),
    Setting("scrub", "patterns", "list", (), "Regular expressions whose matches are hidden in every document and asset."),
    Setting("report", "width", "number", 0, "Columns of a report; 0: those of the terminal, 120 at most, 80 elsewhere."),
)


def load(file: str | None = None) -> dict[str, Found]:
    """Every setting by its name. `UsageError` when the file or a value makes no sense."""
    given = _read(file or DEFAULT_FILE, must_exist=file is not None)
    return {setting.name: _find(setting, given, file or DEFAULT_FILE) for setting in SETTINGS}


def unknown(file: str | None = None) -> list[str]:
    """Names in the file that no setting has."""
    known = {setting.name for setting in SETTINGS}
    names = [f"{section}.{key}" for section, keys in _read(file or DEFAULT_FILE, must_exist=file is not None).items() for key in keys]
    return sorted(set(names) - known)


def number(found: Found) -> int:
    """The value of a setting of kind number."""
    return found.value if isinstance(found.value, int) else 0


def texts(found: Found) -> tuple[str, ...]:
    """The value of a setting of kind list."""
    return found.value if isinstance(found.value, tuple) else ()


def _read(path: str, *, must_exist: bool) -> dict[str, dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            content = file.read(1 << 20)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not must_exist:
            return {}
        raise UsageError(f"the configuration {path} cannot be read ({error.strerror}): name another with --config") from None
    import tomllib

    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the configuration {path} is no TOML: {error}") from None
    return {section: keys for section, keys in document.items() if isinstance(keys, dict)}


def _find(setting: Setting, given: dict[str, dict[str, Any]], path: str) -> Found:
    variable = os.environ.get(setting.variable)
    if variable is not None:
        return Found(setting, _parse(setting, variable), setting.variable)
    section = given.get(setting.section, {})
    if setting.key in section:
        return Found(setting, _check(setting, section[setting.key], path), path)
    return Found(setting, setting.default, "default")


def _parse(setting: Setting, text: str) -> Value:
    """The value that a variable's text means."""
    if setting.kind == "list":
        return tuple(filter(None, text.split(":")))
    if setting.kind == "number" and text.strip().isdigit():
        return int(text)
    if setting.kind == "switch" and text.lower() in ("1", "0", "on", "off", "true", "false", "yes", "no"):
        return text.lower() in ("1", "on", "true", "yes")
    if setting.kind == "text":
        return text
    raise UsageError(f"{setting.variable} is {text!r}, which is no {setting.kind}: unset it or correct it")


def _check(setting: Setting, value: object, path: str) -> Value:
    """The value that the file gives, when it is of the right kind."""
    if setting.kind == "list" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    kinds = {"text": str, "number": int, "switch": bool}
    wanted = kinds.get(setting.kind)
    if wanted is not None and type(value) is wanted and isinstance(value, str | int):
        return value
    raise UsageError(f"[{setting.section}] {setting.key} in {path} is {value!r}, which is no {setting.kind}: correct it there")
