"""`python -m toolkit collect`: fetch everything about accounts from a live tenant."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli_collect_marks import mark_options, note_marks, nothing_to_look_for, say_marks, typed
from toolkit.cli_collect_said import (
    TOP,
    finding_line,
    open_marks,
    plain,
    print_json,
    records_said,
    say_open,
    say_summary,
    value_of,
)
from toolkit.cli_connected import case_to_ask, confirm_whose, connected
from toolkit.cli_sign_in import sign_in_options
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.case import Case
    from toolkit.collect import Collection, Line, Profile
    from toolkit.detect import Triage
    from toolkit.tenant import Preflight, Tenant

KEPT = "{}: what was received is kept; the same command goes on."
CASE = click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TOOLKIT_CASE",
    help="The case's folder (else the variable TOOLKIT_CASE); collect makes it if it is missing.",
)


@click.command()
@CASE
@click.option("--practice", is_flag=True, help="A folder that is no case yet becomes one of the practice tenant.")
@click.option("--account", "accounts", multiple=True, metavar="UPN", help="About whom (may be given several times).")
@click.option("--profile", "wanted", default="standard", show_default=True, metavar="NAME|FILE", help="What to fetch.")
@click.option(
    "--sources",
    metavar="NAME,…",
    help="Only these roads, by their names in a profile's file; account-state, organisation-state.",
)
@click.option("--workspace", metavar="GUID", help="A Log Analytics workspace (Sentinel) to fetch from, too.")
@click.option("--refresh", is_flag=True, help="Ask again only for what may still grow or did not come whole.")
@click.option("--pivot", "pivoting", is_flag=True, help="Look for what is marked as the attacker's, in all accounts.")
@click.option("--pivot-open", "only_open", is_flag=True, help="As --pivot, only for what nobody looked for yet.")
@mark_options
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop after so long; go on later.")
@click.option("--start-feeds", is_flag=True, help="Only start the audit log's feeds: previewed, then a typed yes.")
@click.option("--stop-feeds", is_flag=True, help="Only stop the feeds that this case started.")
@sign_in_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def collect(
    case_folder: Path | None,
    practice: bool,
    accounts: tuple[str, ...],
    wanted: str,
    sources: str | None,
    workspace: str | None,
    refresh: bool,
    pivoting: bool,
    only_open: bool,
    marked: tuple[str, ...],
    unmarked: tuple[str, ...],
    minutes: float | None,
    start_feeds: bool,
    stop_feeds: bool,
    as_json: bool,
    **signing_in: Any,
) -> None:
    """Fetch everything about accounts from a live tenant. No setting of it is changed; what Ctrl-C stops goes on
    later. Graph's audit search, where it is asked, leaves its searches in the tenant.

    Only --start-feeds and --stop-feeds change something: they show the exact calls, and send them after you typed the
    tenant's domain.

    PROFILE is quick (seven days), standard (thirty), everything (as far back as is kept), or a TOML file.

    Exit code 0: all that was asked for came. 1: something is partial, failed or not available, or you stopped it.
    2: nothing was done.
    """
    if start_feeds or stop_feeds:
        from toolkit.cli_feeds import turn_feeds

        if start_feeds and stop_feeds:
            raise UsageError("Start the feeds, or stop them: name one of --start-feeds and --stop-feeds.")
        sys.exit(turn_feeds(case_folder, signing_in, practice=practice, stop=stop_feeds, as_json=as_json))
    pivoting = pivoting or only_open
    if not (accounts or pivoting or marked or unmarked):
        raise UsageError("About whom? Name an account with --account NAME@DOMAIN.")
    if case_folder is None:
        raise UsageError("Which case? Name its folder with --case, or in the variable TOOLKIT_CASE.")

    from toolkit.collect.calls import every_call
    from toolkit.collect.chosen import workspace_unnamed
    from toolkit.collect.signed import note_options
    from toolkit.contain import resolve

    named, taken_back = typed(marked), typed(unmarked)
    chosen = _profile(wanted, sources, workspace or "", refresh=refresh)
    unasked = "" if refresh else workspace_unnamed(chosen)
    case = case_to_ask(case_folder, practice=practice)
    note_marks(case, named, taken_back)
    if not accounts and not pivoting:
        say_marks(case, as_json=as_json)
        sys.exit(0)
    if not accounts and (code := nothing_to_look_for(case, only_open=only_open)) is not None:
        sys.exit(code)
    stop, before = threading.Event(), _answers(case)
    try:
        with connected(case, signing_in, sleep=_sleeping(stop)) as tenant, every_call(case, tenant):
            confirm_whose(case, tenant, signing_in["tenant_name"])
            note_options(case, ({} if case.practice else signing_in) | {"workspace": chosen.options.workspace})
            expected = _expected(tenant, _asked(case, chosen, refresh=refresh), states=bool(accounts))
            with _stopped_by_ctrl_c(stop):
                names = [resolve(tenant, user).user_principal_name for user in accounts]
                done, found = _run(
                    case, tenant, names, chosen, stop, refresh=refresh, pivoting=pivoting, only_open=only_open,
                    until=None if minutes is None else time.monotonic() + 60 * minutes,
                )  # fmt: skip
    except KeyboardInterrupt:
        kept = _answers(case) > before
        click.echo(KEPT.format("Stopped by you") if kept else "Stopped; nothing was collected.", err=True)
        _end(1 if kept else 2)
    told = _asked_about(case, names, pivoting=pivoting)
    if as_json:
        print_json(_as_dict(case, done, found, told, expected) | {"not_asked": unasked})
    else:
        say_summary(case, told)
        if unasked:
            click.echo(unasked)
        _findings(case, found, names)
        if pivoting:
            _say_touched(case)
        say_open(case, found)
    if done.stopped:
        click.echo(KEPT.format(done.stopped_by), err=True)
    _end(_code(done, told))


def _answers(case: Case) -> int:
    """How many times the ledger says what came of a window."""
    from toolkit.collect.ledger import ASKED

    return len(case.journal.entries(ASKED))


def _end(code: int) -> None:
    """End the program now, also where an answer is still waited for that nobody wants any more."""
    from toolkit.collect.work import left_behind

    if left_behind():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _profile(name: str, sources: str | None, workspace: str, *, refresh: bool) -> Profile:
    from toolkit.collect.chosen import WORKSPACE_ROADS, with_workspace
    from toolkit.collect.profile import ROADS, profile, with_every_road
    from toolkit.collect.state import ACCOUNT, ORGANISATION

    chosen = with_workspace(profile(name), workspace)
    if not sources:
        return with_every_road(chosen) if refresh else chosen
    states = {"account-state": ACCOUNT, "organisation-state": ORGANISATION}
    names = list(dict.fromkeys(each.strip() for each in sources.split(",") if each.strip()))
    unknown = [each for each in names if each not in ROADS and each not in states]
    if unknown or not names:
        some = ", ".join((*ROADS, *states))
        raise UsageError(f"There is no source {', '.join(unknown) or 'named'}; there are {some}.")
    roads = tuple(ROADS[each] for each in names if each in ROADS)
    if not chosen.options.workspace and any(road in WORKSPACE_ROADS for road in roads):
        raise UsageError("Which Log Analytics workspace? Name it with --workspace, by its id, a GUID.")
    return replace(chosen, roads=roads, helps_out=False, states=tuple(states[each] for each in names if each in states))


def _left(until: float | None) -> float | None:
    return None if until is None else max(0.0, until - time.monotonic())


def _run(
    case: Case,
    tenant: Tenant,
    accounts: Sequence[str],
    chosen: Profile,
    stop: threading.Event,
    *,
    refresh: bool,
    pivoting: bool,
    only_open: bool = False,
    until: float | None = None,
) -> tuple[Collection, Triage]:
    from toolkit.collect import Collection
    from toolkit.collect.gather import gather
    from toolkit.collect.marks import marks_of, pivots_open, why_none
    from toolkit.collect.work import pivot
    from toolkit.detect import triage
    from toolkit.detect.finding import SEVERITIES
    from toolkit.detect.words import plural

    seen: list[Triage] = []

    def found(now: Triage, last: bool) -> None:
        seen.append(now)
        if not last:
            worst = Counter(finding.severity for finding in now.findings)
            counted = ", ".join(f"{worst[name]} {name}" for name in reversed(SEVERITIES) if worst[name])
            said = f"As it stands: {plural(len(now.findings), 'finding')}{f' ({counted})' * bool(counted)}."
            click.echo(f"\n{said}", err=True)
            for finding in [one for one in now.findings if one.severity in SEVERITIES[-2:]][:TOP]:
                click.echo(finding_line(finding), err=True)
            click.echo("", err=True)

    done = Collection()
    if accounts:
        done = gather(
            case, tenant, accounts, wanted=chosen, refresh=refresh, told=_line, report=_said, found=found,
            halted=stop.is_set, seconds=_left(until),
        )  # fmt: skip
    if pivoting and not done.stopped:
        marks = (pivots_open if only_open else marks_of)(case, triage(case))
        if accounts and not marks:
            click.echo(why_none(case), err=True)
            return done, seen[-1]
        looked = pivot(
            case, tenant, marks, wanted=chosen, refresh=refresh, told=_line, halted=stop.is_set, seconds=_left(until)
        )
        done.lines += looked.lines
        done.known, done.stopped, done.spent = done.known + looked.known, looked.stopped, looked.spent
        seen.append(triage(case))
    return done, seen[-1]


def _say_touched(case: Case) -> None:
    """Whose records have what was looked for in all accounts."""
    from toolkit.collect.marks import pivoted
    from toolkit.collect.said import touched_sentences

    if marks := pivoted(case):
        click.echo("\nWhat was looked for in all accounts, and whose records have it:")
        for sentence in touched_sentences(case, marks):
            click.echo(plain(f"  {sentence}"))


def _line(line: Line) -> None:
    """One window, as it was written into the ledger; of a state only the lists that could not be read."""
    from toolkit.collect.said import WHOLE
    from toolkit.collect.state import ACCOUNT, ORGANISATION

    if line.source in (ACCOUNT, ORGANISATION) and line.state in WHOLE:
        return
    whose = f" {line.account}" if line.account else ""
    when = line.start[:10] if line.start[:10] == line.end[:10] else f"{line.start[:10]} to {line.end[:10]}"
    why = f": {line.reason}" if line.reason else ""
    click.echo(
        plain(f"{line.source}{whose}, {line.road}, {when}: {records_said(line.records)}, {line.state}{why}"), err=True
    )


def _said(what: str, share: float) -> None:
    click.echo(plain(f"… {what} ({share:.0%})") if share < 1.0 else plain(f"… {what}"), err=True)


def _asked(case: Case, chosen: Profile, *, refresh: bool) -> Profile:
    """What this run will ask: of the profile, or of what is asked for again."""
    from toolkit.collect.chosen import asked_again
    from toolkit.collect.ledger import lines

    return asked_again(chosen, lines(case)) if refresh else chosen


def _expected(tenant: Tenant, chosen: Profile, *, states: bool) -> Preflight:
    """The preflight, on standard error: what will not work, with its reason; nothing of what it says is an error.

    Before it a person signs in to what the run will ask, so that nobody is asked in the middle of it.
    """
    from toolkit.collect.chosen import services_of
    from toolkit.collect.expected import checks_for
    from toolkit.tenant import preflight
    from toolkit.tenant.preflight import WORKS

    for missing in tenant.ready_for(services_of(chosen)).values():
        click.echo(plain(f"{missing} The rest goes on."), err=True)
    result = preflight(tenant, services_of(chosen), workspace=chosen.options.workspace)
    reading = checks_for(result, chosen, states=states)
    works = sum(check.answer == WORKS for check in reading)
    who = tenant.operator.user_principal_name
    click.echo(f"Signed in as {plain(who)}. Of {len(reading)} sources and states {works} will work.", err=True)
    for check in reading:
        if check.answer != WORKS:
            click.echo(plain(f"  {check.answer:18} {check.what}: {check.why}"), err=True)
    click.echo("", err=True)
    return result


def _asked_about(case: Case, accounts: Sequence[str], *, pivoting: bool) -> list[Line]:
    """The ledger's lines that an answer to this command rests on."""
    from toolkit.collect.ledger import lines

    names = {"", *(name.lower() for name in accounts)}
    return [line for line in lines(case) if line.account.lower() in names or (pivoting and "@" not in line.account)]


