from pathlib import Path

import pytest

from obit.agent.packages import Installed, Package, of_modules
from obit.debuginfo.buildid import build_id_of_file
from tests.builders.rpm import DIRINDEXES, DIRNAMES, EPOCH, NAME, RELEASE, REQUIRES, VERSION, Int32, database, header

STATUS = """\
Package: libother
Status: install ok installed
Version: 9

Package: libshop2
Status: install ok installed
Architecture: amd64
Version: 1:2.3-4
Depends: libother (>= 8), absent | libsecond:any
Description: short
 Package: fake
 Version: 666

Package: gone
Status: deinstall ok config-files
Version: 1
"""


@pytest.fixture
def root(tmp_path: Path) -> str:
    info = tmp_path / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (info / "libshop2:amd64.list").write_text("/.\n/usr/lib/libshop.so.2\n")
    (info / "shop-tools.list").write_text("/usr/bin/shop-cart\n")
    (info / "gone.list").write_text("/usr/bin/gone\n")
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    return str(tmp_path)


def test_a_library_with_its_version_and_dependencies(root: str) -> None:
    installed = Installed(root)
    package = installed.of("/usr/lib/libshop.so.2", thorough=False)
    assert package == Package("libshop2", "1:2.3-4", ("libother", "absent", "libsecond"))
    assert installed.dependencies(package) == {"libother": "9"}


def test_a_description_is_no_package(root: str) -> None:
    assert Installed(root).named("fake") is None


def test_what_is_only_configured_is_not_installed(root: str) -> None:
    assert Installed(root).of("/usr/bin/gone") is None


@pytest.mark.parametrize("path", ["/home/me/a.out", "/usr/bin/unowned", "[vdso]", "relative", "/usr/bin/shop-cart"])
def test_what_no_known_package_owns(root: str, path: str) -> None:
    assert Installed(root).of(path) is None


def test_a_machine_without_packages(tmp_path: Path) -> None:
    assert Installed(str(tmp_path)).of("/usr/lib/libshop.so.2") is None


def test_a_file_that_was_replaced_since_tells_no_version() -> None:
    path = "/usr/lib/x86_64-linux-gnu/libc.so.6"
    build_id = build_id_of_file(path)
    found = of_modules([(path, build_id), (path.replace("libc.", "libm."), "ab" * 20), ("[vdso]", None)], Installed())
    assert list(found) == [path]
    assert found[path][0] == "libc6"


FILES: dict[int, Int32 | str | list[str]] = {
    NAME: "probe",
    VERSION: "1.2",
    RELEASE: "3",
    EPOCH: Int32(2),
    REQUIRES: ["other", "libc.so.6"],
    DIRNAMES: ["/usr/bin/", "/usr/lib64/probe/"],
    DIRINDEXES: Int32(0, 1),
}


def rpm_root(tmp_path: Path, blob: bytes) -> Installed:
    database(tmp_path / "var/lib/rpm/rpmdb.sqlite", blob, ["probe", "libprobe.so.1"])
    return Installed(str(tmp_path))


def test_rpm(tmp_path: Path) -> None:
    installed = rpm_root(tmp_path, header(FILES))
    assert installed.of("/usr/lib64/probe/libprobe.so.1") == Package("probe", "2:1.2-3", ("other", "libc.so.6"))
    assert installed.of("/usr/bin/probe") is not None
    assert installed.of("/bin/probe") == installed.of("/usr/bin/probe")  # /bin may be a link to /usr/bin
    assert installed.of("/usr/lib64/libprobe.so.1") is None


@pytest.mark.parametrize("cut", [0, 4, 8, 30, 100, 150])
def test_a_damaged_header_is_no_package(tmp_path: Path, cut: int) -> None:
    assert rpm_root(tmp_path, header(FILES)[:cut]).of("/usr/bin/probe") is None


@pytest.mark.parametrize("counts", [b"\xff" * 8, b"\0\0\x10\0\0\0\0\0", b"\0\0\0\0\xff\xff\xff\xff"])
def test_counts_that_lie(tmp_path: Path, counts: bytes) -> None:
    assert rpm_root(tmp_path, counts + header(FILES)[8:]).of("/usr/bin/probe") is None


def test_a_place_beyond_the_arrays(tmp_path: Path) -> None:
    assert rpm_root(tmp_path, header({**FILES, DIRINDEXES: Int32(0xFFFFFFFF, 7)})).of("/usr/bin/probe") is None


def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "var/lib/rpm").mkdir(parents=True)
    (tmp_path / "var/lib/rpm/rpmdb.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    assert Installed(str(tmp_path)).of("/usr/bin/probe") is None
