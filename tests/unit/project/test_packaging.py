"""The image and the manifest cannot run here: they are linted, and what the agent depends on is looked up in them."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

PACKAGING = Path(__file__).parents[3] / "packaging"
BIN = Path(sys.executable).parent
CONTAINERFILE = PACKAGING / "container" / "Containerfile"
MANIFEST = PACKAGING / "kubernetes" / "daemonset.yaml"


@pytest.fixture
def pod() -> dict[str, Any]:
    (daemon_set,) = (one for one in yaml.safe_load_all(MANIFEST.read_text()) if one["kind"] == "DaemonSet")
    assert daemon_set["spec"]["selector"]["matchLabels"].items() <= daemon_set["spec"]["template"]["metadata"]["labels"].items()
    found: dict[str, Any] = daemon_set["spec"]["template"]["spec"]
    return found


def test_the_manifest_is_clean_yaml() -> None:
    rules = "{extends: default, rules: {line-length: {max: 140}, document-start: disable, truthy: {check-keys: false}}}"
    done = subprocess.run([BIN / "yamllint", "-s", "-d", rules, MANIFEST], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_is_clean() -> None:
    done = subprocess.run([BIN / "hadolint", CONTAINERFILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_pod_sees_the_host(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    assert pod["hostPID"] is True
    assert container["securityContext"]["privileged"] is True


def test_paths_are_the_same_inside_and_outside(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    hosts = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert {"/run/obit", "/var/lib/obit", "/var/cache/obit"} <= set(hosts.values())
    assert {name: mounts[name] for name in hosts} == hosts
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}


def test_the_pod_has_time_to_give_core_pattern_back(pod: dict[str, Any]) -> None:
    assert pod["terminationGracePeriodSeconds"] >= 60


def test_both_name_the_socket(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    assert container["args"] == ["--capture", "socket"]
    assert 'CMD ["--capture", "socket"]' in CONTAINERFILE.read_text()


def test_the_image_has_the_libraries_that_are_compiled_against() -> None:
    """A -dev package of the build is a library of the image."""
    _, build, image = CONTAINERFILE.read_text().split("\nFROM ")
    setup = (PACKAGING.parent / "packages" / "debian.txt").read_text()
    built = set(re.findall(r"lib([a-z]+)-dev", build))
    assert built == set(re.findall(r"^lib([a-z]+)-dev", setup, re.MULTILINE))
    assert all(re.search(rf"lib{name}\d", image) for name in built)
