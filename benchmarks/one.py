"""One benchmark in this process: `python -m benchmarks.one NAME FILE` writes its figures to the file."""

import sys
from pathlib import Path

from benchmarks.registry import BENCHMARKS
from benchmarks.results import write_results


def main() -> None:
    """Run it."""
    name, path = sys.argv[1:]
    benchmark = next(one for one in BENCHMARKS if one.name == name)
    write_results(Path(path), list(benchmark.load()()))


if __name__ == "__main__":
    main()
