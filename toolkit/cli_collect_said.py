"""What `collect` and `coverage` print alike: the ledger's strips, what is open, and plain text and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from toolkit.case import Case
    from toolkit.collect import Line, Mark
    from toolkit.detect import Finding, Triage

TOP = 10
REASONS = 20  # of a source that are named


def open_marks(case: Case) -> list[Mark]:
    """What was judged the attacker's and nobody looked for yet."""
    from toolkit.collect.marks import pivots_open

    return pivots_open(case)


def finding_line(finding: Finding) -> str:
    """A finding as one line of a terminal; times in UTC."""
    when = f"{finding.first:%Y-%m-%d %H:%M} UTC" if finding.first else "no time"
    return plain(f"{finding.severity.upper():8} {finding.id}  {when}  {finding.user}: {finding.title}")


def say_open(case: Case, found: Triage | None = None) -> None:
    """Which marks nobody looked for yet, on a line of its own."""
    from toolkit.collect.marks import pivots_open
    from toolkit.collect.said import open_sentence

    if sentence := open_sentence(case, pivots_open(case, found)):
        click.echo(plain(sentence))


def say_summary(case: Case, told: Sequence[Line]) -> None:
    """Each source by its windows, the days that lack something, disagreements, and the command that asks again."""
    from toolkit.collect.said import again, disagreements, strips

    for strip in strips(told):
        whose = strip.account or "the organisation"
        road = f", {strip.road}" if strip.road else ""
        days = f"{strip.start[:10]} to {strip.end[:10]}"
        click.echo(plain(f"{strip.source}{road}, {whose}, {days}: {records_said(strip.records)}; {strip.in_words}"))
        for one in strip.hindered[:REASONS]:
            many = f" ({one.many:,} {'lists' if strip.of_state else 'windows'})" if one.many > 1 else ""
            click.echo(plain(f"    {one.days}{many}: {one.reason}"))
        if len(strip.hindered) > REASONS:
            rest = strip.hindered[REASONS:]
            click.echo(f"    … and {sum(one.many for one in rest):,} more, of which `--json` has all reasons.")
    for sentence in disagreements(told)[:TOP]:
        click.echo(plain(f"Two answers disagree. {sentence}"))
    command = again(case, told)
    if command:
        click.echo(f"What may still grow or did not come whole is asked for again by: {command}")


def records_said(number: int) -> str:
    return f"{number:,} record{'' if number == 1 else 's'}"


def value_of(value: Any) -> Any:
    """A cell of a table as JSON has it: no time is None, others ISO 8601 with Z."""
    if value is None or str(value) in ("NaT", "nan"):
        return None
    return (
        value.isoformat().replace("+00:00", "Z")
        if hasattr(value, "isoformat")
        else getattr(value, "item", lambda: value)()
    )


def print_json(data: dict[str, Any]) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=True))


def plain(text: str) -> str:
    """What services say, on a terminal: without control characters, which could rewrite what is on the screen."""
    return "".join(c if c.isprintable() else "·" for c in text)
