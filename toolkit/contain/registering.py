"""The organisation's own two applications, registered by the road of containment: looked at, made, removed.

Entra gives ids as it goes: the second call names what the first one made. So the plan is made in stages, and what a
person says yes to is the whole list of calls with those ids left open; a later stage may only fill them in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from toolkit.case import Case
from toolkit.contain.action import Action
from toolkit.contain.actions.registration import (
    DELEGATED,
    ROLE,
    CreateApplication,
    CreateServicePrincipal,
    GrantAppRole,
    GrantConsent,
    RemoveApplication,
    applications,
    assignments,
    consents,
    principals,
)
from toolkit.contain.confirm import Confirmation, confirm
from toolkit.contain.guards import check_tenant
from toolkit.contain.ledger import DONE, REFUSED, SENT, records
from toolkit.contain.plan import ALREADY_SO, UNREADABLE, Plan, Step, step_of
from toolkit.contain.run import run
from toolkit.contain.sending import Outcome
from toolkit.contain.target import organisation
from toolkit.errors import ContainmentError, GuardRefused, PlanChanged, TenantAnswer, UsageError
from toolkit.tenant import Call, Tenant
from toolkit.tenant.certificate import PublicPart
from toolkit.tenant.gate import canonical
from toolkit.tenant.registration import APIS, MARK, Registration

Row = dict[str, Any]
Progress = Callable[[str], None]
APP_ID = "APPLICATION-ID-THAT-ENTRA-GIVES"
PRINCIPAL = "OBJECT-ID-THAT-ENTRA-GIVES"
"""What stands in a preview for ids that are not there yet."""
PAUSES = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds between two looks while the directory does not know everywhere what it has just made."""
LATEST = timedelta(hours=1)
"""After this a directory shows what it took."""
_NOT_YET = ("does not reference a valid application object", "does not exist or one of its", "Not a valid reference")
SO = (DONE, ALREADY_SO)


@dataclass(frozen=True)
class Service:
    """A service of the tenant: its `principal`, the permissions wanted of it as name → id, and those it has not."""

    title: str
    app_id: str
    principal: str
    wanted: dict[str, str]
    offered: dict[str, str]
    lacking: list[str]


@dataclass(frozen=True)
class Registered:
    """An application as it stands: `missing` and `too_many` are permissions as “service: name”.

    `certificates` are the days on which they end, ISO 8601 in UTC; `people` how many it is assigned to, None where
    there is no enterprise application yet.
    """

    name: str
    app_id: str
    object_id: str
    made_here: bool
    principal: str
    assigned_only: bool
    people: int | None
    granted: list[str]
    missing: list[str]
    too_many: list[str]
    certificates: list[str]
    secrets: int
    app_only: bool

    def as_wanted(self, now: datetime) -> bool:
        """Whether it can be used and has what it needs, nothing else; an app on its own a certificate that holds."""
        valid = not self.app_only or any(datetime.fromisoformat(end) > now for end in self.certificates)
        wrong = self.missing or self.too_many or self.secrets or self.nobody
        return bool(self.principal) and valid and not wrong

    @property
    def nobody(self) -> bool:
        """Whether nobody at all can use it: it is for people who are assigned to it, and none is."""
        return not self.app_only and self.assigned_only and self.people == 0


@dataclass
class Creation:
    """What is to be done about one registration: the `plan` of what can be worded now, and the calls that follow.

    `later` are actions with placeholders for ids that are not there yet; `notes` say what the tenant does not offer.
    """

    plan: Plan
    later: list[Action]
    notes: list[str]
    registration: Registration
    certificate: PublicPart | None
    application: Row = field(default_factory=dict)

    @property
    def to_do(self) -> list[Step]:
        return [step for step in self.plan.steps if step.status not in SO]

    @property
    def calls(self) -> list[tuple[str, Call]]:
        """Title and call of all that will be sent, in order."""
        told = [(step.action.title, step.call) for step in self.to_do]
        cloud = _live(self.plan).cloud
        return told + [(action.title, action.call(cloud, self.plan.target)) for action in self.later]


