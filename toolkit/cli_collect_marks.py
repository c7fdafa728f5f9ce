"""`collect --mark`, `--unmark` and `--print-profile`: what a person names, and a profile to start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli_collect_said import open_marks, plain, print_json, say_open

if TYPE_CHECKING:
    from toolkit.case import Case
    from toolkit.collect import Mark


def _print_profile(context: click.Context, _parameter: click.Parameter, name: str | None) -> None:
    if name:
        from toolkit.collect.profile import text_of_profile

        click.echo(text_of_profile(name), nl=False)
        context.exit(0)


def mark_options(command: Any) -> Any:
    """The options by which a person names marks, and prints a profile; the latter ends the command."""
    for option in reversed((
        click.option("--mark", "marked", multiple=True, metavar="KIND=VALUE",
                     help="Also the attacker's: address=, session=, app= or device= (several times)."),
        click.option("--unmark", "unmarked", multiple=True, metavar="KIND=VALUE", help="Take back what --mark named."),
        click.option("--print-profile", metavar="NAME", is_eager=True, expose_value=False, callback=_print_profile,
                     help="Only print a profile as TOML, to make your own of."),
    )):  # fmt: skip
        command = option(command)
    return command


def typed(marks: Sequence[str]) -> list[Mark]:
    """The marks as they were typed.

    Raises:
        UsageError: one is none.
    """
    from toolkit.collect.marks import typed_mark

    return [typed_mark(mark) for mark in marks]


def note_marks(case: Case, marked: Sequence[Mark], unmarked: Sequence[Mark]) -> None:
    """Note in the journal what was named and taken back, and say so on standard error."""
    from toolkit.collect.marks import name_marks, take_marks_back

    take_marks_back(case, unmarked)
    name_marks(case, marked)
    for mark in marked:
        click.echo(plain(f"{mark} is noted as the attacker's."), err=True)
    for mark in unmarked:
        click.echo(plain(f"{mark} is no longer noted as the attacker's by hand."), err=True)


def say_marks(case: Case, *, as_json: bool) -> None:
    """What is named by hand, and what nobody looked for yet: the answer where nothing is asked of a tenant."""
    from toolkit.collect.marks import named_marks

    if as_json:
        named, left = named_marks(case), open_marks(case)
        print_json({
            "named": [asdict(mark) for mark in named], "pivots_open": [asdict(mark) for mark in left],
            "head": case.journal.head,
        })  # fmt: skip
    else:
        say_open(case)


def nothing_to_look_for(case: Case, *, only_open: bool) -> int | None:
    """Say why there is nothing to look for in all accounts, and give the exit code; None where there is something."""
    from toolkit.collect.marks import ALREADY, judged, named_marks, why_none

    if (judged(case) or named_marks(case)) and not (only_open and not open_marks(case)):
        return None
    why = why_none(case)
    click.echo(f"{why} Nothing was asked.", err=True)
    return 0 if why == ALREADY else 2
