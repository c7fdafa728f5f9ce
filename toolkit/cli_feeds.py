"""`python -m toolkit collect --start-feeds` and `--stop-feeds`: the audit log's feeds, after a person's yes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli_connected import case_to_ask, confirm_whose, connected, is_asked
from toolkit.errors import GuardRefused, UsageError

if TYPE_CHECKING:
    from toolkit.contain import Outcome, Plan, Step

DONE = ("done", "already so")


def turn_feeds(
    case_folder: Path | None,
    signing_in: dict[str, Any],
    *,
    practice: bool = False,
    stop: bool = False,
    as_json: bool = False,
) -> int:
    """Start the feeds of the Management Activity API, or stop those that this case started; gives the exit code.

    The exact calls are shown, the tenant's domain is typed, and each goes through the journal like any action.

    Raises:
        UsageError: no case is named.
        GuardRefused: there is nobody to type the domain, or it was typed wrongly; nothing was sent.
    """
    from toolkit import contain
    from toolkit.collect.subscriptions import feeds_plan

    if case_folder is None:
        raise UsageError("Which case? Name its folder with --case, or in the variable TOOLKIT_CASE.")
    case = case_to_ask(case_folder, practice=practice)
    with connected(case, signing_in) as tenant:
        confirm_whose(case, tenant, signing_in["tenant_name"], "Nothing was done")
        contain.settle(case, tenant)
        plan = feeds_plan(case, tenant)
        steps = [step for step in plan.steps if (step.undo is not None if stop else step.can_run)]
        outcomes: dict[str, Outcome] = {}
        if steps:
            yes = contain.confirm(plan, _typed(plan, steps, stop=stop))
            turn = contain.undo if stop else contain.run
            outcomes = {step.action.title: turn(plan, step.action.key, yes) for step in steps}
        left = [step for step in plan.steps if step not in steps and step.problem]
    _say(plan, outcomes, left, stop=stop, as_json=as_json)
    done = [outcome.status in DONE for outcome in outcomes.values()] + [False] * len(left)
    return 0 if all(done) else 1 if any(done) else 2


def _typed(plan: Plan, steps: list[Step], *, stop: bool) -> str:
    """What a person types after reading the calls.

    Raises:
        GuardRefused: there is nobody to type it.
    """
    from toolkit.contain import call_text

    if not is_asked():
        raise GuardRefused("Nothing was sent, because there is no terminal to type the tenant's domain on.")
    tenant, domain = plan.tenant, plan.target.user_principal_name
    if tenant is None:
        raise GuardRefused("This case has no live tenant; nothing was sent.")
    click.echo(f"In {domain}, as {_plain(tenant.operator.user_principal_name)}. This will be sent:", err=True)
    for step in steps:
        call = step.undo if stop and step.undo is not None else step.call
        click.echo(f"\n{_plain(step.action.title)}\n{_plain(call_text(call))}", err=True)
        if not stop and (back := step.action.undo_call(tenant.cloud, plan.target, {})) is not None:
            click.echo(f"Undo (`collect --stop-feeds`): {back.method} {back.url}", err=True)
    if not stop:
        click.echo(f"\n{steps[0].action.effect} {steps[0].action.does_not}", err=True)
    asked = f"\nType {domain} to do it (anything else does nothing)"
    return str(click.prompt(asked, err=True, default="", show_default=False))


def _say(plan: Plan, outcomes: dict[str, Outcome], left: list[Step], *, stop: bool, as_json: bool) -> None:
    if as_json:
        told = {title: {"status": o.status, "text": o.text, "run": o.run} for title, o in outcomes.items()}
        problems = {step.action.title: step.problem for step in left}
        states = {step.action.title: step.status for step in plan.steps}
        click.echo(json.dumps({"steps": told, "problems": problems, "before": states}, indent=2))
        return
    for title, outcome in outcomes.items():
        click.echo(f"{outcome.status.upper():9} {_plain(title)}: {_plain(outcome.text)}")
    for step in left:
        click.echo(f"{'NOT READ':9} {_plain(step.action.title)}: {_plain(step.problem)}")
    if not outcomes and not left:
        click.echo("No feed was started by this case; nothing was sent." if stop else "All feeds run already.")
    elif outcomes and not stop:
        click.echo(
            "The first records come after minutes, at most after twelve hours; collect them with "
            "`--sources activity-exchange,activity-entra,activity-sharepoint,activity-general`, or --profile "
            "everything. `collect --stop-feeds` stops what was started here."
        )


def _plain(text: str) -> str:
    """What services say, on a terminal: without control characters, line breaks of our own kept."""
    return "\n".join("".join(c if c.isprintable() else "·" for c in line) for line in text.split("\n"))