def creation(case: Case, tenant: Tenant, registration: Registration, certificate: PublicPart | None = None) -> Creation:
    """What is left to do until a registration is there, made and consented to. Nothing is changed.

    Raises:
        UsageError: an app that works on its own was named without its certificate, or a person's with one.
        GuardRefused: the tenant has to be confirmed, or an application of that name is there that is not ours.
    """
    if registration.app_only != (certificate is not None):
        raise UsageError(
            "An app that works on its own needs its certificate: --app-only and --certificate FILE (the public part) "
            "belong together."
        )
    check_tenant(case, tenant)
    there = ours(tenant, registration)
    services = _services(tenant, registration)
    kind = ROLE if registration.app_only else DELEGATED
    access = [{"service": one.app_id, "ids": sorted(one.wanted.values())} for one in services if one.wanted]
    key = certificate.base64 if certificate else ""
    actions: list[Action] = [CreateApplication(registration.name, registration.tags, access, kind, key)]
    app_id = str(there.get("appId") or APP_ID)
    principal = next((str(r["id"]) for r in principals(tenant, app_id).rows), PRINCIPAL) if there else PRINCIPAL
    actions.append(CreateServicePrincipal(app_id, registration.name, not registration.app_only))
    actions += _consent(registration, services, principal)
    now = 1 if not there else 2 if principal == PRINCIPAL else len(actions)
    target, history = organisation(tenant), records(case, tenant.tenant_id, tenant.tenant_id)
    steps = [step_of(tenant, target, action, history) for action in actions[:now]]
    _check_wider(registration, steps)
    notes = [f"{one.title} offers no {', '.join(one.lacking)} in this tenant." for one in services if one.lacking]
    return Creation(Plan(case, target, steps, tenant), actions[now:], notes, registration, certificate, there)


def create(
    made: Creation, typed: str, *, progress: Progress = lambda text: None, patience: float | None = None
) -> dict[str, Outcome]:
    """Do it, stage by stage; returns how each step ended, by title. `typed` is the tenant's domain.

    Raises:
        GuardRefused: the domain was not typed exactly.
        PlanChanged: a later call is not the one that was shown.
        ContainmentError: the directory does not show in time what was made; the same again goes on later.
    """
    tenant = _live(made.plan)
    promised = {_masked(call, made) for _, call in made.calls}
    outcomes: dict[str, Outcome] = {}
    while True:
        yes = confirm(made.plan, typed)
        for step in made.to_do:
            if _masked(step.call, made) not in promised:
                raise PlanChanged(
                    f"The call of “{step.action.title}” is no longer the one that was shown; begin again. It was not "
                    f"sent; what was done before stays."
                )
            progress(step.action.title)
            ended = _patiently(made.plan, step, yes, patience)
            outcomes[step.action.title] = ended
            if ended.status not in SO:
                return outcomes
        if not made.later:
            return outcomes
        made = _next_stage(made, tenant, progress)


def removal(case: Case, tenant: Tenant, registration: Registration, application_id: str = "") -> Plan:
    """The plan that removes a registration; without steps if there is none. Nothing is changed.

    `application_id` names one that this toolkit did not make, or one of several.

    Raises:
        GuardRefused: the tenant has to be confirmed, or which one is meant is not clear.
    """
    check_tenant(case, tenant)
    row = ours(tenant, registration, application_id)
    target, history = organisation(tenant), records(case, tenant.tenant_id, tenant.tenant_id)
    actions = [RemoveApplication(str(row["id"]), str(row["appId"]), str(row["displayName"]))] if row else []
    return Plan(case, target, [step_of(tenant, target, action, history) for action in actions], tenant)


def registered(tenant: Tenant, registration: Registration, application_id: str = "") -> list[Registered]:
    """Every application of the registration's name as it stands, or the one of that id; only reads."""
    services = _services(tenant, registration)
    rows = applications(tenant, "displayName", registration.name).rows
    chosen = [row for row in rows if not application_id or _same(row.get("appId"), application_id)]
    return [_as_it_stands(tenant, registration, services, row) for row in chosen]


