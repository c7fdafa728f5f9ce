"""`python -m benchmarks NAME`: the benchmarks by name."""

from __future__ import annotations

import click

from benchmarks import collect as collect_benchmark
from benchmarks import detect as detect_benchmark
from benchmarks import faults as faults_benchmark
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


@main.command()
@click.option("--delay", default=100, show_default=True, help="Milliseconds that every answer is held back.")
@click.option("--rounds", default=3, show_default=True, help="Runs of each; the median counts.")
@click.option("--pages", default=200, show_default=True, help="Pages for the cost of one page.")
@click.option("--events", default=4_500, show_default=True, help="Audit events of the mailbox in 90 days.")
def collect(delay: int, rounds: int, pages: int, events: int) -> None:
    """Collecting several at once against one after another; our session against bare requests."""
    collect_benchmark.measure(delay / 1000, rounds, pages, events)


@main.command()
@click.option("--plans", default=200, show_default=True, help="Seeded plans of trouble.")
@click.option("--events", default=20_000, show_default=True, help="Audit events of the mailbox.")
@click.option("--first", default=0, show_default=True, help="The first seed.")
def faults(plans: int, events: int, first: int) -> None:
    """Whether any window is called complete that lacks a record, under seeded plans of trouble."""
    faults_benchmark.measure(plans, events, first)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
