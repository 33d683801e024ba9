"""All C++ names of the C++ run-time libraries of this machine, against c++filt's reading of them."""

import subprocess

import pytest

from obit.debuginfo.demangle.itanium import demangle_cxx


def exported(library: str) -> list[str]:
    done = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    names = {line.split()[-1].partition("@")[0] for line in done.stdout.splitlines()}
    return sorted(name for name in names if name.startswith("_Z"))


@pytest.mark.parametrize("library", ["libstdc++.so.6", "libc++.so.1", "libc++abi.so.1"])
def test_every_exported_name(library: str) -> None:
    folder = subprocess.run(["gcc", f"-print-file-name={library}"], capture_output=True, text=True, check=True).stdout.strip()
    names = exported(folder)
    assert len(names) > 100
    truth = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout.split("\n")
    differing = {
        name: (demangle_cxx(name), expected) for name, expected in zip(names, truth, strict=False) if demangle_cxx(name) != expected
    }
    assert differing == {}
