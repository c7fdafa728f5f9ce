"""`python -m toolkit contain`: emergency stop, plans as files, the doors and watching them."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli_connected import connected
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.case import Case
    from toolkit.contain import Door, Outcome, Plan
    from toolkit.tenant import Secret, Tenant

DONE = ("done", "already so")


@click.command()
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TOOLKIT_CASE",
    help="The case's folder (else the variable TOOLKIT_CASE); made if it is missing.",
)
@click.option("--practice", is_flag=True, help="A folder that is no case yet becomes one of the practice tenant.")
@click.option("--emergency", metavar="UPN", help="Block, reset, revoke now, after you typed the account's name.")
@click.option("--account", metavar="UPN", help="Show the plan for this account, and its doors.")
@click.option(
    "--with", "more", metavar="KEY", multiple=True, help="With --account: a step that the plan left out; repeatable."
)
@click.option("--write", "plan_out", type=click.Path(path_type=Path), help="With --account: write the plan file.")
@click.option("--script", "script_out", type=click.Path(path_type=Path), help="With --account: as PowerShell.")
@click.option("--plan", "plan_file", type=click.Path(path_type=Path, exists=True), help="Show a plan file's digest.")
@click.option("--approve", metavar="DIGEST", help="With --plan: run exactly that plan.")
@click.option("--four-eyes", is_flag=True, help="With --approve: refuse if you made the plan yourself.")
@click.option("--watch", "watching", is_flag=True, help="With --account: the doors now, after 15 and 60 minutes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def contain(
    case_folder: Path | None,
    practice: bool,
    emergency: str | None,
    account: str | None,
    more: tuple[str, ...],
    plan_out: Path | None,
    script_out: Path | None,
    plan_file: Path | None,
    approve: str | None,
    four_eyes: bool,
    watching: bool,
    as_json: bool,
) -> None:
    """Stop an intruder, or carry out a plan. Nothing is changed without a typed name or a plan's digest.

    Exit code 0: all steps are done (or every door that was looked at is closed). 1: not all. 2: nothing was done.
    """
    from toolkit.case import open_case

    if sum(map(bool, (emergency, account, plan_file))) != 1:
        raise UsageError("Name one of --emergency UPN, --account UPN and --plan FILE.")
    if more and not account:
        raise UsageError("--with KEY goes with --account UPN.")
    if case_folder is None:
        raise UsageError("Which case? Name its folder with --case, or in the variable TOOLKIT_CASE.")
    case = open_case(case_folder, practice=practice)
    with connected(case) as tenant:
        if emergency:
            sys.exit(_stop(case, tenant, emergency, as_json))
        if plan_file:
            sys.exit(_run_plan(case, tenant, plan_file, approve, four_eyes=four_eyes, as_json=as_json))
        sys.exit(_show(case, tenant, str(account), more, plan_out, script_out, watching=watching, as_json=as_json))


def _stop(case: Case, tenant: Tenant, user: str, as_json: bool) -> int:
    from toolkit.contain import call_text, stop, stop_plan

    plan = stop_plan(case, tenant, user)
    name = plan.target.user_principal_name
    click.echo(f"{name} ({plan.target.display_name or 'no name'}) in {tenant.domain}. This will be sent:", err=True)
    for step in plan.steps:
        click.echo(f"\n{step.action.title}\n{call_text(step.call)}", err=True)
    for text in plan.by_hand:
        click.echo(f"\nBy hand: {text}", err=True)
    typed = click.prompt(
        f"\nType {name} to do it (anything else does nothing)", err=True, default="", show_default=False
    )
    stopped = stop(plan, typed, show_secret=_screen(name), progress=lambda text: click.echo(f"… {text}", err=True))
    snapshot = stopped.snapshot
    if as_json:
        told = {title: {"status": o.status, "text": o.text, "run": o.run} for title, o in stopped.outcomes.items()}
        _print({"account": name, "steps": told, "snapshot": snapshot.file if snapshot else "", "by_hand": plan.by_hand})
    else:
        _outcomes(stopped.outcomes)
        if snapshot:
            click.echo(f"What was so before: {snapshot.file}; {len(snapshot.problems)} parts could not be read.")
        for text in plan.by_hand:
            click.echo(f"By hand: {text}")
        click.echo(f"Next: `python -m toolkit contain --case {case.folder} --account {name}` shows the whole plan.")
    return _code(stopped.outcomes)


def _show(
    case: Case,
    tenant: Tenant,
    user: str,
    more: tuple[str, ...],
    plan_out: Path | None,
    script_out: Path | None,
    *,
    watching: bool,
    as_json: bool,
) -> int:
    from toolkit.contain import call_text, look_at_doors, make_plan, resolve, script, suspicion_from, watch, write_plan
    from toolkit.contain.doors import CLOSED
    from toolkit.detect import triage

    suspicion = suspicion_from(case, user, triage(case).findings)
    if watching:
        found: list[Door] = []
        target = resolve(tenant, user)
        for look in watch(case, tenant, target, suspicion=suspicion, waiting=_waiting):
            found = look.doors
            click.echo(f"After {look.minutes} minutes:")
            _doors(found)
            if look.opened:
                click.echo(f"OPENED since the last look: {', '.join(look.opened)}. Somebody is still inside.")
        return 0 if all(d.state == CLOSED for d in found if d.must) else 1
    plan = make_plan(
        case, tenant, user, also=more, suspicion=suspicion, progress=lambda text: click.echo(f"… {text}", err=True)
    )
    digest = write_plan(plan, plan_out) if plan_out else ""
    if script_out:
        script_out.write_text(script(plan), "utf-8")
    found = look_at_doors(case, tenant, plan.target, suspicion)
    if as_json:
        steps = [{"key": s.action.key, "title": s.action.title, "status": s.status} for s in plan.steps]
        told = [{"name": d.name, "state": d.state, "evidence": d.evidence} for d in found]
        left = [
            {"key": o.action.key, "title": o.action.title, "suspected": o.suspected, "why": o.why, "what": o.text}
            for o in plan.left_out
        ]
        _print(
            {
                "account": user,
                "steps": steps,
                "left_out": left,
                "doors": told,
                "digest": digest,
                "by_hand": plan.by_hand,
            }
        )
    else:
        for number, step in enumerate(plan.steps, 1):
            click.echo(f"\n{number}. {_plain(step.action.title)} [{step.status}]\n{_plain(call_text(step.call))}")
        _left_out(plan)
        click.echo("")
        _doors(found, plan)
        if digest:
            click.echo(f"\nThe plan is in {plan_out}; its digest is {digest}.")
    return 0 if all(d.state == CLOSED for d in found if d.must) else 1


def _run_plan(case: Case, tenant: Tenant, file: Path, digest: str | None, *, four_eyes: bool, as_json: bool) -> int:
    from toolkit.contain import Outcome as Ended
    from toolkit.contain import approved_plan, confirm, digest_of, read_plan, run
    from toolkit.errors import ToolkitError

    told = read_plan(file)
    if not digest:
        for number, step in enumerate(told["steps"], 1):
            click.echo(f"{number}. {_plain(str(step['title']))}\n   {step['call']['method']} {step['call']['url']}")
        account, planner = told["account"]["user_principal_name"], told["planner"]["user_principal_name"]
        click.echo(f"For {_plain(account)}, made by {_plain(planner)} at {_plain(str(told.get('made', '')))[:19]} UTC")
        click.echo(f"Digest: {digest_of(told)}")
        return 0
    plan = approved_plan(case, tenant, told, digest, four_eyes=four_eyes)
    yes = confirm(plan, plan.target.user_principal_name)
    if plan.hits_everybody and not plan.target.is_organisation:  # that one's digest was given for its domain
        typed = click.prompt(f"Steps hit everybody in the organisation; type {tenant.domain} for them too", err=True)
        yes.extend(plan, typed)
    outcomes: dict[str, Outcome] = {}
    for step in plan.steps:
        click.echo(f"… {_plain(step.action.title)}", err=True)
        try:
            outcomes[step.action.title] = run(plan, step.action.key, yes, show_secret=_screen(step.action.title))
        except ToolkitError as error:
            outcomes[step.action.title] = Ended("refused", str(error))
        if outcomes[step.action.title].status not in DONE:
            break  # the steps build on each other: what comes after one that is not done is looked at anew
    if as_json:
        _print({title: {"status": o.status, "text": o.text, "run": o.run} for title, o in outcomes.items()})
    else:
        _outcomes(outcomes)
    left = len(plan.steps) - len(outcomes)
    if left:
        click.echo(f"{left} steps were not begun: make the plan anew and look at it.", err=True)
    return _code(outcomes) or (1 if left else 0)


def _screen(name: str) -> Any:
    """Shows a secret on the terminal itself, never in the output, which may be a file; None where there is none."""
    try:
        with open("CON" if os.name == "nt" else "/dev/tty", "w", encoding="utf-8") as terminal:
            if not terminal.isatty():
                return None
    except OSError:
        return None

    def show(secret: Secret, _run: str) -> bool:
        with open("CON" if os.name == "nt" else "/dev/tty", "w", encoding="utf-8") as terminal:
            terminal.write(f"\n{name}, shown this once. Hand it over by telephone or in person:\n{secret.reveal()}\n\n")
        return True

    return show


def _waiting(minutes: int) -> None:
    click.echo(f"… looking again in {minutes} minutes; Ctrl-C ends it", err=True)


def _outcomes(outcomes: dict[str, Outcome]) -> None:
    for title, outcome in outcomes.items():
        click.echo(f"{outcome.status.upper():9} {_plain(title)}: {_plain(outcome.text)}")


def _left_out(plan: Plan) -> None:
    """What was found and is no step, with the key by which it becomes one."""
    if plan.left_out:
        click.echo("\nFound, and not in the plan. To take one in, ask again with --with and its key:")
    for offer in plan.left_out:
        everybody = "hits the whole organisation; " if offer.action.hits_everybody else ""
        why = "; ".join(filter(None, [offer.text, offer.why]))
        what = _plain(f"{offer.action.title}: {everybody}{why}")
        click.echo(f"  --with {_plain(shlex.quote(offer.action.key))}\n      {what}")


def _doors(found: list[Door], plan: Plan | None = None) -> None:
    for door in found:
        click.echo(f"{door.state.upper():12} {door.name}: {_plain(door.evidence)}")
        for offer in plan.would_close(door) if plan is not None else []:
            key = _plain(shlex.quote(offer.action.key))
            click.echo(f"{'':12} No step closes it: {_plain(offer.action.title)} (--with {key})")


def _code(outcomes: dict[str, Outcome]) -> int:
    done = [o.status in DONE for o in outcomes.values()]
    return 0 if done and all(done) else 1 if any(done) else 2


def _print(data: dict[str, Any]) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=True))


def _plain(text: str) -> str:
    """Evidence on a terminal: without control characters, line breaks of our own kept."""
    return "\n".join("".join(c if c.isprintable() else "·" for c in line) for line in text.split("\n"))
