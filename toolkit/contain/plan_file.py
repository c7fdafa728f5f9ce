"""A plan as a file: written by one person, approved by its digest, by another if wanted."""

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
from toolkit.contain.ledger import DONE, describe, records
from toolkit.contain.order import check_order
from toolkit.contain.plan import Plan, Step, step_of
from toolkit.contain.sending import kept
from toolkit.contain.target import moment, resolve
from toolkit.errors import GuardRefused, UsageError
from toolkit.tenant import Call, Tenant
from toolkit.tenant.gate import canonical

VERSION = 1
NAME = "user_principal_name"
WRITTEN = "containment.plan-written"
APPROVED = "containment.plan-approved"


def write_plan(plan: Plan, path: Path) -> str:
    """Write the steps that are left to run, with their calls and the state they were previewed in; returns the digest.

    The journal keeps the digest, who planned it by object id, and the hash of each step: four eyes go by that.

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
            if step.can_run and step.status != DONE
        ],
    }
    data = json.dumps(told, indent=1, ensure_ascii=False).encode("utf-8", "replace")
    told = json.loads(data)  # as whoever reads the file has it
    try:
        write_atomically(path, data)
    except OSError as error:
        raise UsageError(f"The plan cannot be written to {path}: {error.strerror or error}.") from error
    digest = digest_of(told)
    plan.case.journal.append(
        WRITTEN, practice=plan.case.practice, tenant_id=plan.target.tenant_id, target=plan.target.named, plan=digest,
        file=path.name, operator=operator.user_principal_name, operator_object_id=operator.object_id,
        steps=[_hash(step) for step in told["steps"]],
    )  # fmt: skip
    return digest


def read_plan(path: Path) -> dict[str, Any]:
    """A plan file's content.

    Raises:
        UsageError: it is no plan file.
    """
    try:
        told = json.loads(path.read_text("utf-8"))
        steps = [(s["key"], {**s["about"]}, s["call"]["method"], s["call"]["url"]) for s in told["steps"]]
        [({**(s["call"]["body"] or {})}, {**(s["before"] or {})}, s["before_date"]) for s in told["steps"]]
        names = [told["tenant_id"], *(told[w][n] for w in ("account", "planner") for n in ("object_id", NAME))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is no plan file; write one with `contain --account … --write {path.name}`."
        ) from error
    if told.get("version") != VERSION or not all(map(str, names)) or not steps:
        raise UsageError(f"{path} is a plan file without steps, or of another version; write it anew.")
    result: dict[str, Any] = told
    return result


def steps_in(told: dict[str, Any]) -> list[Step]:
    """The steps of a plan file as they were previewed: the calls are the file's, and no tenant is asked.

    Raises:
        UsageError: the plan names an action that this version does not know.
    """
    found = []
    for entry in told["steps"]:
        action = action_named(str(entry["key"]), dict(entry["about"]))
        if action is None:
            raise UsageError(f"The plan has a step {entry['key']!r} that this version does not know.")
        call = Call(str(entry["call"]["method"]), str(entry["call"]["url"]), entry["call"]["body"])
        before = State(entry["before"], moment(entry["before_date"])) if entry["before"] is not None else None
        found.append(Step(action, call, before))
    return found


def digest_of(told: dict[str, Any]) -> str:
    """SHA-256 over all of a plan that decides what is sent, to whom, and in which state."""
    return _hash({name: told[name] for name in ("version", "tenant_id", "account", "planner", "steps")})


def approved_plan(case: Case, tenant: Tenant, told: dict[str, Any], digest: str, *, four_eyes: bool = False) -> Plan:
    """The plan of a file, ready to run exactly as it was written, after the digest was given as the yes.

    Steps may have been taken out of the file, or put into another order as far as that is safe. Each call is worded
    anew and has to be the file's; each step keeps the state of its preview, so that running it
    stops where that has changed. With `four_eyes` what the file says about its planner counts for nothing: every step
    of it has to be, word for word, of one plan that this case's journal has as written by somebody else. That is as
    good as the journal is: who can write the case's folder can write the journal too.

    Raises:
        GuardRefused: the digest is another one, a call is not what its action words, a step comes before one that
            it needs, or with `four_eyes` the approver is the planner, or the journal does not know who that is.
        UsageError: the plan names an action that this version does not know.
    """
    if digest.strip().lower() != digest_of(told):
        raise GuardRefused("That is not the digest of this plan; print it with --plan alone, and read the plan again.")
    planner = _somebody_else(case, tenant, told) if four_eyes else dict(told["planner"])
    check_tenant(case, tenant)
    target = resolve(tenant, str(told["account"]["object_id"]))
    if told["tenant_id"] != target.tenant_id or told["account"] != target.named:
        raise GuardRefused("The plan is for another tenant, or the account has another name now; make it anew.")
    listed = break_glass(case)
    doubts = check_target(target, tenant, listed)
    history = records(case, tenant.tenant_id, target.object_id)
    steps = []
    for given, entry in zip(steps_in(told), told["steps"], strict=True):
        step = step_of(tenant, target, given.action, history)
        if _lasting(tenant, step.call) != entry["call"]:
            raise GuardRefused(
                f"The call of “{given.action.title}” in the file is not the one of this step; make it anew."
            )
        step.before = given.before
        steps.append(step)
    check_order([step.action for step in steps])
    case.journal.append(
        APPROVED, practice=case.practice, tenant_id=target.tenant_id, target=target.named, plan=digest,
        planner=planner, approver=tenant.operator.user_principal_name,
        approver_object_id=tenant.operator.object_id, four_eyes=four_eyes,
    )  # fmt: skip
    return Plan(case, target, steps, tenant, by_hand=by_hand(target), notes=doubts, break_glass=listed)


def _somebody_else(case: Case, tenant: Tenant, told: dict[str, Any]) -> dict[str, str]:
    """Who wrote the plan, by the journal, where that is not whoever approves it.

    Raises:
        GuardRefused: nobody did.
        CaseDamaged: the journal was changed.
    """
    steps = {_hash(step) for step in told["steps"]}
    place = str(told["tenant_id"]), str(told["account"]["object_id"])
    writers = [
        {"object_id": str(e.fields["operator_object_id"]), "user_principal_name": str(e.fields["operator"])}
        for e in case.journal.entries(WRITTEN)
        if (str(e.fields["tenant_id"]), str(e.fields["target"]["object_id"])) == place
        and e.fields.get("operator_object_id")
        and steps <= set(e.fields.get("steps") or [])
    ]
    own = tenant.operator.object_id.lower()
    others = [writer for writer in writers if writer["object_id"].lower() != own]
    if others:
        return others[-1]
    if writers:
        raise GuardRefused("The plan was made by the account you are signed in with; somebody else has to approve it.")
    raise GuardRefused(
        "Who made this plan cannot be verified: this case's journal has no plan with these steps. Approve it, as it "
        "was written, in the case in which it was made."
    )


def _hash(part: Any) -> str:
    return hashlib.sha256(canonical(part).encode()).hexdigest()


def _lasting(tenant: Tenant, call: Call) -> dict[str, Any]:
    """The call as a file keeps it; the practice tenant has another port each time it is started."""
    told = describe(call)
    if tenant.cloud.practice:
        told["url"] = re.sub(r":\d+/", "/", told["url"], count=1)
    return told
