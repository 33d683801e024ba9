"""What the kernel says of this very process by its pidfd."""

import os
import subprocess

import pytest

from obit.capture import pidfd


def test_ids(tmp_path: object) -> None:
    fd = os.pidfd_open(os.getpid())
    known = pidfd.info(fd)
    os.close(fd)
    if known is None:  # before Linux 6.13
        pytest.skip("this kernel says nothing by a pidfd")
    assert (known.pid, known.tgid, known.ppid) == (os.getpid(), os.getpid(), os.getppid())
    assert (known.ruid, known.rgid, known.euid, known.egid) == (os.getuid(), os.getgid(), os.geteuid(), os.getegid())
    assert not known.coredump & pidfd.COREDUMPED


def test_a_process_that_is_gone() -> None:
    child = subprocess.Popen(["true"])
    fd = os.pidfd_open(child.pid)
    child.wait()
    assert pidfd.info(fd) is None
    os.close(fd)


def test_what_is_no_pidfd() -> None:
    read, write = os.pipe()
    assert pidfd.info(read) is None
    os.close(read)
    os.close(write)
