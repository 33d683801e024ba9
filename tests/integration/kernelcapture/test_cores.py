"""Debuggers and Obit see in the minicore what they see in the kernel's full core of the same crash."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.kernelcapture.machine import Cores, build, cores

pytestmark = [pytest.mark.needs_root, pytest.mark.exclusive]
THREADS = Path(__file__).parents[1] / "capture/programs/threads.c"
WORKERS = 6
VIEW = Path(__file__).with_name("drgn_view.py")


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> Cores:
    folder = tmp_path_factory.mktemp("threads")
    return cores(folder, build(folder, THREADS), str(WORKERS))


def text_of(*command: str | Path) -> str:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, timeout=120).stdout


def gdb(exe: Path, core: Path) -> dict[str, str]:
    text = text_of(
        "gdb", "-nx", "-q", "-batch", "-ex", "thread apply all -- bt full", "-ex", "thread apply all -- p thread_value", exe, core
    )
    assert "Cannot access memory" not in text
    blocks = re.split(r"\nThread \d+ \(.*?LWP (\d+)\)\):\n", text)
    return {f"{tid} {number}": block.strip() for number, (tid, block) in enumerate(zip(blocks[1::2], blocks[2::2], strict=True))}


def lldb(exe: Path, core: Path) -> dict[str, str]:
    show = ("-o", "thread backtrace all", "-o", "frame variable", "-o", "target variable global_value")
    text = text_of("lldb", "--no-lldbinit", "-b", *show, "-c", core, exe)
    return {"": text.replace(str(core), "CORE").partition("(lldb) thread backtrace all")[2]}


def eu_stack(exe: Path, core: Path) -> dict[str, str]:
    parts = text_of("eu-stack", "--core", core, "-e", exe).split("TID ")[1:]
    return dict(part.split(":", 1) for part in parts)


def drgn(exe: Path, core: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(text_of(sys.executable, VIEW, core))
    return found


@pytest.mark.parametrize("kind", ["mini", "full"])
@pytest.mark.parametrize("view", [gdb, lldb, eu_stack, drgn])
def test_frames_and_locals_of_every_thread(threads: Cores, view: Callable[[Path, Path], dict[str, str]], kind: str) -> None:
    ours, kernels = view(threads.exe, getattr(threads, kind)), view(threads.exe, threads.kernels)
    assert ours == kernels
    text = "".join(ours.values())
    assert text.count("wait_for_ever") >= WORKERS
    assert "total" in text
    if view is not eu_stack:
        assert re.search(r"\b399\b", text), "the local `sum`"


def explanation(core: Path) -> dict[str, Any]:
    text = text_of(Path(sys.executable).with_name("obit"), "analyze", core, "--json")
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.mark.parametrize("kind", ["mini", "full"])
def test_obit_explains_the_same_from_both(threads: Cores, kind: str) -> None:
    ours, kernels = explanation(getattr(threads, kind)), explanation(threads.kernels)
    for name in ("signal", "explanation", "classifiers", "evidence", "access", "fingerprint", "strict_fingerprint", "severity", "quality"):
        assert ours[name] == kernels[name], name
    assert frames(ours) == frames(kernels)
    assert [module["build_id"] for module in ours["modules"]] == [module["build_id"] for module in kernels["modules"]]


def frames(document: dict[str, Any]) -> dict[int, Any]:
    return {thread["tid"]: thread["frames"] for thread in document["threads"]}


def test_the_note_says_what_the_kernels_core_has_no_place_for(threads: Cores) -> None:
    document = explanation(threads.mini)
    assert document["source"] == "kernel-socket"
    assert document["process"]["exe"] == str(threads.exe)
    assert document["process"]["cmdline"] == [str(threads.exe), str(WORKERS)]
    assert {thread["name"] for thread in document["threads"]} == {"threads"}
    assert document["missing"] == []


def test_a_minicore_is_small_and_a_full_core_has_what_the_kernel_has(threads: Cores) -> None:
    assert threads.mini.stat().st_size < threads.kernels.stat().st_size / 4
    assert abs(threads.full.stat().st_size - threads.kernels.stat().st_size) < 1 << 20
    assert threads.full.stat().st_blocks * 512 < threads.full.stat().st_size / 2, "holes"
