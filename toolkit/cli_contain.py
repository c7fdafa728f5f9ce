"""`python -m toolkit contain`: emergency stop, plans as files, the doors and watching them, undo, the way back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit import cli_contain_run as doing
from toolkit.cli_connected import case_to_ask, confirm_whose, connected
from toolkit.cli_contain_said import (
    doors_told,
    print_json,
    progress,
    say_around,
    say_doors,
    say_left_out,
    say_steps,
    steps_told,
)
from toolkit.cli_sign_in import sign_in_options
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.case import Case
    from toolkit.contain import Door, Plan
    from toolkit.tenant import Tenant

# What is done to whom, one at a time; and what only goes with one of these.
WAYS = {
    "emergency": "--emergency UPN",
    "account": "--account UPN",
    "plan_file": "--plan FILE",
    "give_back": "--give-back UPN",
    "unblock": "--unblock-sender UPN",
}
GOES_WITH = {
    "more": ("--with KEY", "account"),
    "without": ("--without KEY", "account"),
    "plan_out": ("--write PATH", "account"),
    "script_out": ("--script PATH", "account"),
    "watching": ("--watch", "account"),
    "undo": ("--undo KEY", "account"),
    "legitimate": ("--legitimate KEY", "account"),
    "suspect": ("--suspect KEY", "account"),
    "approve": ("--approve DIGEST", "plan_file"),
    "four_eyes": ("--four-eyes", "plan_file"),
}
ALONE = ("watching", "undo", "legitimate", "suspect")


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
@click.option("--without", metavar="KEY", multiple=True, help="With --account: a step to leave out; repeatable.")
@click.option("--write", "plan_out", type=click.Path(path_type=Path), help="With --account: write the plan file.")
@click.option("--script", "script_out", type=click.Path(path_type=Path), help="With --account: as PowerShell.")
@click.option("--plan", "plan_file", type=click.Path(path_type=Path, exists=True), help="Show a plan file, its digest.")
@click.option("--approve", metavar="DIGEST", help="With --plan: run exactly that plan.")
@click.option("--four-eyes", is_flag=True, help="With --approve: only what somebody else planned in this case.")
@click.option("--watch", "watching", is_flag=True, help="With --account: the doors now, after 15 and 60 minutes.")
@click.option("--undo", metavar="KEY", help="With --account: undo one step, after you typed the account's name.")
@click.option("--legitimate", metavar="KEY", help="With --account and --note: this that was found is no intruder's.")
@click.option("--note", metavar="TEXT", help="With --legitimate: how that is known.")
@click.option("--suspect", metavar="KEY", help="With --account: take back that it is legitimate.")
@click.option("--give-back", metavar="UPN", help="Behind closed doors: the account goes back to its owner.")
@click.option("--unblock-sender", "unblock", metavar="UPN", help="Behind closed doors: it may send again.")
@sign_in_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def contain(
    case_folder: Path | None,
    practice: bool,
    cloud: str,
    way: str | None,
    tenant_name: str | None,
    client_id: str | None,
    containment_client_id: str | None,
    certificate: Path | None,
    keep_sign_in: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Stop an intruder, or carry out a plan. Nothing is changed without a typed name or a plan's digest.

    Exit code 0: all steps are done (or every door that was looked at is closed). 1: not all. 2: nothing was done.
    """

    _check(asked)
    told = _file(asked)
    if told is not None and not asked["approve"]:  # it needs neither a case nor a tenant
        sys.exit(doing.show_file(told, as_json=as_json))
    if case_folder is None:
        raise UsageError("Which case? Name its folder with --case, or in the variable TOOLKIT_CASE.")
    case = case_to_ask(case_folder, practice=practice)
    signing_in = {
        "cloud": cloud, "way": way, "tenant_name": tenant_name, "client_id": client_id, "certificate": certificate,
        "containment_client_id": containment_client_id, "keep_sign_in": keep_sign_in,
    }  # fmt: skip
    before = doing.calls_of(case)
    try:
        with connected(case, signing_in, purpose=_purpose(asked, told)) as tenant:
            if not asked["emergency"] or case.tenant_ids:
                # In an emergency without evidence the account's typed name says it too.
                confirm_whose(case, tenant, tenant_name, "Nothing was done")
            sys.exit(_do(case, tenant, asked, told, as_json=as_json))
    except KeyboardInterrupt:
        sys.exit(doing.after_ctrl_c(case, before))


def _check(asked: dict[str, Any]) -> None:
    """See that what is asked for goes together.

    Raises:
        UsageError: it does not.
    """
    if sum(bool(asked[name]) for name in WAYS) != 1:
        *most, last = WAYS.values()
        raise UsageError(f"Name one of {', '.join(most)} and {last}.")
    for name, (option, way) in GOES_WITH.items():
        if asked[name] and not asked[way]:
            raise UsageError(f"{option} goes with {WAYS[way]}.")
    if asked["four_eyes"] and not asked["approve"]:
        raise UsageError("--four-eyes goes with --approve DIGEST.")
    chosen = [GOES_WITH[name][0] for name in ALONE if asked[name]]
    others = [GOES_WITH[name][0] for name in ("more", "without", "plan_out", "script_out") if asked[name]]
    if len(chosen) > 1 or (chosen and others):
        raise UsageError(f"{chosen[0]} does not go together with {[*chosen[1:], *others][0]}.")
    if bool(asked["legitimate"]) != (asked["note"] is not None):
        raise UsageError("--legitimate KEY and --note TEXT go together: say how it is known.")


