"""A plan as a file: written by one person, approved by its digest, by another if wanted; and as a PowerShell script."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from toolkit.case import Case
from toolkit.case.catalog import write_atomically
from toolkit.case.journal import iso
from toolkit.contain.action import State
from toolkit.contain.actions import action_named
from toolkit.contain.guards import break_glass, by_hand, check_target, check_tenant
from toolkit.contain.ledger import describe, records
from toolkit.contain.order import check_order
from toolkit.contain.plan import Plan, step_of
from toolkit.contain.sending import kept
from toolkit.contain.target import moment, resolve
from toolkit.errors import GuardRefused, UsageError
from toolkit.tenant import Call, Tenant
from toolkit.tenant.gate import PLACEHOLDER, canonical

VERSION = 1
WRITTEN = "containment.plan-written"
APPROVED = "containment.plan-approved"


def write_plan(plan: Plan, path: Path) -> str:
    """Write the steps that can be run, with their calls and the state they were previewed in; returns the digest.

    Raises:
        UsageError: the plan has no live tenant, or the file cannot be written.
    """
    if plan.tenant is None:
        raise UsageError("This case has no live tenant; a plan without one cannot be approved.")
    operator = plan.tenant.operator
    told = {
        "version": VERSION,
        "made": iso(plan.case.clock()),
        "tenant_id": plan.target.tenant_id,
        "account": plan.target.named,
        "planner": {"object_id": operator.object_id, "user_principal_name": operator.user_principal_name},
        "steps": [
            {
                "key": step.action.key,
                "title": step.action.title,
                "about": step.action.about,
                "call": _lasting(plan.tenant, step.call),
                "before": kept(step.before) if step.before else None,
                "before_date": iso(step.before.date) if step.before and step.before.date else None,
            }
            for step in plan.steps
            if step.can_run
        ],
    }
    try:
        write_atomically(path, json.dumps(told, indent=1, ensure_ascii=False).encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"The plan cannot be written to {path}: {error.strerror or error}.") from error
    digest = digest_of(told)
    plan.case.journal.append(
        WRITTEN, practice=plan.case.practice, tenant_id=plan.target.tenant_id, target=plan.target.named, plan=digest,
        file=path.name, operator=operator.user_principal_name,
    )  # fmt: skip
    return digest


def read_plan(path: Path) -> dict[str, Any]:
    """A plan file's content.

    Raises:
        UsageError: it is no plan file.
    """
    try:
        told = json.loads(path.read_text("utf-8"))
        steps = [(s["key"], s["about"], s["call"]["method"], s["call"]["url"], s["before"]) for s in told["steps"]]
        account = told["account"]["object_id"], told["account"]["user_principal_name"], told["planner"]["object_id"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is no plan file; write one with `contain --account … --write {path.name}`."
        ) from error
    if told.get("version") != VERSION or not all(map(str, account)) or not steps:
        raise UsageError(f"{path} is a plan file without steps, or of another version; write it anew.")
    result: dict[str, Any] = told
    return result


def digest_of(told: dict[str, Any]) -> str:
    """SHA-256 over all of a plan that decides what is sent, to whom, and in which state."""
    parts = {name: told[name] for name in ("version", "tenant_id", "account", "planner", "steps")}
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def approved_plan(case: Case, tenant: Tenant, told: dict[str, Any], digest: str, *, four_eyes: bool = False) -> Plan:
    """The plan of a file, ready to run exactly as it was written, after the digest was given as the yes.

    Steps may have been taken out of the file, or put into another order as far as that is safe. Each call is worded
    anew and has to be the file's; each step keeps the state of its preview, so that running it
    stops where that has changed.

    Raises:
        GuardRefused: the digest is another one, a call is not what its action words, a step comes before one that
            it needs, or with `four_eyes` the approver is the planner.
        UsageError: the plan names an action that this version does not know.
    """
    if digest.strip().lower() != digest_of(told):
        raise GuardRefused("That is not the digest of this plan; print it with --plan alone, and read the plan again.")
    planner = str(told["planner"]["object_id"])
    if four_eyes and planner.lower() == tenant.operator.object_id.lower():
        raise GuardRefused("The plan was made by the account you are signed in with; somebody else has to approve it.")
    check_tenant(case, tenant)
    target = resolve(tenant, str(told["account"]["object_id"]))
    if told["tenant_id"] != target.tenant_id or told["account"] != target.named:
        raise GuardRefused("The plan is for another tenant, or the account has another name now; make it anew.")
    listed = break_glass(case)
    check_target(target, tenant, listed)
    history = records(case, tenant.tenant_id, target.object_id)
    steps = []
    for entry in told["steps"]:
        action = action_named(str(entry["key"]), dict(entry["about"]))
        if action is None:
            raise UsageError(f"The plan has a step {entry['key']!r} that this version does not know.")
        step = step_of(tenant, target, action, history)
        if _lasting(tenant, step.call) != entry["call"]:
            raise GuardRefused(f"The call of “{action.title}” in the file is not the one of this step; make it anew.")
        step.before = State(entry["before"], moment(entry["before_date"])) if entry["before"] is not None else None
        steps.append(step)
    check_order([step.action for step in steps])
    case.journal.append(
        APPROVED, practice=case.practice, tenant_id=target.tenant_id, target=target.named, plan=digest,
        planner=told["planner"], approver=tenant.operator.user_principal_name,
        approver_object_id=tenant.operator.object_id, four_eyes=four_eyes,
    )  # fmt: skip
    return Plan(case, target, steps, tenant, by_hand=by_hand(target), break_glass=listed)


def script(plan: Plan) -> str:
    """The plan as a commented PowerShell script, for where it has to be carried out elsewhere.

    No secret is in it: it asks for the new password at its place.
    """
    lines = [
        f"# Containment of {_comment(plan.target.user_principal_name)} (object id {_comment(plan.target.object_id)})",
        f"# Tenant {_comment(plan.target.tenant_id)}. Read each step; run one at a time; check after each.",
        "# Needs the modules Microsoft.Graph.Authentication and ExchangeOnlineManagement.",
        "Connect-MgGraph -Scopes 'User.ReadWrite.All','Directory.AccessAsUser.All'",
        "Connect-ExchangeOnline",
    ]
    for number, step in enumerate(plan.steps, 1):
        action = step.action
        now = action.before(step.before.values) if step.before else "not read"
        lines += [
            "",
            f"# {number}. {_comment(action.title)}",
            f"#    Why: {_comment(action.reason)}",
            f"#    Now: {_comment(now)}",
            f"#    Afterwards: {_comment(action.after())}",
            f"#    Undo: {_comment(action.undo_note)}",
            f"#    Needs: {_comment(action.permission)}; role: {_comment(action.role)}",
        ]
        lines += _command(step.call.method, step.call.url, step.call.body)
    lines += ["", *(f"# By hand: {_comment(text)}" for text in plan.by_hand)]
    return "\n".join(lines) + "\n"


def _lasting(tenant: Tenant, call: Call) -> dict[str, Any]:
    """The call as a file keeps it; the practice tenant has another port each time it is started."""
    told = describe(call)
    if tenant.cloud.practice:
        told["url"] = re.sub(r":\d+/", "/", told["url"], count=1)
    return told


def _command(method: str, url: str, body: Any) -> list[str]:
    given = (body or {}).get("CmdletInput")
    if given:
        words = [given["CmdletName"]]
        words += [f"-{name}{_value(value)}" for name, value in given["Parameters"].items()]
        return [" ".join(words)]
    if body is None:
        return [f"Invoke-MgGraphRequest -Method {method} -Uri {_quoted(url)}"]
    text = canonical(body)
    if PLACEHOLDER not in text:
        return [f"Invoke-MgGraphRequest -Method {method} -Uri {_quoted(url)} -Body {_quoted(text)}"]
    return [
        "$new = [System.Net.NetworkCredential]::new('', (Read-Host -AsSecureString 'New password')).Password",
        f"$body = {_quoted(text)} | ConvertFrom-Json",
        "if ($body.passwordProfile) { $body.passwordProfile.password = $new } else { $body.newPassword = $new }",
        f"Invoke-MgGraphRequest -Method {method} -Uri {_quoted(url)} -Body ($body | ConvertTo-Json -Depth 5)",
        "Remove-Variable new, body",
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return f":${str(value).lower()}"
    if value is None:
        return " $null"
    if isinstance(value, list):
        return " @(" + ",".join(_quoted(str(v)) for v in value) + ")"
    if isinstance(value, dict):
        parts = [
            f"{how}=@({','.join(_quoted(str(v)) for v in value[how])})" for how in ("add", "remove") if how in value
        ]
        return f" @{{{'; '.join(parts)}}}"
    return f" {_quoted(str(value))}"


def _quoted(text: str) -> str:
    """A literal text: PowerShell takes the typographic quotes for quotes too."""
    for mark in "'‘’‚‛":
        text = text.replace(mark, mark * 2)
    return f"'{text}'"


def _comment(text: str) -> str:
    """On one line: what an attacker named must not begin a line of the script."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())[:500]
