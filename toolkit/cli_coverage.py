"""`python -m toolkit coverage`: what is there, what is missing, and what cannot be known."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from toolkit.cli_collect_said import open_marks, plain, print_json, say_open, say_summary, value_of
from toolkit.errors import UsageError


@click.command(short_help="What is there, what is missing, and what cannot be known.")
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TOOLKIT_CASE",
    help="The case's folder (else the variable TOOLKIT_CASE). It must be there.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def coverage(case_folder: Path | None, as_json: bool) -> None:
    """Did what was collected come whole, what do files lack, and which questions can this case answer?"""
    from toolkit.case import open_case
    from toolkit.collect.files import file_gaps
    from toolkit.collect.horizon import horizon, sentences
    from toolkit.collect.ledger import lines
    from toolkit.collect.said import again
    from toolkit.views.coverage import coverage as questions

    if case_folder is None:
        raise UsageError("Which case? Name its folder with --case, or in the variable TOOLKIT_CASE.")
    case = open_case(case_folder, create=False)
    told, gaps, asked, limits = lines(case), file_gaps(case), questions(case), horizon(case)
    if as_json:
        rows = [
            {
                name: value_of(row[name])
                for name in ("id", "question", "here", "rows", "first", "last", "command", "kept")
            }
            for _, row in asked.iterrows()
        ]
        print_json({
            "ledger": [asdict(line) for line in told], "again": again(case, told),
            "files": [asdict(gap) for gap in gaps], "questions": rows,
            "pivots_open": [asdict(mark) for mark in open_marks(case)],
            "horizon": [{name: value_of(value) for name, value in row.items()} for row in limits.to_dict("records")],
        })  # fmt: skip
        return
    if told:
        say_summary(case, told)
    else:
        click.echo("Nothing was collected from a tenant into this case; it holds what files brought.")
    say_open(case)
    for gap in gaps:
        click.echo(f"{plain(gap.file)}: {plain(gap.sentence)}")
    click.echo("\nHow far back anything can be known:")
    for sentence in sentences(limits):
        click.echo(f"  {plain(sentence)}")
    click.echo("\nQuestions:")
    for _, row in asked.iterrows():
        here = f"missing: {row['portal']}" if row["here"] == "missing" else row["here"]
        span = f", {row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d}" if row["rows"] and value_of(row["first"]) else ""
        click.echo(f"  {row['question']} {here}{span}")
