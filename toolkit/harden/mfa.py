"""Multi-factor authentication: who has what, who is made to use it, what changed, and what to do in which order."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.case.export import write_frame
from toolkit.contain.conditional_access import Policy, Who, policies_of
from toolkit.contain.guards import break_glass
from toolkit.contain.snapshot import Snapshot
from toolkit.contain.target import moment
from toolkit.detect import Triage, triage
from toolkit.detect.words import plural, short
from toolkit.harden.accounts import kept_accounts
from toolkit.harden.inputs import Input, flag, input_of, record, text
from toolkit.harden.method_changes import MethodChange, MethodChanges, method_changes
from toolkit.harden.methods import NONE, ORDER, PHISHABLE, RESISTANT, UNKNOWN, WEAK, Method, methods_in, strength_of
from toolkit.harden.mfa_people import Person, people_of, registration
from toolkit.harden.mfa_steps import Step, steps
from toolkit.harden.old_protocols import OldProtocols, old_protocols
from toolkit.harden.requirement import Requirement, Rules, defaults_on, defaults_sentence, requirement
from toolkit.harden.state import kept_state

COLUMNS = (
    "user", "display_name", "strength", "methods", "admin", "roles", "guest", "enabled", "required", "told",
    "every_time", "per_user", "changes", "remarks", "updated",
)  # fmt: skip
LATE = "The registration report is some hours old when it is read, and disabled accounts are not in it."


@dataclass(frozen=True)
class MfaAccount:
    """One account of the report, or one that has a role and is not in it.

    `methods` is None where no input tells them; `strength` is one of `methods.ORDER`; `admin` and `enabled` are None
    where nothing tells; `required` answers "is it made to use a second factor, by what?"; `remarks` are sentences;
    `per_user` is its per-user state, "" where that was not read.
    """

    user: str
    display_name: str
    object_id: str
    strength: str
    methods: list[Method] | None
    admin: bool | None
    roles: list[str]
    guest: bool
    enabled: bool | None
    required: Requirement
    changes: list[MethodChange] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    updated: datetime | None = None
    per_user: str = ""


@dataclass(frozen=True)
class MfaReport:
    """Who has which second factor. `accounts` are administrators first, the weakest first; guests and disabled last.

    `policies` are those of Conditional Access (None: not read), `defaults` security defaults in one sentence,
    `per_user` what is known of per-user states, `old` sign-ins by old protocols, `changes` of methods during the
    incident, `steps` what to do in order, `not_checked` what could not be looked at and why, `told` where the
    accounts come from and how old that is, `emergency` the emergency accounts that the case names (lower case).
    """

    accounts: list[MfaAccount]
    policies: list[Policy] | None
    policies_told: str
    defaults: str
    per_user: str
    old: OldProtocols
    changes: MethodChanges
    steps: list[Step]
    rules: Rules
    told: str = ""
    not_checked: list[str] = field(default_factory=list)
    emergency: frozenset[str] = frozenset()

    def people(self, strength: str = "") -> list[MfaAccount]:
        """Members that are not known to be disabled, of one strength or of all."""
        return [a for a in self.accounts if a.enabled is not False and not a.guest and strength in ("", a.strength)]

    @property
    def administrators(self) -> list[MfaAccount]:
        """Accounts with a role that are not known to be disabled, guests among them."""
        return [a for a in self.accounts if a.admin and a.enabled is not False]

    @property
    def guests(self) -> list[MfaAccount]:
        return [a for a in self.accounts if a.guest and a.enabled is not False]

    @property
    def disabled(self) -> list[MfaAccount]:
        return [a for a in self.accounts if a.enabled is False]

    def to_frame(self) -> pd.DataFrame:
        """One row an account: user, display_name, strength, methods, admin, roles, guest, enabled, required, told,
        every_time, per_user (its state, empty where not read), changes, remarks, updated (UTC)."""
        rows = []
        for a in self.accounts:
            titles = None if a.methods is None else "; ".join(m.title for m in a.methods)
            changed, roles = "; ".join(c.what for c in a.changes), "; ".join(a.roles)
            needed = (a.required.state, a.required.told, a.required.every_time, a.per_user)
            known = (a.user, a.display_name, a.strength, titles, a.admin, roles, a.guest, a.enabled)
            rows.append((*known, *needed, changed, " ".join(a.remarks), a.updated))
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def find(self, named: str) -> list[MfaAccount]:
        """The account of that user principal name or object id; else those whose name has it in it, at most ten."""
        wanted = named.strip().lower()
        if not wanted:
            return []
        same = [a for a in self.accounts if wanted in (a.user.lower(), a.object_id.lower())]
        return same or [a for a in self.accounts if wanted in a.user.lower() or wanted in a.display_name.lower()][:10]


def mfa(
    case: Case,
    state: Snapshot | None = None,
    *,
    accounts: Iterable[Snapshot] | None = None,
    found: Triage | None = None,
) -> MfaReport:
    """What is known about second factors, from a state of the tenant (`read_state`), else from files of the case.

    Without `state` the newest that the case has kept is used; without `accounts` the kept readings of chosen accounts
    (`read_accounts`: per-user state and groups); without `found` the case is triaged. Nothing is asked of a tenant.
    """
    state = state or kept_state(case)
    closer = {s.target.object_id.lower(): s for s in (kept_accounts(case) if accounts is None else accounts)}
    inputs = {
        name: input_of(case, state, name) for name in ("conditional access", "security defaults", "roles", "accounts")
    }
    registered, told = registration(case, state)
    rules, policies = _rules(inputs, closer)
    changes = method_changes(case, found if found is not None else triage(case))
    people = people_of(registered, inputs, closer)
    listed = [_account(person, rules, closer, changes) for person in people]
    listed.sort(key=_place)
    old = old_protocols(case)
    missing = [i.missing for i in (*inputs.values(),) if i.missing] + ([] if registered else [told])
    missing += [part.told for part in (old, changes) if not part.checked]
    report = MfaReport(
        listed,
        policies,
        inputs["conditional access"].missing or f"Conditional Access, {inputs['conditional access'].told}.",
        defaults_sentence(inputs["security defaults"]),
        _per_user_told(closer),
        old,
        changes,
        [],
        rules,
        f"{told} {LATE}" if registered else told,
        missing,
        break_glass(case),
    )
    report.steps.extend(steps(report))
    return report


def export_mfa(report: MfaReport, to: str | os.PathLike[str]) -> int:
    """Write one row an account to a .csv, .jsonl, .parquet or .xlsx; returns the number of rows. Times are UTC.

    Raises:
        UsageError: another ending, or the file cannot be written.
    """
    frame = report.to_frame()
    frame["updated"] = pd.to_datetime(frame["updated"], utc=True)
    for name in ("admin", "guest", "enabled", "every_time"):
        frame[name] = frame[name].astype("boolean")
    return write_frame(frame, to, sheet="Second factors")


def _rules(inputs: dict[str, Input], closer: dict[str, Snapshot]) -> tuple[Rules, list[Policy] | None]:
    access = inputs["conditional access"]
    names = {text(row.get("id")).lower(): text(row.get("userPrincipalName")) for row in inputs["accounts"].rows}
    for row in inputs["roles"].rows:
        definition = record(row.get("roleDefinition"))
        for key in (row.get("roleDefinitionId"), definition.get("id"), definition.get("templateId")):
            if definition.get("displayName"):
                names[text(key).lower()] = text(definition["displayName"])
    for snapshot in closer.values():
        names |= {text(g.get("id")).lower(): text(g.get("displayName")) for g in snapshot.rows("groups")}
    policies = policies_of(access.rows, {k: n for k, n in names.items() if k and n}) if access.known else None
    return Rules(policies, defaults_on(inputs["security defaults"]), access.missing), policies


def _account(person: Person, rules: Rules, closer: dict[str, Snapshot], changes: MethodChanges) -> MfaAccount:
    row = person.row
    methods = methods_in(row.get("methodsRegistered"))
    capable = flag(row.get("isMfaCapable"))
    registered = flag(row.get("isMfaRegistered"))
    registered = True if registered is None and capable else registered
    admin = True if person.roles else flag(row.get("isAdmin"))
    guest = "#ext#" in person.user.lower() or text(row.get("userType")).lower() == "guest"
    strength = strength_of(methods, registered) if person.in_report else UNKNOWN
    snapshot = closer.get(person.object_id)
    groups, per_user = None, None
    if snapshot is not None:
        if "groups" in snapshot.found:
            groups = {text(g.get("id")): text(g.get("displayName")) for g in snapshot.rows("groups")}
        per_user = next((text(r.get("perUserMfaState")) for r in snapshot.rows("per-user state")), None)
    roles = frozenset(person.roles) if person.roles_known or admin is False else None
    who = Who(person.user, person.object_id, guest, roles, groups)
    return MfaAccount(
        user=person.user,
        display_name=text(row.get("userDisplayName")),
        object_id=person.object_id,
        strength=strength,
        methods=methods if methods is not None or strength != NONE else [],
        admin=admin,
        roles=sorted(person.roles.values()),
        guest=guest,
        enabled=person.enabled,
        required=requirement(who, rules, per_user),
        changes=changes.of(person.user),
        remarks=_remarks(person, methods, strength, registered, capable),
        updated=moment(row.get("lastUpdatedDateTime")),
        per_user=per_user or "",
    )


def _remarks(
    person: Person, methods: list[Method] | None, strength: str, registered: bool | None, capable: bool | None
) -> list[str]:
    found = []
    if not person.in_report:
        found.append(
            "It is disabled, and the report leaves such accounts out."
            if person.enabled is False
            else "It is not in the registration report: look at its methods by hand."
        )
    if methods is None and person.in_report and registered:
        found.append("The report does not name its methods.")
    weak = [m.title for m in methods or [] if m.strength == WEAK]
    if weak and strength in (PHISHABLE, RESISTANT):
        found.append(f"It can also use {', '.join(weak[:3])}: who attacks chooses the weakest.")
    if strength == NONE and methods:
        found.append(f"{', '.join(m.title for m in methods[:3])} alone is no second factor.".capitalize())
    if (registered or methods) and capable is False and strength != NONE:
        found.append("The organisation's policy does not allow what it registered.")
    if person.row.get("_again"):
        found.append("Two reports contradict each other about it; one of them is shown.")
    return found


def _place(account: MfaAccount) -> tuple[Any, ...]:
    apart = 2 if account.enabled is False else 1 if account.guest and not account.admin else 0
    return apart, not account.admin, ORDER.index(account.strength), account.user.lower()


def _per_user_told(closer: dict[str, Snapshot]) -> str:
    states = {
        s.target.user_principal_name: text(s.rows("per-user state")[0].get("perUserMfaState"))
        for s in closer.values()
        if s.rows("per-user state")
    }
    if not states:
        return (
            "Per-user state: not checked. It is read for chosen accounts only, as reading thousands is rationed; it is "
            "the old way, and Conditional Access or security defaults take its place."
        )
    said = ", ".join(f"{short(user, 60)}: {short(state, 20)}" for user, state in sorted(states.items())[:5])
    more = f" and {len(states) - 5} more" if len(states) > 5 else ""
    chosen = plural(len(states), "chosen account")
    return f"Per-user state was read for {chosen} ({said}{more}); of the others it is not known."
