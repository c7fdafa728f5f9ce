"""What `contain` sends: the steps of a plan one by one, the way back, an undo; and the doors afterwards."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli_contain_said import (
    DONE,
    code,
    doors_told,
    plain,
    print_json,
    progress,
    say_around,
    say_by_hand,
    say_doors,
    say_outcomes,
    say_steps,
    say_undo,
    screen,
    steps_told,
    typed,
)
from toolkit.errors import ContainmentError, GuardRefused, ToolkitError, UsageError

if TYPE_CHECKING:
    from toolkit.case import Case
    from toolkit.contain import Confirmation, Door, Outcome, Plan, Step, Suspicion, Target
    from toolkit.tenant import Tenant

Ended = list[tuple["Step", "Outcome"]]


def suspicion_of(case: Case, user: str) -> Suspicion:
    """What the findings of the case say about the intruder in this account."""
    from toolkit.contain import suspicion_from
    from toolkit.detect import triage

    return suspicion_from(case, user, triage(case).findings)


def stop_now(case: Case, tenant: Tenant, user: str, *, as_json: bool) -> int:
    """The emergency stop: three calls shown, one typed name, the doors read afterwards."""
    from toolkit.contain import stop, stop_plan

    plan = stop_plan(case, tenant, user)
    name = plan.target.user_principal_name
    who = plain(plan.target.display_name) or "no name"
    click.echo(f"{name} ({who}) in {tenant.domain}. This will be sent:", err=True)
    say_steps(plan.steps, err=True)
    say_around(plan, err=True)
    yes = typed(name)
    stopped = stop(plan, yes, show_secret=screen(f"New password of {name}"), progress=progress)
    kept = stopped.snapshot
    if not as_json:
        say_outcomes(stopped.outcomes.items())
        if kept:
            click.echo(f"What was so before: {kept.file}; {len(kept.problems)} parts could not be read.")
        say_by_hand(plan)
    found, unread = _doors(case, tenant, plan.target)
    if as_json:
        told = {title: {"status": o.status, "text": o.text, "run": o.run} for title, o in stopped.outcomes.items()}
        print_json({
            "account": name, "steps": told, "snapshot": kept.file if kept else "", "by_hand": plan.by_hand,
            "doors": doors_told(found), "doors_not_read": unread,
        })  # fmt: skip
    else:
        _say_doors(found, unread)
        click.echo(f"Next: {_again(case, '--account', name)} shows the whole plan.")
    return code(stopped.outcomes.values())


def show_file(told: dict[str, Any], *, as_json: bool) -> int:
    """A plan file, step by step, and its digest. No tenant is asked."""
    from toolkit.contain import digest_of, steps_in

    steps, digest = steps_in(told), digest_of(told)
    account, planner = str(told["account"]["user_principal_name"]), str(told["planner"]["user_principal_name"])
    made = str(told.get("made", ""))[:19].replace("T", " ")
    if as_json:
        print_json({"account": account, "planner": planner, "made": made, "steps": steps_told(steps), "digest": digest})
        return 0
    click.echo(f"For {plain(account)}; the file says: made by {plain(planner)} at {plain(made)} UTC")
    say_steps(steps, states=False)
    click.echo(f"\nDigest: {digest}")
    return 0


def run_file(case: Case, tenant: Tenant, told: dict[str, Any], digest: str, *, four_eyes: bool, as_json: bool) -> int:
    """Run a plan file that was approved by its digest, as far as step after step is done."""
    from toolkit.contain import approved_plan, confirm

    plan = approved_plan(case, tenant, told, digest, four_eyes=four_eyes)
    plan.suspicion = suspicion_of(case, plan.target.user_principal_name)
    say_around(plan, err=True)
    yes = confirm(plan, plan.target.user_principal_name)
    if plan.hits_everybody and not plan.target.is_organisation:  # that one's digest was given for its domain
        yes.extend(plan, typed(tenant.domain, "Steps hit everybody in the organisation; type {name} for them too"))
    return _carry_out(plan, yes, as_json=as_json)


def way_back(case: Case, tenant: Tenant, user: str, *, sender: bool, as_json: bool) -> int:
    """Give the account back, or unblock it as a sender: shown, the name typed, run step by step."""
    from toolkit.contain import confirm, make_return_plan, make_sender_plan, resolve

    name = resolve(tenant, user).user_principal_name
    make = make_sender_plan if sender else make_return_plan
    plan = make(case, tenant, name, suspicion=suspicion_of(case, name))
    unread = [step for step in plan.steps if step.before is None]
    if unread:
        raise ContainmentError(f"“{unread[0].action.title}” could not be prepared: {unread[0].problem}")
    click.echo(f"{name} in {tenant.domain}. This will be sent, one after the other:", err=True)
    say_steps(plan.steps, err=True)
    say_around(plan, err=True)
    if any(step.action.makes_secret for step in plan.steps) and screen(name) is None:
        raise GuardRefused("Nothing was sent, because there is no terminal on which a password is shown once.")
    return _carry_out(plan, confirm(plan, typed(name)), as_json=as_json)


def undo_one(case: Case, tenant: Tenant, user: str, key: str, *, as_json: bool) -> int:
    """Undo one step of this case, after the typed name."""
    from toolkit.contain import Outcome as Result
    from toolkit.contain import confirm, make_plan, resolve, undo

    name = resolve(tenant, user).user_principal_name
    plan = make_plan(case, tenant, name, suspicion=suspicion_of(case, name), progress=progress)
    step = plan.step(key)
    title = f"Undo: {step.action.title}"
    if step.undo is None:
        raise ContainmentError(f"“{step.action.title}” has nothing to undo.")
    if step.behind:
        raise GuardRefused(
            f"The finding “{step.behind}” stands behind this step: judge it the owner's in notebook 1 first."
        )
    say_undo(step)
    yes = confirm(plan, typed(name))
    if step.action.hits_everybody:
        yes.extend(plan, typed(tenant.domain, "It hits everybody in the organisation; type {name} for it too"))
    try:
        outcome = undo(plan, key, yes, progress=progress)
    except ToolkitError as error:
        outcome = Result("refused", str(error))
    return _tell(plan, [(title, outcome)], [(step, outcome)], 0, as_json=as_json)


def say_legitimate(case: Case, tenant: Tenant, user: str, key: str, note: str, *, as_json: bool) -> int:
    """Keep that something found is legitimate, as it stands now; then read the doors."""
    from toolkit.contain import make_plan, resolve
    from toolkit.contain import say_legitimate as say

    name = resolve(tenant, user).user_principal_name
    plan = make_plan(case, tenant, name, suspicion=suspicion_of(case, name), progress=progress)
    offer = next((offer for offer in plan.offers if offer.action.key == key), None)
    if offer is None:
        raise UsageError(f"Nothing that was found has the key {key!r}; the plan lists the keys there are.")
    say(case, plan.target, key, offer.action.title, offer.text, note)
    what = ": ".join(filter(None, [offer.action.title, offer.text]))
    return _said(case, tenant, plan.target, f"Called legitimate, as it stands now: {what}", as_json=as_json)


def suspect_again(case: Case, tenant: Tenant, user: str, key: str, *, as_json: bool) -> int:
    """Take back that something is legitimate; then read the doors."""
    from toolkit.contain import resolve, take_legitimate_back

    target = resolve(tenant, user)
    take_legitimate_back(case, target, key)
    return _said(case, tenant, target, f"No longer called legitimate: {key}", as_json=as_json)


def _said(case: Case, tenant: Tenant, target: Target, text: str, *, as_json: bool) -> int:
    found, unread = _doors(case, tenant, target)
    if as_json:
        print_json({
            "account": target.user_principal_name, "said": text, "doors": doors_told(found), "doors_not_read": unread,
        })  # fmt: skip
    else:
        click.echo(plain(text))
        _say_doors(found, unread)
    return 0


def _carry_out(plan: Plan, yes: Confirmation, *, as_json: bool) -> int:
    """Run the steps of a plan until one is not done: they build on each other."""
    from toolkit.contain import Outcome as Result
    from toolkit.contain import run

    ended: Ended = []
    for step in plan.steps:
        progress(step.action.title)
        show = screen(f"{step.action.shown_as} of {plan.target.user_principal_name}")
        try:
            outcome = run(plan, step.action.key, yes, show_secret=show)
        except ToolkitError as error:
            outcome = Result("refused", str(error))
        ended.append((step, outcome))
        if outcome.status not in DONE:
            break
    told = [(step.action.title, outcome) for step, outcome in ended]
    return _tell(plan, told, ended, len(plan.steps) - len(ended), as_json=as_json)


def _tell(plan: Plan, told: list[tuple[str, Outcome]], ended: Ended, left: int, *, as_json: bool) -> int:
    """Say how it went, then read the doors of the account, and say them too."""
    assert plan.tenant is not None
    hint = _instead(plan, ended)
    if not as_json:
        say_outcomes(told)
    found: list[Door] = []
    unread = ""
    if not plan.target.is_organisation:
        found, unread = _doors(plan.case, plan.tenant, plan.target)
    if as_json:
        steps = [
            {"key": step.action.key, "title": title, "status": o.status, "text": o.text, "run": o.run}
            for (step, o), (title, _) in zip(ended, told, strict=True)
        ]
        print_json({
            "account": plan.target.user_principal_name, "steps": steps, "not_begun": left, "by_hand": plan.by_hand,
            "doors": doors_told(found), "doors_not_read": unread,
        })  # fmt: skip
    else:
        say_by_hand(plan)
        _say_doors(found, unread)
    if hint:
        click.echo(plain(hint), err=True)
    if left:
        steps_left = "1 step was" if left == 1 else f"{left} steps were"
        click.echo(f"{steps_left} not begun: make the plan anew and look at it.", err=True)
    return code(outcome for _, outcome in ended) or (1 if left else 0)


def _instead(plan: Plan, ended: Ended) -> str:
    """What can be done where both forwarding fields could not be cleared in one call; "" if that is not so."""
    from toolkit.contain.actions import ClearForwarding, ClearOutsideForwarding

    step, outcome = ended[-1] if ended else (None, None)
    if step is None or outcome is None or step.action.key != ClearForwarding.key:
        return ""
    if outcome.status != "refused" or not outcome.run:  # it was the service that refused
        return ""
    outside = (step.before.values if step.before else {}).get("ForwardingSmtpAddress")
    where = _again(plan.case, "--account", plan.target.user_principal_name)
    first = (
        f"Mail still leaves to {outside}: {where} offers to clear that address alone, with "
        f"`--with {ClearOutsideForwarding.key}`. "
        if outside
        else ""
    )
    return (
        f"{first}Where the other address is mastered on premises, clear it there, and leave it out with "
        f"`--without {ClearForwarding.key}`, so that the steps after it are run."
    )


def _doors(case: Case, tenant: Tenant, target: Target) -> tuple[list[Door], str]:
    """The doors, read now; where that fails, none, and why."""
    from toolkit.contain import look_at_doors

    progress("reading the doors")
    try:
        return look_at_doors(case, tenant, target, suspicion_of(case, target.user_principal_name)), ""
    except ToolkitError as error:
        return [], str(error)


def _say_doors(found: list[Door], unread: str) -> None:
    if unread:
        click.echo(f"The doors were not read: {plain(unread)}")
    if found:
        click.echo("\nThe doors, read now:")
    say_doors(found)


def after_ctrl_c(case: Case, since: int) -> int:
    """What was sent since the journal had so many calls is told; returns the exit code."""
    sent = calls_of(case) - since
    if not sent:
        click.echo("Stopped by you; nothing was sent.", err=True)
        return 2
    calls = "1 call was" if sent == 1 else f"{sent} calls were"
    click.echo(f"Stopped by you; {calls} sent: look at the plan anew, it reads what became of them.", err=True)
    return 1


def calls_of(case: Case) -> int:
    """How many calls that change something the journal of the case has."""
    from toolkit.contain import records

    return len(records(case))


def _again(case: Case, *words: str) -> str:
    folder = shlex.quote(str(Path(case.folder)))
    return f"`python -m toolkit contain --case {folder} {' '.join(map(shlex.quote, words))}`"
