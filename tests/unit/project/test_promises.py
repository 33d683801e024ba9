"""No promise without a test or benchmark that is there."""

import ast
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROMISES: list[dict[str, object]] = tomllib.loads((ROOT / "docs" / "promises.toml").read_text())["promise"]


def held_by(promise: dict[str, object]) -> list[str]:
    places = promise["held_by"]
    assert isinstance(places, list)
    return places


@cache
def definitions(path: Path) -> frozenset[str]:
    """The test functions of a file, those in classes as Class::test."""
    tree = ast.parse(path.read_text())
    top = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    inner = {f"{each.name}::{node.name}" for each in classes for node in each.body if isinstance(node, ast.FunctionDef)}
    return frozenset(top | inner)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: str(promise["text"])[:60])
def test_a_promise_says_what_and_is_held(promise: dict[str, object]) -> None:
    assert promise.keys() == {"part", "text", "issue", "held_by"}
    assert promise["text"]
    assert isinstance(promise["issue"], int)
    assert held_by(promise), "nothing holds it"


@pytest.mark.parametrize("place", sorted({place for promise in PROMISES for place in held_by(promise)}))
def test_what_holds_a_promise_is_there(place: str) -> None:
    path, _, test = place.partition("::")
    assert (ROOT / path).is_file(), f"{path} is not there"
    assert path.startswith(("tests/", "benchmarks/", "pyproject.toml", "Makefile", ".ci/"))
    if test:
        assert test in definitions(ROOT / path), f"{path} has no {test}"


def test_no_promise_is_made_twice() -> None:
    texts = [promise["text"] for promise in PROMISES]
    assert len(texts) == len(set(map(str, texts)))


def test_the_page_is_up_to_date() -> None:
    result = subprocess.run([sys.executable, ROOT / "tools" / "promises.py", "--check"], check=False)
    assert result.returncode == 0, "docs/promises.md is older than promises.toml: make docs"
