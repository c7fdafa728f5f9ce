"""`python -m toolkit app create|show|remove`: the toolkit's own applications on a connected tenant."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli_app import PURPOSES
from toolkit.cli_connected import case_to_ask, confirm_whose, connected, is_asked
from toolkit.cli_sign_in import person_signs_in
from toolkit.errors import GuardRefused, UsageError

if TYPE_CHECKING:
    from toolkit.case import Case
    from toolkit.contain import Outcome, Plan
    from toolkit.tenant import Call, Tenant
    from toolkit.tenant.registration import Registration

DONE = ("done", "already so")
CASE = click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TOOLKIT_CASE",
    help="The case whose journal tells it (else the variable TOOLKIT_CASE); made if it is missing.",
)
PRACTICE = click.option(
    "--practice", is_flag=True, help="A folder that is no case yet becomes one of the practice tenant."
)
ONE = click.option("--for", "purpose", type=click.Choice(PURPOSES), required=True, help="Which of the two.")
APP_ONLY = click.option("--app-only", is_flag=True, help="The one that works on its own, with a certificate.")
NAMED = click.option("--application", metavar="ID", default="", help="The application (client) id of the one you mean.")
WRITE = click.option(
    "--write", "plan_out", type=click.Path(path_type=Path), help="Send nothing: write a plan file, to be approved."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command(short_help="Register one, and consent to it for the organisation.")
@CASE
@PRACTICE
@ONE
@APP_ONLY
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --app-only: its certificate's public part, PEM or DER.",
)
@WRITE
@person_signs_in
@AS_JSON
def create(
    case_folder: Path | None,
    practice: bool,
    purpose: str,
    app_only: bool,
    certificate: Path | None,
    plan_out: Path | None,
    as_json: bool,
    **signing_in: Any,
) -> None:
    """Register it and consent to it, after you saw each call and typed the tenant's domain. What is there stays.

    Exit code 0: it is registered. 1: only in part. 2: nothing was done.
    """
    from toolkit.contain.registering import create as carry_out
    from toolkit.contain.registering import creation
    from toolkit.tenant.certificate import public_part
    from toolkit.tenant.registration import Registration, left_by_hand

    if app_only != (certificate is not None):
        raise UsageError("An app that works on its own needs its certificate: --app-only goes with --certificate FILE.")
    with _tenant_of(case_folder, practice, signing_in) as (case, tenant):
        registration = Registration(purpose, app_only, tenant.cloud)
        public = public_part(certificate, case.clock()) if certificate else None
        made = creation(case, tenant, registration, public)
        if public is not None:
            click.echo(f"Its certificate: {_plain(public.subject)}, ends on {public.ends:%Y-%m-%d} (UTC).", err=True)
        for note in made.notes:
            click.echo(f"Left out: {_plain(note)}", err=True)
        if plan_out is not None:
            _write(made.plan, plan_out, later=len(made.later), something=bool(made.to_do))
            return
        outcomes: dict[str, Outcome] = {}
        if made.calls:
            outcomes = carry_out(made, _typed(tenant, made.calls), progress=_progress)
        app_id = _application_id(tenant, registration)
        done = all(outcome.status in DONE for outcome in outcomes.values())
        by_hand = left_by_hand(registration) if done else []
        if as_json:
            _print({"name": registration.name, "application_id": app_id, "steps": _told(outcomes), "by_hand": by_hand})
        else:
            _say(outcomes)
            if done:
                said = "registered and consented to" if outcomes else "already so"
                click.echo(f"{registration.name}, application id {app_id}: {said}.")
                click.echo(f"Use it: {registration.command.replace('APPLICATION-ID', app_id)}")
            for text in by_hand:
                click.echo(f"By hand: {text}")
        sys.exit(_code(outcomes))


@click.command(short_help="What is registered, and is it as it should be?")
@CASE
@PRACTICE
@click.option("--for", "purpose", type=click.Choice(PURPOSES), help="One of the two (default: both).")
@NAMED
@person_signs_in
@AS_JSON
def show(
    case_folder: Path | None,
    practice: bool,
    purpose: str | None,
    application: str,
    as_json: bool,
    **signing_in: Any,
) -> None:
    """What is registered under their names: permissions that are there, missing or too many. Only reads.

    Exit code 0: all that is registered is as it should be. 1: something is not. 2: nothing is registered.
    """
    from toolkit.contain.registering import registered
    from toolkit.tenant.registration import Registration

    with _tenant_of(case_folder, practice, signing_in) as (case, tenant):
        wanted = [
            Registration(p, alone, tenant.cloud) for p in PURPOSES if purpose in (None, p) for alone in (False, True)
        ]
        found = [one for registration in wanted for one in registered(tenant, registration, application)]
        now = case.clock()
    if as_json:
        _print({"registrations": [asdict(one) | {"as_wanted": one.as_wanted(now)} for one in found]})
    for one in [] if as_json else found:
        click.echo(f"{_plain(one.name)}, application id {one.app_id}")
        click.echo(f"  made by this toolkit: {'yes' if one.made_here else 'no; it is changed only if you name its id'}")
        people = "no enterprise application" if one.people is None else f"assigned to {one.people}"
        click.echo(f"  used by: {people}{', nobody else' if one.assigned_only else ''}")
        if one.nobody:
            click.echo(
                "  nobody can use it yet: Entra, Enterprise applications, its name, Users and groups, and assign those "
                "who work on the case"
            )
        for title, names in (("there", one.granted), ("missing", one.missing), ("too many", one.too_many)):
            click.echo(f"  {title}: {_plain(', '.join(names)) or 'none'}")
        for end in one.certificates:
            ran_out = datetime.fromisoformat(end) <= now
            click.echo(f"  certificate {'ended' if ran_out else 'ends'} on {end[:10]} (UTC)")
        if one.secrets:
            click.echo(f"  secrets: {one.secrets}; this toolkit makes none")
    if not found:
        click.echo("Nothing is registered under these names.", err=True)
    sys.exit(2 if not found else 0 if all(one.as_wanted(now) for one in found) else 1)


@click.command(short_help="Delete one that the toolkit registered.")
@CASE
@PRACTICE
@ONE
@APP_ONLY
@NAMED
@WRITE
@person_signs_in
@AS_JSON
def remove(
    case_folder: Path | None,
    practice: bool,
    purpose: str,
    app_only: bool,
    application: str,
    plan_out: Path | None,
    as_json: bool,
    **signing_in: Any,
) -> None:
    """Delete the registration, after you saw the call and typed the tenant's domain.

    Only one that this toolkit made, or that you name by its id. Exit code 0: it is gone. 2: nothing was done.
    """
    from toolkit.contain import confirm, run
    from toolkit.contain.registering import removal
    from toolkit.tenant.registration import Registration

    with _tenant_of(case_folder, practice, signing_in) as (case, tenant):
        registration = Registration(purpose, app_only, tenant.cloud)
        plan = removal(case, tenant, registration, application)
        if plan_out is not None:
            _write(plan, plan_out, later=0, something=bool(plan.steps))
            return
        outcomes: dict[str, Outcome] = {}
        if plan.steps:
            yes = confirm(plan, _typed(tenant, [(step.action.title, step.call) for step in plan.steps]))
            outcomes = {step.action.title: run(plan, step.action.key, yes) for step in plan.steps}
        if as_json:
            _print({"name": registration.name, "steps": _told(outcomes)})
        else:
            _say(outcomes)
            if not outcomes:
                click.echo(f"{registration.name}: not registered; nothing was sent.")
        sys.exit(_code(outcomes))


@contextmanager
def _tenant_of(folder: Path | None, practice: bool, signing_in: dict[str, Any]) -> Iterator[tuple[Case, Tenant]]:
    if folder is None:
        raise UsageError("Which case? Name its folder with --case, or in the variable TOOLKIT_CASE.")
    case = case_to_ask(folder, practice=practice)
    with connected(case, signing_in) as tenant:
        confirm_whose(case, tenant, signing_in["tenant_name"], "Nothing was done")
        yield case, tenant


def _typed(tenant: Tenant, calls: Sequence[tuple[str, Call]]) -> str:
    """What a person types after reading the calls.

    Raises:
        GuardRefused: there is nobody to type it.
    """
    from toolkit.contain import call_text

    if not is_asked():
        raise GuardRefused(
            "Nothing was sent, because there is no terminal to type the tenant's domain on: write a plan with --write "
            "FILE, and approve it with `contain --plan FILE --approve DIGEST`."
        )
    click.echo(f"In {tenant.domain}, as {_plain(tenant.operator.user_principal_name)}. This will be sent:", err=True)
    for title, call in calls:
        click.echo(f"\n{_plain(title)}\n{_plain(call_text(call))}", err=True)
    asked = f"\nType {tenant.domain} to do it (anything else does nothing)"
    return str(click.prompt(asked, err=True, default="", show_default=False))


def _write(plan: Plan, file: Path, *, later: int, something: bool) -> None:
    from toolkit.contain import write_plan

    if not something:
        click.echo("There is nothing to do; no plan was written.")
        return
    digest = write_plan(plan, file)
    click.echo(f"The plan is in {file}; its digest is {digest}.")
    if later:
        click.echo(
            f"{later} steps follow that name what these make: when it was run, write the next plan by the same command."
        )


def _application_id(tenant: Tenant, registration: Registration) -> str:
    from toolkit.contain.registering import ours

    return str(ours(tenant, registration).get("appId") or "")


def _progress(text: str) -> None:
    click.echo(f"… {_plain(text)}", err=True)


def _say(outcomes: dict[str, Outcome]) -> None:
    for title, outcome in outcomes.items():
        click.echo(f"{outcome.status.upper():9} {_plain(title)}: {_plain(outcome.text)}")


def _told(outcomes: dict[str, Outcome]) -> dict[str, dict[str, str]]:
    return {title: {"status": o.status, "text": o.text, "run": o.run} for title, o in outcomes.items()}


def _code(outcomes: dict[str, Outcome]) -> int:
    done = [outcome.status in DONE for outcome in outcomes.values()]
    return 0 if all(done) else 1 if any(done) else 2


def _print(data: dict[str, Any]) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=True))


def _plain(text: str) -> str:
    """What services say, on a terminal: without control characters, line breaks of our own kept."""
    return "\n".join("".join(c if c.isprintable() else "·" for c in line) for line in text.split("\n"))
