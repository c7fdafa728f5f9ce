"""The command line: `python -m toolkit COMMAND`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from toolkit.cli_app import app
from toolkit.cli_app_register import create, remove, show
from toolkit.cli_collect import collect
from toolkit.cli_contain import contain
from toolkit.cli_coverage import coverage
from toolkit.cli_sign_out import sign_out
from toolkit.cli_triage import triage
from toolkit.errors import ToolkitError, UsageError

CASE = click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TOOLKIT_CASE",
    help="The case's folder (else the variable TOOLKIT_CASE).",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="account-compromise-toolkit")
def cli() -> None:
    """Get an intruder out of a Microsoft 365 mailbox: evidence, findings, timeline, containment."""


for command in (create, show, remove):
    app.add_command(command)
cli.add_command(app)
cli.add_command(collect)
cli.add_command(coverage)
cli.add_command(contain)
cli.add_command(sign_out)
cli.add_command(triage)


def main() -> None:
    """Run the command line; an error meant for a person is one line and exit code 2."""
    try:
        cli(prog_name="python -m toolkit")
    except ToolkitError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except Exception as error:
        # DuckDB is loaded only where a command needs it.
        if "duckdb" not in sys.modules or not isinstance(error, sys.modules["duckdb"].Error):
            raise
        said = str(error).splitlines()[0]
        click.echo(f"A table of the case cannot be read: `verify` says what to load again. ({said})", err=True)
        sys.exit(2)


@cli.command(short_help="Open a case in JupyterLab, or the practice tenant's.")
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The case's folder, made if it is missing; without it, the practice case in your documents.",
)
@click.option("--practice", is_flag=True, help="A folder that is no case yet becomes one of the practice tenant.")
@click.option("--port", type=click.IntRange(0, 65535), help="JupyterLab's port (default: a free one).")
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
def lab(case_folder: Path | None, practice: bool, port: int | None, no_browser: bool) -> None:
    """Open a case in JupyterLab; without --case the practice tenant's, which needs no account."""
    from toolkit.lab import run_lab

    if practice and case_folder is not None and (case_folder / "case.json").exists():
        from toolkit.cli_connected import check_practice

        check_practice(_case(case_folder), practice=True)
    sys.exit(run_lab(case_folder, port=port, open_browser=not no_browser, practice=practice))


@cli.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where the practice tenant keeps its state (in a case: CASE/practice).",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Its port (default: a free one).")
@click.option("--reset", is_flag=True, help="Back to the scenario's beginning first.")
@click.option("--attacker-returns", is_flag=True, help="The intruder acts while the account is contained.")
@click.option("--events", type=click.IntRange(0), default=0, help="So many audit events more in one mailbox.")
@click.option("--faults", metavar="FILE|SEED", help="What goes wrong: a plan in a TOML file, or a seed.")
def practice(folder: Path, port: int, reset: bool, attacker_returns: bool, events: int, faults: str | None) -> None:
    """Serve the practice tenant on this machine until Ctrl-C."""
    import time

    from toolkit import practice as room

    if reset:
        room.reset(folder)
    plan = room.plan_of(faults) if faults else None
    with room.start(folder, port=port, attacker_returns=attacker_returns, events=events, faults=plan) as tenant:
        click.echo(f"The practice tenant answers on {tenant.url}; its certificate authority is {tenant.ca_file}.")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            click.echo("The practice tenant was stopped; its state stays in the folder.")


