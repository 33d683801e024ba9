import subprocess
from pathlib import Path

from obit.agent.packages import Installed

SPEC = """\
Name: probe
Version: 1.2
Release: 3
Epoch: 2
Summary: A package to look up
License: none
BuildArch: noarch
Requires: other >= 1
%description
A package to look up
%install
mkdir -p %{buildroot}/usr/lib/probe %{buildroot}/usr/bin
echo x > %{buildroot}/usr/lib/probe/libprobe.so.1
echo x > %{buildroot}/usr/bin/probe
%files
/usr/lib/probe/libprobe.so.1
/usr/bin/probe
"""


def test_a_database_that_rpm_itself_wrote(tmp_path: Path) -> None:
    (tmp_path / "probe.spec").write_text(SPEC)
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["rpmbuild", "-bb", "--define", f"_topdir {tmp_path}", "probe.spec"], cwd=tmp_path, check=True, capture_output=True)
    (package,) = (tmp_path / "RPMS" / "noarch").iterdir()
    where = ["--root", str(root), "--define", "_db_backend sqlite", "--define", "_dbpath /var/lib/rpm"]
    subprocess.run(["rpm", *where, "--nodeps", "--force-debian", "-i", str(package)], check=True, capture_output=True)
    installed = Installed(str(root))
    found = installed.of("/usr/lib/probe/libprobe.so.1")
    assert found is not None
    assert found[:2] == ("probe", "2:1.2-3")
    assert "other" in found.depends
    assert installed.of("/usr/bin/probe") == found
    assert installed.of("/usr/bin/other") is None
