"""Facts of a process, without its secrets."""

import os

import pytest

from obit.analysis.scrub import HIDDEN
from obit.capture.facts import container_of, host_facts, parse_limits, process_facts, read_file, scrubbed


@pytest.mark.parametrize("name", ["DB_PASSWORD", "API_TOKEN", "aws_secret_access_key", "HTTP_AUTHORIZATION", "SENTRY_DSN", "SSH_PRIVATE"])
def test_secrets_are_replaced(name: str) -> None:
    assert scrubbed([f"{name}=hunter2"]) == {name: HIDDEN}


def test_a_password_within_a_url_is_replaced() -> None:
    assert scrubbed(["DATABASE=postgres://bob:hunter2@db/shop"]) == {"DATABASE": f"postgres://bob:{HIDDEN}@db/shop"}


def test_other_variables_stay() -> None:
    assert scrubbed(["PATH=/bin", "EMPTY=", "not a variable", "A=b=c"]) == {"PATH": "/bin", "EMPTY": "", "A": "b=c"}


def test_limits() -> None:
    raw = b"Limit            Soft Limit  Hard Limit  Units\nMax stack size   8388608     unlimited   bytes     \n"
    assert parse_limits(raw) == {"stack size": [8388608, None]}


def test_container() -> None:
    identity = "3f" * 32
    assert container_of(f"/system.slice/docker-{identity}.scope") == identity
    assert container_of("/user.slice/user-1000.slice") is None


def test_our_own_process() -> None:
    facts = process_facts(os.getpid())
    assert (facts["pid"], facts["ppid"], facts["uid"]) == (os.getpid(), os.getppid(), os.getuid())
    assert facts["cwd"] == os.getcwd()
    assert facts["age"] >= 0
    assert facts["memory"]["resident"] > 1 << 20
    assert host_facts()["hostname"] == os.uname().nodename


def test_a_process_that_is_gone_has_only_its_number() -> None:
    facts = process_facts(1 << 30)
    assert facts["pid"] == 1 << 30
    assert not facts["cmdline"]
    assert not facts["fds"]


def test_a_file_is_read_up_to_the_limit() -> None:
    assert len(read_file("/proc/self/maps", 100)) == 100
    assert read_file("/proc/self/nothing") == b""
