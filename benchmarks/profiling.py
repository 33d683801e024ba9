"""`python -m benchmarks.profiling [PART] [--imports]`: where `obit analyze` spends its time on the core whose name contains PART."""

import argparse
import cProfile
import pstats
import subprocess
import sys

from benchmarks.cores import cores


def main() -> int:
    """Print the profile; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", default="3 threads")
    parser.add_argument("--imports", action="store_true", help="what the imports cost, instead")
    parser.add_argument("--sort", default="cumulative", choices=("cumulative", "tottime"))
    chosen = parser.parse_args()
    core = next(each for each in cores() if chosen.part in each.name)
    arguments = ["analyze", str(core.core), "--exe", str(core.executable)]
    if chosen.imports:
        return subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "obit.cli.main", *arguments], stdout=subprocess.DEVNULL, check=False
        ).returncode
    from obit.cli.main import run

    profiler = cProfile.Profile()
    status = profiler.runcall(run, arguments)
    pstats.Stats(profiler, stream=sys.stderr).sort_stats(chosen.sort).print_stats(45)
    return status


if __name__ == "__main__":
    sys.exit(main())