def _file(asked: dict[str, Any]) -> dict[str, Any] | None:
    from toolkit.contain import read_plan

    return read_plan(asked["plan_file"]) if asked["plan_file"] else None


def _purpose(asked: dict[str, Any], told: dict[str, Any] | None) -> str:
    """What the sign-in is asked for: permissions to change things only where something is going to be sent."""
    from toolkit.contain import steps_in
    from toolkit.tenant.permissions import ASKED_FOR, CONTAINMENT, EVIDENCE

    if told is not None:
        return max((step.action.purpose for step in steps_in(told)), key=ASKED_FOR.index)
    return CONTAINMENT if any(asked[name] for name in ("emergency", "give_back", "unblock", "undo")) else EVIDENCE


def _do(case: Case, tenant: Tenant, asked: dict[str, Any], told: dict[str, Any] | None, *, as_json: bool) -> int:
    user = str(next(asked[name] for name in WAYS if asked[name]))
    if asked["emergency"]:
        return doing.stop_now(case, tenant, user, as_json=as_json)
    if told is not None:
        return doing.run_file(case, tenant, told, asked["approve"], four_eyes=asked["four_eyes"], as_json=as_json)
    if asked["give_back"] or asked["unblock"]:
        return doing.way_back(case, tenant, user, sender=bool(asked["unblock"]), as_json=as_json)
    if asked["undo"]:
        return doing.undo_one(case, tenant, user, asked["undo"], as_json=as_json)
    if asked["legitimate"]:
        return doing.say_legitimate(case, tenant, user, asked["legitimate"], asked["note"], as_json=as_json)
    if asked["suspect"]:
        return doing.suspect_again(case, tenant, user, asked["suspect"], as_json=as_json)
    if asked["watching"]:
        return _watch(case, tenant, user, as_json=as_json)
    return _show(case, tenant, user, asked, as_json=as_json)


def _watch(case: Case, tenant: Tenant, user: str, *, as_json: bool) -> int:
    from toolkit.contain import resolve, watch
    from toolkit.contain.doors import CLOSED

    found: list[Door] = []
    target = resolve(tenant, user)
    suspicion = doing.suspicion_of(case, target.user_principal_name)
    looks = []
    with suppress(KeyboardInterrupt):  # it ends the watching; what was seen is told
        for look in watch(case, tenant, target, suspicion=suspicion, waiting=_waiting):
            found = look.doors
            looks.append({"minutes": look.minutes, "doors": doors_told(found), "opened": look.opened})
            if as_json:
                continue
            click.echo(f"After {look.minutes} minutes:")
            say_doors(found)
            if look.opened:
                click.echo(f"OPENED since the last look: {', '.join(look.opened)}. Somebody is still inside.")
    if as_json:
        print_json({"account": target.user_principal_name, "looks": looks})
    return 0 if found and all(d.state == CLOSED for d in found if d.must) else 1


def _show(case: Case, tenant: Tenant, user: str, asked: dict[str, Any], *, as_json: bool) -> int:
    from toolkit.contain import look_at_doors, make_plan, resolve, script, write_plan
    from toolkit.contain.doors import CLOSED

    name = resolve(tenant, user).user_principal_name
    suspicion = doing.suspicion_of(case, name)
    plan = make_plan(
        case, tenant, name, also=asked["more"], without=asked["without"], suspicion=suspicion, progress=progress
    )
    plan = _shortened(plan, asked["without"])
    plan_out, script_out = asked["plan_out"], asked["script_out"]
    digest = write_plan(plan, plan_out) if plan_out else ""
    if script_out:
        _write(script_out, script(plan))
    found = look_at_doors(case, tenant, plan.target, suspicion)
    if as_json:
        left = [
            {"key": o.action.key, "title": o.action.title, "suspected": o.suspected, "why": o.why, "what": o.text}
            for o in plan.left_out
        ]
        print_json({
            "account": name, "steps": steps_told(plan.steps), "left_out": left, "doors": doors_told(found),
            "digest": digest, "by_hand": plan.by_hand, "notes": plan.notes,
        })  # fmt: skip
    else:
        say_steps(plan.steps)
        say_left_out(plan)
        click.echo("")
        say_around(plan)
        click.echo("")
        say_doors(found, plan)
        if digest:
            click.echo(f"\nThe plan is in {plan_out}; its digest is {digest}.")
    return 0 if all(d.state == CLOSED for d in found if d.must) else 1


def _shortened(plan: Plan, keys: Sequence[str]) -> Plan:
    """The plan without these steps.

    Raises:
        UsageError: there is no such step, or others need it.
    """
    for key in keys:
        if key not in (*plan.chosen, *plan.without):
            raise UsageError(f"{key!r} is no step that can be left out of this plan.")
    return replace(plan, steps=[step for step in plan.steps if step.action.key not in keys])


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"The script cannot be written to {file}: {error.strerror or error}.") from error


def _waiting(minutes: int) -> None:
    click.echo(f"… looking again in {minutes} minutes; Ctrl-C ends it", err=True)
