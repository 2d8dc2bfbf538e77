"""`python -m benchmarks [NAME …]`: run all (but the soak) or the named ones, print a table, write results.json.

Exit status: 0 all bounds met, 1 one is not, 2 no benchmark of that name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.registry import BENCHMARKS, Benchmark
from benchmarks.results import Figure, as_table, failed, read_results, write_results

RESULTS = Path(__file__).with_name("results.json")


def run_apart(benchmark: Benchmark) -> list[Figure]:
    """Run one in a process with a home folder of its own, so that nothing of the machine's installation takes part."""
    with tempfile.TemporaryDirectory(prefix="connector-bench-", ignore_cleanup_errors=True) as folder:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("CONNECTOR_", "PREFECT_"))
        }
        environment |= {
            "CONNECTOR_HOME": folder,
            # The PrestaShop of a benchmark is to be limited by its own speed, not by our politeness.
            "CONNECTOR_PRESTASHOP_CALLS_PER_SECOND": "1000",
            "PREFECT_HOME": f"{folder}/prefect",
            # As the processes of flow runs have it (deployments.prefect_environment).
            "MALLOC_ARENA_MAX": "2",
            "PREFECT_LOGGING_LEVEL": "ERROR",
            "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            **benchmark.environment,
        }
        written = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "benchmarks.one", benchmark.name, str(written)]
        ended = subprocess.run(command, env=environment, check=False)
        if ended.returncode or not written.exists():
            return [failed(benchmark.name, f"ended with status {ended.returncode}, see above")]
        return read_results(written)


def main(names: Sequence[str], *, results: Path = RESULTS, benchmarks: Sequence[Benchmark] = BENCHMARKS) -> int:
    """Run what is named, or everything; answer the exit status."""
    console = Console(highlight=False)
    unknown = set(names) - {one.name for one in benchmarks}
    if unknown:
        known = ", ".join(one.name for one in benchmarks)
        console.print(f"There is no benchmark {', '.join(sorted(unknown))}. There are: {known}")
        return 2
    figures: list[Figure] = []
    for benchmark in benchmarks:
        if benchmark.name in names or (not names and benchmark.by_default):
            console.print(f"{benchmark.name}: {benchmark.question}")
            figures += run_apart(benchmark)
    write_results(results, figures)
    console.print(as_table(figures))
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
