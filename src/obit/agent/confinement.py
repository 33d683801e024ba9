"""What the agent's processes give up before they touch anything that a victim wrote."""

import ctypes
import os
import resource
import signal

_CLONE_NEWIPC, _CLONE_NEWNET, _CLONE_NEWUTS = 0x08000000, 0x40000000, 0x04000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 15, 24, 38
_CAP_VERSION_3 = 0x20080522
NOBODY = 65534

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETGID, CAP_SETUID, CAP_SYS_PTRACE, CAP_SYS_ADMIN = 1, 2, 6, 7, 19, 21

LOOKING = (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_SYS_ADMIN)
"""To look into any process; map_files asks for CAP_SYS_ADMIN."""
OPENING = (CAP_DAC_READ_SEARCH, CAP_SETGID, CAP_SETUID)
"""To open a file with the rights of another user."""

_libc = ctypes.CDLL(None, use_errno=True)


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def prctl(option: int, value: int | ctypes.Array[ctypes.c_char], *rest: int) -> None:
    """prctl(2); OSError."""
    arguments = (*rest, 0, 0, 0)[:3]
    if _libc.prctl(option, value, *(ctypes.c_ulong(number) for number in arguments)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def name(text: str) -> None:
    """The process's name as `ps` shows it (15 bytes)."""
    prctl(_PR_SET_NAME, ctypes.create_string_buffer(text.encode(), 16))


def undumpable() -> None:
    """No core of this process, and no other process of its user may look into it."""
    prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent(parent: int) -> None:
    """The kernel kills this process when its parent ends; at once when that has happened. To be called after the last change of user."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def no_new_privileges() -> None:
    """No exec gives more rights."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def keep_capabilities(*kept: int) -> None:
    """Give up every capability of root's but these."""
    if os.geteuid() != 0:
        return
    for capability in range(64):
        if capability not in kept:
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # EINVAL beyond the last that this kernel knows
    mask = sum(1 << capability for capability in kept)
    data = (_CapData * 2)(_CapData(mask & 0xFFFFFFFF, mask & 0xFFFFFFFF, 0), _CapData(mask >> 32, mask >> 32, 0))
    header = _CapHeader(_CAP_VERSION_3, 0)
    if _libc.capset(ctypes.byref(header), ctypes.byref(data)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def become(user: int, group: int) -> None:
    """Turn into a user for good."""
    if os.geteuid() == 0 and user != 0:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)


def enter_void(empty: str) -> None:
    """Nobody, in an empty directory that is the whole file system, without a network. Without root only new privileges are refused."""
    if os.geteuid() == 0:
        _libc.unshare(_CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS)  # refused in some containers: the rest stands without it
        os.chroot(empty)
        os.chdir("/")
        become(NOBODY, NOBODY)
    no_new_privileges()


def be_nice(level: int) -> None:
    """Set the priority (-20 first, 19 last), where that is allowed. A stopped process waits for some of us, and for others nobody."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, level)
    except PermissionError:
        pass


def limit(*, memory: int | None = None, seconds: int | None = None, file_size: int | None = None) -> None:
    """Bytes of address space, CPU seconds, and bytes of a file, at most."""
    for kind, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, file_size)):
        if value is not None:
            resource.setrlimit(kind, (value, value))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
