"""Obit as a user has it: a wheel, installed in a virtual environment of its own."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _key() -> str:
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / "src").rglob("*"), *(ROOT / "native").rglob("*"), ROOT / "pyproject.toml", ROOT / "CMakeLists.txt"]):
        if path.is_file() and path.suffix not in (".pyc", ".so"):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def installed(folder: Path) -> Path:
    """The `obit` of a fresh wheel install below `folder`; made again when the sources change."""
    stamp, environment = folder / "installed", folder / "venv"
    if stamp.exists() and stamp.read_text() == _key():
        return environment / "bin" / "obit"
    shutil.rmtree(environment, ignore_errors=True)
    shutil.rmtree(folder / "wheel", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    # Prebuilt wheels of the dependencies come from pip's own cache; only Obit itself is compiled.
    pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", f"--config-settings=build-dir={folder / 'build'}"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run([*build, "--wheel-dir", folder / "wheel", ROOT], check=True, env={**os.environ, "PATH": path})
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    (wheel,) = (folder / "wheel").glob("obit-*.whl")
    subprocess.run([environment / "bin" / "pip", "-qq", "--disable-pip-version-check", "install", wheel], check=True)
    stamp.write_text(_key())
    return environment / "bin" / "obit"
