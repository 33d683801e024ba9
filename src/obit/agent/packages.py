"""Which package, and which version of it, each module of a process belongs to: read from the databases of dpkg and rpm, no program run.

    installed = Installed()
    installed.of("/usr/lib/x86_64-linux-gnu/libc.so.6")         Package("libc6", "2.36-9+deb12u10", ("libgcc-s1", …))
    of_modules([(path, build_id), …], installed)                {path: ("libc6", "2.36-9+deb12u10")}: `analysis.draft.Request.packages`

A file counts for its package only while its build-id is the module's: after an upgrade the version that ran is not known any more.
The databases are those of the host, so a process of another root is not looked up (`root`, an administrator's copy, aside).
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

from obit.agent.rpmdb import RpmDatabase
from obit.debuginfo.buildid import build_id_of_file
from obit.debuginfo.packages import LISTS, Packages

STATUS = "/var/lib/dpkg/status"
MOST_MODULES = 256
_STATUS_LIMIT = 64 << 20
_PACKAGED = ("/usr/", "/lib", "/bin/", "/sbin/", "/opt/", "/etc/", "/var/")


class Package(NamedTuple):
    """`depends` are names of packages or (rpm) of capabilities that it cannot run without."""

    name: str
    version: str
    depends: tuple[str, ...] = ()


class Installed:
    """What is installed below `root`."""

    def __init__(self, root: str = "") -> None:
        self.root = root
        self._dpkg = Packages(f"{root}{LISTS}")
        self._status_path = f"{root}{STATUS}"
        self._rpm = RpmDatabase.below(root)
        self._status: bytes | None = None

    def of(self, path: str, *, thorough: bool = True) -> Package | None:
        """The package that owns a file, or None. Not `thorough`: only where the file's name tells the package's (dpkg), which takes
        microseconds where the search takes tens of milliseconds."""
        if not path.startswith(_PACKAGED):
            return None
        name = self._dpkg.owner(path) if thorough else self._dpkg.likely_owner(path)
        if name is not None:
            return self.named(name)
        return Package(*owner) if (owner := self._rpm.owner(path)) else None

    def named(self, name: str) -> Package | None:
        """dpkg's package of that name, when it is installed."""
        status = self._read_status()
        at = status.find(b"\nPackage: " + os.fsencode(name) + b"\n")
        if at < 0:
            return None
        end = status.find(b"\n\n", at)
        fields = _fields(status[at : end if end >= 0 else len(status)])
        if "installed" not in fields.get("Status", "").split() or "Version" not in fields:
            return None
        return Package(name, fields["Version"], _names(fields.get("Depends", "")))

    def dependencies(self, package: Package) -> dict[str, str]:
        """The installed packages that it depends on, name → version."""
        found = ((name, self.named(name)) for name in package.depends)
        return {name: other.version for name, other in found if other}

    def _read_status(self) -> bytes:
        if self._status is None:
            try:
                with open(self._status_path, "rb", buffering=0) as file:
                    self._status = b"\n" + file.read(_STATUS_LIMIT)
            except OSError:
                self._status = b""
        return self._status


def of_modules(modules: Iterable[tuple[str, str | None]], installed: Installed, *, thorough: bool = True) -> dict[str, tuple[str, str]]:
    """Path → (package, version) of the modules, given as (path, build-id), that are still what is installed."""
    found = {}
    for path, build_id in list(modules)[:MOST_MODULES]:
        package = installed.of(path, thorough=thorough) if build_id else None
        if package and build_id_of_file(installed.root + path) == build_id:
            found[path] = (package.name, package.version)
    return found


def _fields(block: bytes) -> dict[str, str]:
    """A paragraph of deb822(5), its first lines only: what goes on over several is not used here."""
    lines = (line.partition(": ") for line in block.decode(errors="replace").splitlines() if not line.startswith((" ", "\t")))
    return {name: value for name, _, value in lines if name}


def _names(depends: str) -> tuple[str, ...]:
    """Of `libc6 (>= 2.34), foo:any | bar` the names; of alternatives all, for one of them is installed."""
    words = (part.split() for part in depends.replace("|", ",").split(","))
    return tuple(dict.fromkeys(word[0].partition(":")[0] for word in words if word))
