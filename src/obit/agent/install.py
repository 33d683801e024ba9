"""`obit agent install` and `uninstall`: systemd units, sysctl, user and directories, and back to exactly what was before.

    for line in install("/", dry_run=False): print(line)          sentences of what is, or would be, done; `EnvironmentLacks`, `UsageError`
    for line in uninstall("/", dry_run=False): print(line)

What was made is written down in etc/obit-installed.json: `uninstall` removes that and nothing else, and leaves alone what somebody has
changed since. Faults stay where they are, and with them the user who owns them. Below another root than / only files are made.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from obit.archive.folder import write_all
from obit.errors import EnvironmentLacks, UsageError

MANIFEST = "etc/obit-installed.json"
_UNITS = os.path.join(os.path.dirname(__file__), "units")
_SYSTEMD = "etc/systemd/system"
SERVICE = "obit-agent.service"
SOCKETS = ("obit-kernel.socket", "obit-drop.socket")
FILES = {
    **{f"{_SYSTEMD}/{name}": name for name in (SERVICE, *SOCKETS)},
    "etc/sysctl.d/60-obit.conf": "sysctl.conf",
    "etc/sysusers.d/obit.conf": "sysusers.conf",
    "etc/tmpfiles.d/obit.conf": "tmpfiles.conf",
}
"""Path below the root → template in `units`."""
LINKS = {
    f"{_SYSTEMD}/multi-user.target.wants/{SERVICE}": f"../{SERVICE}",
    **{f"{_SYSTEMD}/sockets.target.wants/{name}": f"../{name}" for name in SOCKETS},
}
"""What `systemctl enable` would make."""
_STARTS = (
    ("systemd-sysusers", "/etc/sysusers.d/obit.conf"),
    ("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/obit.conf"),
    ("systemctl", "daemon-reload"),
    ("systemctl", "start", *SOCKETS, SERVICE),
)
_STOPS = (("systemctl", "stop", SERVICE, *SOCKETS),)
_RELOADS = (("systemctl", "daemon-reload"),)
_RUNNING = "/run/systemd/system"
"""sd_booted(3): there when systemd is the machine's init."""


class _Made(NamedTuple):
    """What an installation made: path → SHA-256 of its content (of a link: of its target), and directories, outer ones first."""

    files: dict[str, str]
    directories: list[str]


def install(root: str = "/", *, dry_run: bool = False, obit: str | None = None) -> Iterator[str]:
    """Make what is not there yet; `obit` is the command that the unit starts. A second time it does nothing, or renews what an older
    version made."""
    contents = {path: _filled(template, obit or command()) for path, template in FILES.items()}
    made = _read_manifest(root) or _Made({}, [])
    _check_foreign(root, contents, made)
    todo = [path for path, content in contents.items() if _read(root, path) != content]
    todo += [path for path, target in LINKS.items() if _target(root, path) != target]
    if not todo:
        yield "everything is installed"
    else:
        if not dry_run:
            _make(root, contents, made)
        yield from (f"{'would write' if dry_run else 'wrote'} {os.path.join(root, path)}" for path in todo)
    yield from _run(_STARTS, root, dry_run=dry_run)


def uninstall(root: str = "/", *, dry_run: bool = False) -> Iterator[str]:
    """Take back what `install` made."""
    made = _read_manifest(root)
    if made is None:
        yield f"nothing is installed below {root}"
        return
    yield from _run(_STOPS, root, dry_run=dry_run)
    for path, digest in made.files.items():
        now = _digest(root, path)
        if now not in (digest, None):
            yield f"left {os.path.join(root, path)}: it was changed since"
        elif now is not None:
            if not dry_run:
                os.unlink(os.path.join(root, path))
            yield f"{'would remove' if dry_run else 'removed'} {os.path.join(root, path)}"
    if not dry_run:
        os.unlink(os.path.join(root, MANIFEST))
        _remove_empty(root, made.directories)
    yield from _run(_RELOADS, root, dry_run=dry_run)
    yield f"the faults in {os.path.join(root, 'var/lib/obit')} stay, and so does their user: remove them with `userdel obit`"


def command() -> str:
    """The path of this installation's `obit`. `EnvironmentLacks`."""
    found = os.path.join(os.path.dirname(sys.executable), "obit")
    if not os.access(found, os.X_OK):
        raise EnvironmentLacks(f"there is no {found} that a unit could start: install Obit as a package (pip install, or make setup)")
    return found


