"""What `obit doctor` looks at. A check probes the thing itself; it never raises."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from obit.cli.explain import file_finder
from obit.snapshot.format import size_text

if TYPE_CHECKING:
    from obit.cli.explain import Places

LITTLE_SPACE = 1 << 30
SOCKET_KERNEL = (6, 16)
"""The first Linux whose core_pattern can name a socket (`@@`). Trying it would change the machine's core_pattern, so here, and only
here, the version stands for the feature."""


class Finding(NamedTuple):
    """`needed`: without it `obit run` or `obit analyze` does not work. `why` says what was found, `fix` is a command."""

    name: str
    ok: bool
    needed: bool
    why: str
    fix: str | None = None


Check = Callable[["Places"], Finding]


def read(path: str) -> str | None:
    """A small file of /proc or /sys; None when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096).strip()
    except OSError:
        return None


def engine(_: "Places") -> Finding:
    """The C extensions on libdw and capstone load."""
    try:
        from obit.debuginfo import _capstone, _libdw  # noqa: F401 - loading them is the check
    except ImportError as error:
        return Finding(
            "engine", False, True, f"the extension on libdw or capstone does not load: {error}", "apt-get install libdw1 libcapstone4"
        )
    return Finding("engine", True, True, "libdw and capstone load")


def python(_: "Places") -> Finding:
    """Whether a variable that is meant for another Python decides about ours. PYTHONPATH does not: `main.yield_pythonpath`."""
    given = [name for name in ("PYTHONHOME", "PYTHONPLATLIBDIR") if os.environ.get(name)]
    if not given:
        return Finding("python", True, False, "no variable redirects the Python that runs Obit")
    kept = [f'{name}="${name}"' for name in given]
    return Finding(
        "python",
        False,
        False,
        f"{' and '.join(given)} redirect the Python that runs Obit: a value for another Python keeps it from starting",
        f"env -u {' -u '.join(given)} obit run -- env {' '.join(kept)} CMD",
    )


def tracing(_: "Places") -> Finding:
    """A program of one's own can be traced: tried with `true`."""
    from obit.capture.run import Observer, run

    try:
        outcome = run(["true"], Observer(lambda _: None, lambda _pid, _died: None), stdout_to_stderr=True)
    except OSError as error:
        return Finding("obit run", False, True, f"a process cannot be traced: {error.strerror}", None)
    if outcome.unwatched:
        scope = read("/proc/sys/kernel/yama/ptrace_scope")
        hint = "sysctl kernel.yama.ptrace_scope=1" if scope in ("2", "3") else None
        return Finding("obit run", False, True, f"a program of one's own cannot be traced: {outcome.unwatched}", hint)
    return Finding("obit run", True, True, "programs that one starts can be traced, without root")


def attaching(_: "Places") -> Finding:
    """Whether running processes of one's own may be looked into."""
    scope = read("/proc/sys/kernel/yama/ptrace_scope")
    if scope in (None, "0") or os.geteuid() == 0:
        return Finding("ptrace scope", True, False, "running processes can be looked into")
    return Finding(
        "ptrace scope",
        False,
        False,
        f"ptrace_scope is {scope}: only root may look into running processes",
        "sysctl kernel.yama.ptrace_scope=0",
    )


def core_pattern(_: "Places") -> Finding:
    """Where the kernel sends cores now."""
    pattern = read("/proc/sys/kernel/core_pattern")
    if pattern is None:
        return Finding("core_pattern", False, False, "/proc/sys/kernel/core_pattern cannot be read")
    if pattern.startswith("@"):
        return Finding("core_pattern", True, False, f"cores go to the socket {pattern.lstrip('@')}")
    if pattern.startswith("|"):
        return Finding("core_pattern", True, False, f"cores go to the program {pattern[1:].split()[0] if pattern[1:].split() else '?'}")
    from resource import RLIMIT_CORE, getrlimit

    if getrlimit(RLIMIT_CORE)[0] == 0:
        return Finding(
            "core_pattern",
            False,
            False,
            f"cores go to files named {pattern}, and this shell's limit lets none be written",
            "ulimit -c unlimited",
        )
    return Finding("core_pattern", True, False, f"cores go to files named {pattern or 'core'}")


def core_socket(_: "Places") -> Finding:
    """Whether the kernel can hand cores to a socket."""
    release = os.uname().release
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit())
    if numbers >= SOCKET_KERNEL:
        return Finding("core socket", True, False, f"Linux {release} can send cores to a socket")
    return Finding("core socket", False, False, f"Linux {release} is older than 6.16: cores go through a pipe, which is slower")


def btf(_: "Places") -> Finding:
    """Whether the kernel describes its own types, as BPF programs need it."""
    if os.path.exists("/sys/kernel/btf/vmlinux"):
        return Finding("kernel types (BTF)", True, False, "the kernel describes its types to BPF programs")
    return Finding("kernel types (BTF)", False, False, "this kernel was built without CONFIG_DEBUG_INFO_BTF: no BPF programs here")


def debug_files(places: "Places") -> Finding:
    """Whether the C library's debug file is here: without it the frames in it have no variables."""
    from obit.debuginfo.buildid import build_id_of_file

    library = loaded_libc()
    if library is None:
        return Finding("debug files", False, False, "this process has no C library that could be looked up")
    found = file_finder(places).debug(library, build_id_of_file(library))
    if found.path:
        return Finding("debug files", True, False, f"the C library's is {found.path}")
    return Finding("debug files", False, False, f"{library}: {found.why}; frames inside it will lack lines and variables", found.fix)


def loaded_libc() -> str | None:
    """Path of the C library of this very process."""
    maps = []
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            maps = [line.split(maxsplit=5)[-1].strip() for line in file]
    except OSError:
        return None
    return next((path for path in maps if os.path.basename(path).startswith("libc.so")), None)


def debuginfod(_: "Places") -> Finding:
    """Whether a server of debug files is named."""
    urls = os.environ.get("DEBUGINFOD_URLS")
    if urls:
        return Finding("debuginfod", True, False, f"debug files may be asked of {urls}")
    return Finding(
        "debuginfod", False, False, "DEBUGINFOD_URLS names no server of debug files", "export DEBUGINFOD_URLS=https://debuginfod.debian.net"
    )


def archive(_: "Places") -> Finding:
    """Whether faults can be kept, and for how long the disk bears it."""
    from obit.archive.layout import home

    place = there = home()
    while not os.path.exists(there):
        there = os.path.dirname(there)
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding("archive", False, True, f"{place} cannot be written", 'export OBIT_HOME="$HOME/.local/state/obit"')
    status = os.statvfs(there)
    free = status.f_bavail * status.f_frsize
    if free < LITTLE_SPACE:
        return Finding("archive", False, False, f"{place} has only {size_text(free)} left on its disk")
    return Finding("archive", True, True, f"{place}, {size_text(free)} free")


def debuggers(_: "Places") -> Finding:
    """Which debuggers `obit debug` could start."""
    from shutil import which

    found = [name for name in ("gdb", "lldb", "drgn") if which(name)]
    if found:
        return Finding("debuggers", True, False, f"obit debug can start {', '.join(found)}")
    return Finding("debuggers", False, False, "no gdb, lldb or drgn is installed; only `obit debug` needs one", "apt-get install gdb")


CHECKS: tuple[Check, ...] = (
    engine,
    tracing,
    archive,
    debug_files,
    debuginfod,
    core_pattern,
    core_socket,
    attaching,
    btf,
    debuggers,
    python,
)
"""In the order in which they are told: what is needed first."""