@cli.command(short_help="Take evidence files into a case.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@CASE
@click.option("--date-order", type=click.Choice(["mdy", "dmy"]), default=None, help="For dates a file leaves open.")
@AS_JSON
def load(paths: tuple[Path, ...], case_folder: Path | None, date_order: str | None, as_json: bool) -> None:
    """Take evidence files into a case; a case is made if there is none.

    Exit code 0: all was loaded. 1: something was rejected. 2: nothing could be loaded.
    """
    case = _case(case_folder, create=True)
    loading = case.load(*paths, date_order=date_order or "")
    if as_json:
        _print_json(loading.to_dict())
    else:
        for f in loading.files:
            name = _plain(Path(f.path).name)
            if f.format:
                partial = f" ({f.partial} partial)" if f.partial else ""
                click.echo(
                    f"{name}: {f.format} → {f.table}: {f.read} read = {f.rows} rows{partial}"
                    f" + {f.duplicates} duplicates + {f.rejected} rejected"
                )
            for note in f.notes:
                click.echo(f"  {_plain(note)}" if f.format else _plain(note), err=not f.format)
        click.echo(f"Head of the journal: {loading.head}")
    taken = [f for f in loading.files if f.read > f.rejected]
    if not taken:
        sys.exit(2)
    sys.exit(0 if all(f.format and not f.rejected for f in loading.files) else 1)


@cli.command()
@CASE
@AS_JSON
def tables(case_folder: Path | None, as_json: bool) -> None:
    """The case's tables: rows, and the time they span (UTC)."""
    from toolkit.tables import DERIVED, TABLES

    case = _case(case_folder)
    found = []
    for table in TABLES.values():
        first = last = None
        if "time" in table.names:
            span = case.sql(f"SELECT min(time) AS a, max(time) AS b FROM {table.name}").iloc[0]
            first, last = (None if str(v) == "NaT" else v.isoformat().replace("+00:00", "Z") for v in (span.a, span.b))
        found.append({"table": table.name, "rows": case.count(table.name), "first": first, "last": last})
    for name in DERIVED:
        if rows := case.count(name):
            found.append({"table": name, "rows": rows, "first": None, "last": None})
    if as_json:
        _print_json({"tables": found})
        return
    for t in found:
        span_text = f", {t['first']} to {t['last']}" if t["first"] else ""
        click.echo(f"{t['table']}: {t['rows']} rows{span_text}")


@cli.command(short_help="Write a table to a file that is safe in a spreadsheet.")
@CASE
@click.option("--table", required=True, help="The table's name; `tables` lists them.")
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    help="A file ending in .csv, .xlsx, .jsonl or .parquet.",
)
@AS_JSON
def export(case_folder: Path | None, table: str, to: Path, as_json: bool) -> None:
    """Write a table to a file; cells that a spreadsheet would run as a formula are defused."""
    from toolkit.case.export import export as write

    rows = write(_case(case_folder), table, to)
    if as_json:
        _print_json({"table": table, "to": str(to), "rows": rows})
    else:
        click.echo(f"{rows} rows of {table} written to {to}.")


@cli.command(short_help="Check that nothing was changed since it was written.")
@CASE
@click.option("--head", help="A head hash noted earlier; it must be in the journal's chain.")
@AS_JSON
def verify(case_folder: Path | None, head: str | None, as_json: bool) -> None:
    """Check that evidence, tables and journal are as they were written. Exit code 1 if something is not."""
    case = _case(case_folder)
    problems = case.verify(head)
    now = case.journal.head if not problems else ""
    if as_json:
        _print_json({"ok": not problems, "problems": problems, "head": now})
    else:
        for problem in problems:
            click.echo(_plain(problem))
        if not problems:
            click.echo(f"Evidence, tables and journal are as they were written. Head of the journal: {now}")
    sys.exit(1 if problems else 0)


@cli.command(short_help="Write findings and actions as an HTML page and CSV files.")
@CASE
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="A folder (default: CASE/handover).")
@click.option("--user", "users", multiple=True, help="Findings of this account only (may be given several times).")
@AS_JSON
def handover(case_folder: Path | None, to: Path | None, users: tuple[str, ...], as_json: bool) -> None:
    """Write what was found and done as one HTML page that needs no network, and CSV files beside it."""
    from toolkit.views.handover import handover as write

    case = _case(case_folder)
    page = write(case, to, users or None)
    if as_json:
        _print_json(
            {"page": str(page), "files": sorted(str(f) for f in page.parent.glob("*.csv")), "head": case.journal.head}
        )
    else:
        click.echo(f"{page} and the CSV files beside it were written. Head of the journal: {case.journal.head}")


def _case(folder: Path | None, *, create: bool = False) -> Any:
    from toolkit.case import open_case

    if folder is None:
        raise UsageError("Which case? Name its folder with --case, or in the variable TOOLKIT_CASE.")
    return open_case(folder, create=create)


def _print_json(data: dict[str, Any]) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=True))


def _plain(text: str) -> str:
    """Evidence on a terminal: without control characters, which could rewrite what is on the screen."""
    return "".join(c if c.isprintable() else "·" for c in text)
