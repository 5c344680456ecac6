"""Run the figures one by one, print one table and write `bench/results.json`.

    make bench                            everything
    make bench ONLY=intake_posts,...      the figures that make these rows

A part that fails is reported and the others still run; the status at the end is then 1. A goal that was not met is
no failure: the table says so.
"""

import argparse
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from bench.figures import Figure, choose
from bench.lab import Lab
from bench.rows import Row, table, write_results

RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """Measure what the command line or ONLY names; give the exit status: 0, 1 for a failed part, 2 for a bad name."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=os.environ.get("ONLY"), help="names of rows, with commas between them")
    try:
        figures = choose(parser.parse_args().only)
    except ValueError as error:
        parser.error(str(error))
    signal.signal(signal.SIGTERM, _end)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.platform()}", flush=True)
    with Lab() as lab:
        rows, failed = run_all(figures, lab)
    report(rows, failed)
    return 1 if failed else 0


def run_all(figures: Sequence[Figure], lab: Lab) -> tuple[list[Row], list[str]]:
    """The rows of all figures that could be measured, and the names of those that could not."""
    rows: list[Row] = []
    failed: list[str] = []
    for figure in figures:
        print(f"\n{', '.join(figure.NAMES)} ...", flush=True)
        begin = time.monotonic()
        try:
            rows += figure.run(lab)
        except Exception:
            traceback.print_exc()
            failed += figure.NAMES
        print(f"  took {time.monotonic() - begin:.0f} s", flush=True)
    return rows, failed


def report(rows: Sequence[Row], failed: Sequence[str]) -> None:
    """Print the table and write the results."""
    write_results(rows, RESULTS)
    print(f"\n{table(rows)}\n\nWritten to {RESULTS}.")
    if failed:
        print(f"Could not be measured: {', '.join(failed)}. The reasons stand above.")


def _end(number: int, _: FrameType | None) -> None:
    # As an exception, so that the servers are stopped on the way out.
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
