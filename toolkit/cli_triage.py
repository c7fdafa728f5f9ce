"""`python -m toolkit triage`: what looks like an intruder, and a person's verdict on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli_collect_said import plain, print_json, say_open
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.case import Case
    from toolkit.case.verdicts import Verdict
    from toolkit.detect import Finding


@click.command(short_help="What looks like an intruder, worst first; judge it.")
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TOOLKIT_CASE",
    help="The case's folder (else the variable TOOLKIT_CASE).",
)
@click.option("--user", "users", multiple=True, help="Findings of this account only (may be given several times).")
@click.option("--verdict", "given", multiple=True, metavar="KEY=attacker|owner|unknown",
              help="Judge the finding of this name (several times).")  # fmt: skip
@click.option("--take-back", "taken_back", multiple=True, metavar="KEY", help="Take the verdict on this finding back.")
@click.option("--note", default="", metavar="TEXT", help="Why: a note with the verdicts of this command.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def triage(
    case_folder: Path | None,
    users: tuple[str, ...],
    given: tuple[str, ...],
    taken_back: tuple[str, ...],
    note: str,
    as_json: bool,
) -> None:
    """What looks like an intruder, worst first, and what could not be looked for.

    Each finding has a name beside it, such as OA-01-3f9c2a71: by this name --verdict judges it. Verdicts stand in the
    journal, as those of notebook 1 do; one that is taken back stays there, too.
    """
    from toolkit.case import open_case
    from toolkit.detect import triage as run

    if case_folder is None:
        raise UsageError("Which case? Name its folder with --case, or in the variable TOOLKIT_CASE.")
    if note and not given and not taken_back:
        raise UsageError("A note belongs to a verdict: name one with --verdict KEY=attacker, or --take-back KEY.")
    asked = [_asked(one) for one in given]
    case = open_case(case_folder, create=False)
    result = run(case)
    said = _judge(case, result.findings, asked, taken_back, note)
    if users:
        wanted = {user.lower() for user in users}
        result.findings = [f for f in result.findings if wanted & {f.user, *f.involved}]
    if as_json:
        _print(case, result, users)
    elif said:
        for sentence in said:
            click.echo(plain(sentence))
        say_open(case)
    else:
        _say(case, result, users)


def _asked(text: str) -> tuple[str, str]:
    """A finding's name and the verdict on it, as they were typed."""
    from toolkit.case.verdicts import CHOICES

    name, _, verdict = text.rpartition("=")
    if not name or verdict.strip().lower() not in CHOICES:
        raise UsageError(f"{text[:80]!r} is no verdict: write KEY=attacker, KEY=owner or KEY=unknown.")
    return name, verdict.strip().lower()


def _judge(
    case: Case, findings: Sequence[Finding], asked: Sequence[tuple[str, str]], taken_back: Sequence[str], note: str
) -> list[str]:
    """Write the verdicts into the journal, all or none of them; a sentence about each."""
    from toolkit.case.verdicts import give, key_of, meant_by, short_of, take_back, verdicts

    keys = {key_of(f.id, f.user, f.evidence): f for f in findings}
    new: dict[str, str] = {}
    for name, verdict in asked:
        if new.setdefault(meant_by(name, keys), verdict) != verdict:
            raise UsageError(f"Judge {name[:80]} once: it was given two verdicts.")
    standing = verdicts(case)
    gone = [meant_by(name, [*keys, *standing]) for name in taken_back]
    if both := next((key for key in gone if key in new), ""):
        raise UsageError(f"Judge {short_of(both)}, or take the verdict on it back: not both at once.")
    if none := next((key for key in gone if key not in standing), ""):
        raise UsageError(f"There is no verdict on {short_of(none)} that could be taken back.")
    said = []
    for key, verdict in new.items():
        give(case, key, verdict, note)
        said.append(f"{short_of(key)} {keys[key].user}: {keys[key].title}: judged {_OF[verdict]}.")
    for key in gone:
        take_back(case, key, note)
        said.append(f"{short_of(key)} {standing[key].user}: the verdict is taken back.")
    return said


_OF = {"attacker": "the attacker's", "owner": "the owner's", "unknown": "unknown"}


def _print(case: Case, result: Any, users: Sequence[str]) -> None:
    from toolkit.case.verdicts import key_of, short_of, verdicts
    from toolkit.collect.said import collected_sentence

    given, told = verdicts(case), result.to_dict()
    for finding, f in zip(told["findings"], result.findings, strict=True):
        key = key_of(f.id, f.user, f.evidence)
        finding |= {"key": key, "short": short_of(key), "verdict": given[key].verdict if key in given else None}
    print_json({**told, "ledger": collected_sentence(case, users)})


def _say(case: Case, result: Any, users: Sequence[str]) -> None:
    from toolkit.case.verdicts import key_of, short_of, verdicts
    from toolkit.collect.said import collected_sentence
    from toolkit.views.findings import with_title

    given = verdicts(case)
    for f in result.findings:
        key = key_of(f.id, f.user, f.evidence)
        when = f"{f.first:%Y-%m-%d %H:%M} UTC" if f.first else "no time"
        click.echo(f"{f.severity.upper():8} {short_of(key)}  {when}  {plain(f.user)}\n         {plain(f.summary)}")
        if key in given:
            click.echo(plain(f"         {_verdict(given[key])}"))
    if not result.findings and not result.not_run:
        click.echo("All detections ran on what is in this case; none found anything. What is not in it stays unknown.")
    for n in result.not_run:
        click.echo(f"not run: {with_title(n.id)}: {n.reason}")
    if ledger := collected_sentence(case, users):
        click.echo(plain(ledger))


def _verdict(verdict: Verdict) -> str:
    from toolkit.views.findings_panel import said

    return f"Verdict: {said(verdict)}"
