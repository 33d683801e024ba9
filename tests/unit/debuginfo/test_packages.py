"""Which package owns a file: from dpkg's lists as a temporary folder has them."""

from pathlib import Path

import pytest

from obit.debuginfo.packages import Packages

LISTED = {
    "libc6:amd64.list": "/lib/x86_64-linux-gnu/libc.so.6\n/lib/x86_64-linux-gnu/libm.so.6\n/lib64/ld-linux-x86-64.so.2\n",
    "libstdc++6:amd64.list": "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30\n",
    "libgcc-s1:amd64.list": "/lib/x86_64-linux-gnu/libgcc_s.so.1\n",
    "libssl3t64:amd64.list": "/usr/lib/x86_64-linux-gnu/libssl.so.3\n",
    "nginx-core.list": "/usr/sbin/nginx\n/usr/sbin/nginx-extra\n",
    "odd.conffiles": "/usr/bin/elsewhere\n",
}


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    for name, text in LISTED.items():
        (tmp_path / name).write_text("/.\n" + text)
    return Packages(str(tmp_path))


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", "libc6"),
        ("/lib/x86_64-linux-gnu/libm.so.6", "libc6"),
        ("/usr/lib64/ld-linux-x86-64.so.2", "libc6"),
        ("/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", "libstdc++6"),
        ("/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", "libstdc++6"),
        ("/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", "libgcc-s1"),
        ("/usr/lib/x86_64-linux-gnu/libssl.so.3", "libssl3t64"),
        ("/usr/sbin/nginx", "nginx-core"),
        ("/usr/sbin/ngin", None),
        ("/usr/bin/elsewhere", None),
        ("/home/me/libc.so.6", None),
    ],
)
def test_owner(packages: Packages, path: str, package: str | None) -> None:
    assert packages.owner(path) == package


def test_debug_command(packages: Packages) -> None:
    assert packages.debug_command("/lib/x86_64-linux-gnu/libc.so.6") == "apt-get install libc6-dbg"
    assert packages.debug_command("/usr/sbin/nginx") == "apt-get install nginx-core-dbgsym"
    assert packages.debug_command("/home/me/a.out") is None


def test_a_machine_without_dpkg_has_no_owners(tmp_path: Path) -> None:
    assert Packages(str(tmp_path / "none")).owner("/usr/sbin/nginx") is None