def ours(tenant: Tenant, registration: Registration, application_id: str = "") -> Row:
    """The one application that may be touched; {} if there is none of that name.

    Raises:
        GuardRefused: several have the name, or the one that has it carries no mark and was not named by its id.
    """
    rows = applications(tenant, "displayName", registration.name).rows
    if application_id:
        rows = [row for row in rows if _same(row.get("appId"), application_id)]
        if not rows:
            raise GuardRefused(f"No application named “{registration.name}” has the id {application_id}.")
    if len(rows) > 1:
        ids = ", ".join(str(row.get("appId")) for row in rows)
        raise GuardRefused(
            f"{len(rows)} applications are named “{registration.name}” ({ids}); nothing was changed. Say which one "
            f"with `app remove --application ID`, or remove those that you do not need in Entra."
        )
    if rows and not application_id and not set(registration.tags) <= set(rows[0].get("tags") or []):
        raise GuardRefused(
            f"There is an application named “{registration.name}” ({rows[0].get('appId')}) that this toolkit did not "
            f"make; nothing was changed. Give it another name in Entra, or name it by its id where you mean it."
        )
    return rows[0] if rows else {}


def _services(tenant: Tenant, registration: Registration) -> list[Service]:
    """What each service of the tenant offers of the permissions that are wanted, by the ids it has there."""
    found = []
    for resource, names in registration.permissions.items():
        title, app_id = APIS[resource]
        row: Row = next(iter(principals(tenant, app_id).rows), {})
        listed = row.get("appRoles" if registration.app_only else "oauth2PermissionScopes") or []
        offered = {str(one.get("value")): str(one["id"]) for one in listed if _is_offered(one, registration)}
        wanted = {name: offered[name] for name in names if name in offered}
        lacking = [name for name in names if name not in offered]
        found.append(Service(title, app_id, str(row.get("id") or ""), wanted, offered, lacking))
    return found


def _is_offered(permission: Row, registration: Registration) -> bool:
    """Whether it can be given; of the app roles some are for people alone."""
    fits = not registration.app_only or "Application" in (permission.get("allowedMemberTypes") or [])
    return bool(permission.get("isEnabled", True)) and fits


def _consent(registration: Registration, services: Iterable[Service], principal: str) -> list[Action]:
    actions: list[Action] = []
    for one in services:
        if registration.app_only:
            actions += [
                GrantAppRole(principal, one.principal, number, f"{name} of {one.title}")
                for name, number in one.wanted.items()
            ]
        elif one.wanted:
            actions.append(GrantConsent(principal, one.principal, list(one.wanted), one.title))
    return actions


def _check_wider(registration: Registration, steps: Iterable[Step]) -> None:
    """Refuse to go on where a consent is there that lacks something: Entra takes no second one beside it."""
    for step in steps:
        row = (step.before.values if step.before else {}).get("row")
        if isinstance(step.action, GrantConsent) and row and step.status not in SO:
            lacks = ", ".join(sorted(set(step.action.scopes) - set(str(row.get("scope")).split())))
            raise GuardRefused(
                f"“{registration.name}” is there and lacks {lacks} of {step.action.name}: consent to them in Entra, or "
                f"remove it and create it anew."
            )


def _next_stage(made: Creation, tenant: Tenant, progress: Progress) -> Creation:
    """The stage after this one, as soon as the directory shows what this one made.

    Raises:
        ContainmentError: it does not in time; nothing is sent twice for that.
    """
    for pause in (0.0, *PAUSES):
        if pause:
            progress("waiting for the directory")
            tenant.sleep(pause)
        stage = creation(made.plan.case, tenant, made.registration, made.certificate)
        unread = [step for step in stage.plan.steps if step.status == UNREADABLE]
        if len(stage.later) < len(made.later) and not any(_is_early(step.problem) for step in unread):
            return stage
    raise ContainmentError(
        "What was made is not everywhere in the directory yet, so the rest was not begun. The same command goes on "
        "from here in some minutes."
    )


