"""Which Debian package owns a file, and the command that installs its debug symbols. Reads dpkg's file lists, runs nothing."""

import os
import re

LISTS = "/var/lib/dpkg/info"

# The C library's files carry several names; its debug package is the last of the old kind (libc6-dbg).
_C_LIBRARY = re.compile(r"(ld-linux-.*|lib(c|m|mvec|pthread|dl|rt|resolv|util|anl|nsl|thread_db|BrokenLocale|nss_\w+))\.so\.\d+$")
# Packages whose debug package is made by hand, and is in the main archive: the C library's and Python's.
_MANUAL = re.compile(r"(libc6|(?:lib)?python3\.\d+)(?:-minimal|-stdlib)?$")
_SONAME = re.compile(r"(lib.+?)\.so\.(\d+)")


class Packages:
    """The installed packages; `lists` is dpkg's directory of file lists (of a sysroot, too)."""

    def __init__(self, lists: str = LISTS) -> None:
        self._lists = lists
        self._owners: dict[str, str | None] = {}
        self._archive: str | None = None

    def owner(self, path: str) -> str | None:
        """Name of the package that owns a file, without architecture; None when none does or this is no Debian."""
        if path not in self._owners:
            self._owners[path] = self._guessed(path) or self._searched(path)
        return self._owners[path]

    def likely_owner(self, path: str) -> str | None:
        """`owner`, but only where the file's name tells the package's: without the search through all lists."""
        return self._owners.get(path) or self._guessed(path)

    def debug_command(self, path: str) -> str | None:
        """The command that installs the debug symbols of the package that owns a file."""
        package = self.owner(path)
        if package is None:
            return None
        manual = _MANUAL.match(package)
        if manual:
            return f"apt-get install {manual[1]}-dbg"
        return f"apt-get install {package}-dbgsym{self._remark()}"

    def _remark(self) -> str:
        """A comment behind the command: the archive of debug packages that apt does not know yet; empty otherwise. Read once."""
        if self._archive is None:
            self._archive = self._unknown_archive()
        return self._archive

    def _unknown_archive(self) -> str:
        root = self._lists.removesuffix(LISTS)
        try:
            known = any("debug" in name for name in os.listdir(f"{root}/var/lib/apt/lists"))
            with open(f"{root}/etc/os-release", encoding="utf-8", errors="replace") as file:
                facts = dict(line.rstrip("\n").replace('"', "").partition("=")[::2] for line in file)
        except OSError:
            return ""
        suite = facts.get("VERSION_CODENAME", "")
        if known or facts.get("ID") != "debian" or not suite.isalnum():
            return ""
        return f"  # from Debian's archive {suite}-debug: add it to apt's sources first"

    def _guessed(self, path: str) -> str | None:
        """Most names follow Debian policy section 8.1, and one list tells whether the guess is right: reading all takes 20 ms and more."""
        for package in _likely(os.path.basename(path)):
            for name in (f"{package}.list", f"{package}:amd64.list", f"{package}:arm64.list"):
                if self._lists_file(name, path):
                    return package
        return None

    def _searched(self, path: str) -> str | None:
        try:
            names = os.listdir(self._lists)
        except OSError:
            return None
        found = next((name for name in names if name.endswith(".list") and self._lists_file(name, path)), None)
        return found.removesuffix(".list").partition(":")[0] if found else None

    def _lists_file(self, name: str, path: str) -> bool:
        """Whether a package's list names a file, before or after the merge of /lib into /usr/lib."""
        try:
            with open(f"{self._lists}/{name}", "rb", buffering=0) as file:
                listed = b"\n" + file.read()
        except OSError:
            return False
        encoded = os.fsencode(path)
        other = encoded.removeprefix(b"/usr") if encoded.startswith(b"/usr/") else b"/usr" + encoded
        return any(b"\n" + each + b"\n" in listed for each in (encoded, other))


def _likely(basename: str) -> list[str]:
    if _C_LIBRARY.match(basename):
        return ["libc6"]
    soname = _SONAME.match(basename)
    if soname is None:
        return [basename] if "/" not in basename and basename else []
    name, version = soname[1].lower().replace("_", "-"), soname[2]
    joined = f"{name}-{version}" if name[-1].isdigit() else f"{name}{version}"
    return [joined, f"{joined}t64"]