def _filled(template: str, obit: str) -> bytes:
    with open(f"{_UNITS}/{template}", encoding="utf-8") as file:
        return file.read().replace("@OBIT@", _quoted(obit)).encode()


def _quoted(path: str) -> str:
    """As systemd.service(5) reads a program's path. `UsageError` when it takes none like this."""
    if any(character < " " or character in "\"'\\" for character in path):
        raise UsageError(f"{path!r} cannot be a service's program: move Obit to a path without quotes, backslashes and control characters")
    plain = path.replace("%", "%%")
    return f'"{plain}"' if " " in path else plain


def _check_foreign(root: str, contents: dict[str, bytes], made: _Made) -> None:
    wanted = contents | {path: target.encode() for path, target in LINKS.items()}
    for path, content in wanted.items():
        now = _digest(root, path)
        if now not in (None, made.files.get(path), sha256(content).hexdigest()):
            raise EnvironmentLacks(f"{os.path.join(root, path)} is there and is not what Obit put there: move it away, then install again")


def _make(root: str, contents: dict[str, bytes], made: _Made) -> None:
    directories = list(made.directories)
    for path in (*contents, *LINKS, MANIFEST):
        directories += _make_directories(root, os.path.dirname(path))
    files = {path: sha256(content).hexdigest() for path, content in contents.items()}
    files |= {path: sha256(target.encode()).hexdigest() for path, target in LINKS.items()}
    # What is about to be made is written down first: an installation that is cut off can be taken back.
    _write(root, MANIFEST, json.dumps({"files": files, "directories": directories}, indent=1).encode())
    for path, content in contents.items():
        _write(root, path, content)
    for path, target in LINKS.items():
        if _target(root, path) != target:
            os.symlink(target, os.path.join(root, path))


def _make_directories(root: str, path: str) -> list[str]:
    """The directories that were not there, outer ones first."""
    if not path or os.path.isdir(os.path.join(root, path)):
        return []
    outer = _make_directories(root, os.path.dirname(path))
    os.mkdir(os.path.join(root, path), 0o755)
    os.chmod(os.path.join(root, path), 0o755)  # noqa: S103  configuration that everybody may read, whatever the umask
    return [*outer, path]


def _remove_empty(root: str, directories: list[str]) -> None:
    for path in reversed(directories):
        try:
            os.rmdir(os.path.join(root, path))
        except OSError:
            continue  # somebody else's file is in it


def _write(root: str, path: str, content: bytes) -> None:
    """Whole or not at all."""
    target = os.path.join(root, path)
    hidden = f"{target}.obit-new"
    fd = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        write_all(fd, content)
        os.fchmod(fd, 0o644)
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(hidden, target)


def _read(root: str, path: str) -> bytes | None:
    try:
        with open(os.path.join(root, path), "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return None


def _target(root: str, path: str) -> str | None:
    try:
        return os.readlink(os.path.join(root, path))
    except OSError:
        return None


def _digest(root: str, path: str) -> str | None:
    """Of what is there now; None when nothing is."""
    target = _target(root, path)
    content = target.encode() if target is not None else _read(root, path)
    return sha256(content).hexdigest() if content is not None else None


def _read_manifest(root: str) -> _Made | None:
    content = _read(root, MANIFEST)
    if content is None:
        return None
    try:
        found = json.loads(content)
        return _Made(dict(found["files"]), list(found["directories"]))
    except (ValueError, KeyError, TypeError):
        raise EnvironmentLacks(f"{os.path.join(root, MANIFEST)} is damaged: restore it, or remove by hand what is installed") from None


def _run(commands: tuple[tuple[str, ...], ...], root: str, *, dry_run: bool) -> Iterator[str]:
    """On a running system only."""
    if os.path.realpath(root) != "/":
        return
    for words in commands:
        text = " ".join(words)
        if dry_run:
            yield f"would run {text}"
        elif words[0] == "systemctl" and not os.path.isdir(_RUNNING):
            yield f"did not run {text}: systemd is not this machine's init"
        elif shutil.which(words[0]) is None:
            yield f"did not run {text}: there is no {words[0]}"
        else:
            yield _ran(words, text)


def _ran(words: tuple[str, ...], text: str) -> str:
    import subprocess

    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentLacks(f"{text} failed: {' '.join(done.stderr.split()) or done.returncode}; `journalctl -u {SERVICE}` may say more")
    return f"ran {text}"
