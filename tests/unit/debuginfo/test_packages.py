"""Which package owns a file: from dpkg's lists as a temporary folder has them."""

from pathlib import Path

import pytest

from obit.debuginfo.packages import LISTS, Packages

LISTED = {
    "python3.11-minimal.list": "/usr/bin/python3.11\n",
    "libpython3.11-stdlib:amd64.list": "/usr/lib/python3.11/lib-dynload/_ctypes.cpython-311-x86_64-linux-gnu.so\n",
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


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("/usr/bin/python3.11", "python3.11-dbg"),
        ("/usr/lib/python3.11/lib-dynload/_ctypes.cpython-311-x86_64-linux-gnu.so", "libpython3.11-dbg"),
    ],
)
def test_pythons_debug_packages_are_of_the_old_kind(packages: Packages, path: str, package: str) -> None:
    assert packages.debug_command(path) == f"apt-get install {package}"


@pytest.mark.parametrize(
    ("release", "lists", "first"),
    [
        ("ID=debian\nVERSION_CODENAME=bookworm\n", ["mirror_debian_dists_bookworm_InRelease"], True),
        ("ID=debian\nVERSION_CODENAME=bookworm\n", ["mirror_debian-debug_dists_bookworm-debug_InRelease"], False),
        ('ID="debian"\nVERSION_CODENAME="x; reboot"\n', [], False),
        ("ID=ubuntu\nVERSION_CODENAME=noble\n", [], False),
    ],
)
def test_an_archive_of_debug_packages_that_apt_does_not_know_is_named(tmp_path: Path, release: str, lists: list[str], first: bool) -> None:
    for folder in (LISTS[1:], "var/lib/apt/lists", "etc"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / LISTS[1:] / "bash.list").write_text("/.\n/bin/bash\n")
    (tmp_path / "etc/os-release").write_text(release)
    for name in lists:
        (tmp_path / "var/lib/apt/lists" / name).touch()
    remark = "  # from Debian's archive bookworm-debug: add it to apt's sources first"
    command = Packages(f"{tmp_path}{LISTS}").debug_command("/bin/bash")
    assert command == f"apt-get install bash-dbgsym{remark if first else ''}"


def test_a_machine_without_dpkg_has_no_owners(tmp_path: Path) -> None:
    assert Packages(str(tmp_path / "none")).owner("/usr/sbin/nginx") is None