def _findings(case: Case, found: Triage, accounts: Sequence[str]) -> None:
    from toolkit.collect.said import finding_sentences, sources_sentences
    from toolkit.detect.words import plural

    for finding in found.findings[:TOP]:
        click.echo(finding_line(finding))
    more = len(found.findings) - TOP
    if more > 0:
        click.echo(f'… and {plural(more, "more finding")}: `python -m toolkit triage --case "{case.folder}"`.')
    if not found.findings:
        click.echo(f"No finding by what could be looked for; {len(found.not_run)} detections had nothing to look at.")
    behind = finding_sentences(case, found.findings[:TOP]) if found.findings else sources_sentences(case, accounts)
    for sentence in behind:
        click.echo(plain(sentence))


def _as_dict(case: Case, done: Collection, found: Triage, told: Sequence[Line], expected: Preflight) -> dict[str, Any]:
    from toolkit.collect.marks import named_marks, pivoted, touched
    from toolkit.collect.said import again, finding_sentences, sources_sentences, strips

    return {
        "stopped": done.stopped,
        "time_is_up": done.spent,
        "known": done.known,
        "windows": [asdict(line) for line in done.lines],
        "summary": [
            {"source": s.source, "account": s.account, "road": s.road, "start": s.start, "end": s.end,
             "records": s.records, "states": s.counts, "reasons": s.reasons}
            for s in strips(told)
        ],
        "again": again(case, told),
        "pivots_open": [asdict(mark) for mark in open_marks(case)],
        "named": [asdict(mark) for mark in named_marks(case)],
        "touched": [
            {name: value_of(value) for name, value in row.items()}
            for row in touched(case, pivoted(case)).to_dict("records")
        ],
        "preflight": [asdict(check) for check in expected.checks if check.kind != "action"],
        "ledger": finding_sentences(case, found.findings) if found.findings else sources_sentences(case),
        "findings": found.to_dict()["findings"],
        "not_run": found.to_dict()["not_run"],
        "head": case.journal.head,
    }  # fmt: skip


def _code(done: Collection, told: Sequence[Line]) -> int:
    from toolkit.collect.said import WHOLE

    if not told or (done.stopped and not done.lines and not done.known):
        return 2
    return 0 if not done.stopped and all(line.state in WHOLE for line in told) else 1


def _sleeping(stop: threading.Event) -> Any:
    """A pause that ends when somebody stops the collection."""

    def sleep(seconds: float) -> None:
        from toolkit.collect.roads.road import halt_if

        stop.wait(seconds)
        halt_if(stop.is_set)

    return sleep


@contextmanager
def _stopped_by_ctrl_c(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C asks the work to stop; pressed again, it ends the program where it stands, which loses nothing either."""

    def asked(_signal: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        click.echo("… stopping; what was received is kept (Ctrl-C again ends at once)", err=True)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
