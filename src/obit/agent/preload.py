"""Import everything that an analysis may need, once, before the processes are forked: they share the pages, and have no files later."""

import importlib
import pkgutil

MODULES = ("obit.agent.committer", "obit.agent.broker", "obit.agent.analyser", "obit.agent.keeper")
PACKAGES = ("obit.analysis", "obit.debuginfo", "obit.image", "obit.snapshot")
STANDARD = ("datetime", "encodings.idna", "json", "signal", "typing", "zlib", "zstandard")
"""What those import inside functions."""


def preload() -> None:
    """Import them all."""
    for package in PACKAGES:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, f"{package}."):
            importlib.import_module(found.name)
    for name in (*MODULES, *STANDARD):
        importlib.import_module(name)
