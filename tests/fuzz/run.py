"""`python -m tests.fuzz.run [--count N] [--seed S] [--first I] [--jobs J] [--keep DIR]`: mutate, analyse, judge.

A case is fully determined by the seed and its number: `--seed S --first I --count 1 --keep DIR` makes one again and keeps its files.
The exit status is 1 when anything but a result or one clear sentence came out.
"""

import argparse
import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from .mutate import CORE_MUTATIONS, ELF_MUTATIONS, mutate
from .seeds import Seed, seeds
from .worker import Verdict, analyze


def write_case(folder: Path, seed: Seed, random: Random, donors: Sequence[bytes]) -> tuple[list[str], list[str]]:
    """Write a mutated set of files; the arguments of `obit` and what was done."""
    done: list[str] = []
    core, files = seed.core, dict(seed.files)
    what = random.choice(("core", "core", "file", "file", "both"))
    if what != "file":
        core, changes = mutate(core, random, CORE_MUTATIONS, donors)
        done += [f"core: {change}" for change in changes]
    if what != "core":
        name = random.choice(sorted(files))
        files[name], changes = mutate(files[name], random, ELF_MUTATIONS, donors)
        done += [f"{name}: {change}" for change in changes]
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "core").write_bytes(core)
    return ["analyze", str(folder / "core"), "--exe", str(folder / seed.executable), "--json"], done


def one(index: int, seed: int, sources: Sequence[Seed], entry: "Entry", keep: Path | None) -> tuple[Verdict, str]:
    """One case: its verdict and its story."""
    random = Random(f"{seed}:{index}")
    source = random.choice(sources)
    donors = [random.choice(sources).core, *random.choice(sources).files.values()]
    with tempfile.TemporaryDirectory(prefix="obit-fuzz-") as name:
        folder = Path(name)
        arguments, done = write_case(folder, source, random, donors)
        # A mutated file keeps its build-id: a cache shared between cases would remember the wrong one.
        os.environ["OBIT_CACHE"] = str(folder / "cache")
        verdict = analyze(entry, arguments, name)
        if keep is not None:
            shutil.copytree(folder, keep / str(index), dirs_exist_ok=True)
    return verdict, f"case {index} of seed {seed} ({source.name}): {'; '.join(done)}"


class Entry:
    """Obit's command line, loaded by a first analysis in this process so that the children start warm."""

    def __init__(self, source: Seed) -> None:
        from obit.cli import main

        self._run = main.run
        with tempfile.TemporaryDirectory(prefix="obit-fuzz-") as name:
            folder = Path(name)
            for file, data in {**source.files, "core": source.core}.items():
                (folder / file).write_bytes(data)
            os.environ["OBIT_HOME"] = os.environ["OBIT_CACHE"] = name
            with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
                status = self(["analyze", str(folder / "core"), "--exe", str(folder / source.executable), "--json"])
        if status:
            raise RuntimeError(f"the sound files of {source.name} already end in status {status}")

    def __call__(self, arguments: Sequence[str]) -> int:
        """Run `obit` with arguments; its exit status."""
        return self._run(list(arguments))


def work(numbers: Sequence[int], seed: int, keep: Path | None) -> list[str]:
    """Every case of one worker; the problems, each with its story. Prints a summary."""
    sources = seeds()
    entry = Entry(sources[0])
    problems, statuses, slowest, largest = [], Counter[int](), 0.0, 0
    for index in numbers:
        verdict, story = one(index, seed, sources, entry, keep)
        statuses[verdict.status] += 1
        slowest, largest = max(slowest, verdict.seconds), max(largest, verdict.rss)
        if verdict.problem:
            problems.append(f"{verdict.problem}\n    {story}\n")
            sys.stdout.write(problems[-1])
            sys.stdout.flush()
    report = ", ".join(f"{count} × status {status >> 8}" for status, count in sorted(statuses.items()))
    sys.stdout.write(f"{len(numbers)} cases: {report}; slowest {slowest:.2f} s, largest {largest >> 20} MB, {len(problems)} problems\n")
    return problems


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args(arguments)
    seeds()
    children = []
    for job in range(chosen.jobs):
        numbers = range(chosen.first + job, chosen.first + chosen.count, chosen.jobs)
        child = os.fork()
        if child == 0:
            os._exit(1 if work(numbers, chosen.seed, chosen.keep) else 0)
        children.append(child)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


if __name__ == "__main__":
    sys.exit(main())
