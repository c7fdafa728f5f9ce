"""`python -m benchmarks NAME`: the benchmarks by name."""

from __future__ import annotations

import click

from benchmarks import detect as detect_benchmark
from benchmarks import load as load_benchmark


@click.group()
def main() -> None:
    """Speed and memory as ratios measured in one run: seconds of one machine say nothing on another."""


@main.command()
@click.option("--records", default=200_000, show_default=True, help="How many audit records of about 1.5 kB.")
@click.option("--rounds", default=5, show_default=True, help="Runs of each; the median counts.")
def load(records: int, rounds: int) -> None:
    """case.load against pandas, and against DuckDB's scan of the same file."""
    load_benchmark.measure(records, rounds)


@main.command()
@click.option("--events", default=1_000_000, show_default=True, help="How many audit records and sign-ins together.")
@click.option("--rounds", default=3, show_default=True, help="Runs of each; the median counts.")
def detect(events: int, rounds: int) -> None:
    """All detections against loading the events, and against the same in plain pandas."""
    detect_benchmark.measure(events, rounds)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