def _patiently(plan: Plan, step: Step, yes: Confirmation, patience: float | None) -> Outcome:
    """Run a step; where the service refused it because it does not know yet what was made just now, once more.

    A refusal comes in place of the change, so nothing is done twice; each attempt has an approval of its own.
    """
    if step.status == UNREADABLE:
        return Outcome(UNREADABLE, step.problem)
    if _is_under_way(plan, step):
        return Outcome(SENT, "The service took this call before, and no reading shows it yet: look again later.")
    for pause in (*PAUSES, 0.0):
        ended = run(plan, step.action.key, yes, patience=patience)
        if ended.status != REFUSED or not pause or not _is_early(ended.text):
            break
        _live(plan).sleep(pause)
    return ended


def _is_under_way(plan: Plan, step: Step) -> bool:
    """Whether the same call was taken so shortly ago that sending it again could make a second application."""
    if step.status != SENT or step.record is None:
        return False
    return plan.case.clock() - datetime.fromisoformat(step.record.started) < LATEST


def _is_early(text: str) -> bool:
    return any(words in text for words in _NOT_YET)


def _masked(call: Call, made: Creation) -> str:
    """A call with the ids that Entra gave to this application left open."""
    text = f"{call.method} {call.url} {canonical(call.body)}"
    app_id = str(made.application.get("appId") or "")
    client = next((s.action.client for s in made.plan.steps if isinstance(s.action, GrantConsent | GrantAppRole)), "")
    for number, name in ((app_id, APP_ID), (client, PRINCIPAL)):
        text = text.replace(number, name) if number else text
    return text


def _as_it_stands(tenant: Tenant, registration: Registration, services: Iterable[Service], row: Row) -> Registered:
    app_id = str(row.get("appId"))
    principal: Row = next(iter(principals(tenant, app_id).rows), {})
    granted: set[str] = set()
    people: int | None = None
    titles = {one.principal: one for one in services}
    if principal:
        try:
            granted = _granted(tenant, registration, titles, str(principal["id"]))
            people = len(tenant.graph.rows(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo").rows)
        except TenantAnswer as error:
            if error.status != 404:
                raise
    wanted = {f"{one.title}: {name}" for one in services for name in (*one.wanted, *one.lacking)}
    return Registered(
        name=str(row.get("displayName")),
        app_id=app_id,
        object_id=str(row.get("id")),
        made_here=MARK in (row.get("tags") or []),
        principal=str(principal.get("id") or ""),
        assigned_only=bool(principal.get("appRoleAssignmentRequired")),
        people=people,
        granted=sorted(granted),
        missing=sorted(wanted - granted),
        too_many=sorted(granted - wanted),
        certificates=sorted(str(key.get("endDateTime") or "") for key in row.get("keyCredentials") or []),
        secrets=len(row.get("passwordCredentials") or []),
        app_only=registration.app_only,
    )


def _granted(tenant: Tenant, registration: Registration, services: dict[str, Service], client: str) -> set[str]:
    """All that was given to it, by whichever way: what the other kind has is too much as well."""
    found = set()
    for row in consents(tenant, client).rows:
        title = _title(services, row)
        kind = "" if not registration.app_only else " (for people)"
        found |= {f"{title}: {name}{kind}" for name in str(row.get("scope") or "").split()}
    for row in assignments(tenant, client).rows:
        service = services.get(str(row.get("resourceId")))
        names = {number: name for name, number in service.offered.items()} if service else {}
        name = names.get(str(row.get("appRoleId")), str(row.get("appRoleId")))
        found.add(f"{_title(services, row)}: {name}" + ("" if registration.app_only else " (on its own)"))
    return found


def _title(services: dict[str, Service], row: Row) -> str:
    number = str(row.get("resourceId"))
    return services[number].title if number in services else str(row.get("resourceDisplayName") or number)


def _same(one: Any, other: str) -> bool:
    return str(one).lower() == other.strip().lower()


def _live(plan: Plan) -> Tenant:
    if plan.tenant is None:
        raise GuardRefused("This case has no live tenant.")
    return plan.tenant
