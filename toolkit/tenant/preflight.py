"""What will work and what will be refused, said before the first call: by the tokens, by the services' own answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from toolkit.errors import TenantAnswer, TenantError
from toolkit.tenant.activity import CONTENT_TYPES, activity_call
from toolkit.tenant.clouds import RESOURCES, lacks
from toolkit.tenant.connection import Tenant
from toolkit.tenant.directory_roles import ROLES, role_names
from toolkit.tenant.exchange import anchor_header, own_anchor
from toolkit.tenant.gate import Call
from toolkit.tenant.graph import graph_call
from toolkit.tenant.needs import NEEDS, Need
from toolkit.tenant.permissions import audit_workloads, covers
from toolkit.tenant.person import NOT_CONSENTED, PersonTokenSource
from toolkit.tenant.tokens import claims_of, runs_out

if TYPE_CHECKING:
    import pandas as pd

WORKS = "will work"
PARTLY = "will work in part"
REFUSED = "will answer 403"
LACKING = "not available here"
NOT_STARTED = "not started yet"
UNKNOWN = "not known"
QUIETLY = ("management", "log-analytics")
"""Services that nobody is asked to sign in to before anything is collected."""
MODULE_VERSION = "3.9.2"
PATIENCE = 60.0
"""Seconds that a service may ask to be left alone, before the answer is what it said."""
_PLAIN_MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""The id that `wids` has for everybody who is no guest."""
FEEDS = "source:audit-activity"
HOW_TO_START = (
    "`python -m toolkit collect --start-feeds`, or notebook 0, starts them, which changes the tenant; they have what "
    "is recorded from then on"
)
_PLANS = {"Entra ID P1": {"AAD_PREMIUM", "AAD_PREMIUM_P2"}, "Entra ID P2": {"AAD_PREMIUM_P2"}}


@dataclass(frozen=True)
class TokenFacts:
    """What the token for one service says; `problem` is the sentence if there is none. Times are UTC."""

    resource: str
    problem: str = ""
    tenant_id: str = ""
    who: str = ""
    permissions: frozenset[str] = frozenset()
    app_only: bool = False
    roles: tuple[str, ...] | None = None
    """Names of directory roles; None where the token does not say them, or an app has signed in."""
    other_roles: int = 0
    """How many roles it names that are not known here."""
    expires: datetime | None = None


@dataclass(frozen=True)
class Check:
    """What is to be expected of one source or action: `answer` is one of the six words, `why` a clause or ""."""

    key: str
    what: str
    answer: str
    why: str = ""

    @property
    def kind(self) -> str:
        """`source`, `state` or `action`."""
        return self.key.partition(":")[0]


@dataclass(frozen=True)
class Preflight:
    """The checks, one for each row of `needs.NEEDS`, and what they rest on: `tokens` and `problems` of the services."""

    checks: tuple[Check, ...]
    tokens: Mapping[str, TokenFacts]
    problems: Mapping[str, str] = field(default_factory=dict)

    def of(self, key: str) -> Check:
        """The check of a source or action, by its key."""
        return next(check for check in self.checks if check.key == key)

    def frame(self) -> pd.DataFrame:
        """`kind`, `what`, `answer`, `why`, `key`: text, in the order of the permissions table."""
        import pandas as pd

        names = ("kind", "what", "answer", "why", "key")
        return pd.DataFrame([{name: getattr(check, name) for name in names} for check in self.checks])


def preflight(tenant: Tenant, resources: Iterable[str] = ("graph", "exchange"), *, workspace: str = "") -> Preflight:
    """Ask the tokens and, by a few harmless reads, the services. `resources` are those to sign in to; `workspace` is
    the id of a Log Analytics workspace to ask, if any.

    A person is asked to sign in to Graph and Exchange alone; what the sign-in does not give of the others by itself
    is said to be not consented.

    Nothing is raised for what does not work: that is what the checks say. What cannot be seen from here, as rights
    inside of Exchange and Purview role groups or on a Log Analytics workspace, is said to be not known.
    """
    with tenant.session.paced(tenant.pace(PATIENCE)):
        return _preflight(tenant, tuple(resources), workspace)


def _preflight(tenant: Tenant, asked: tuple[str, ...], workspace: str) -> Preflight:
    tokens = {resource: _facts(tenant, resource) for resource in asked}
    problems: dict[str, str] = {}
    plans: frozenset[str] | None = None
    cmdlets: frozenset[str] | None = None
    feeds: list[frozenset[str]] = []
    if "graph" in asked and not tokens["graph"].problem:
        problems |= _tried("graph", lambda: tenant.graph.domains())
        plans = _plans(tenant)
    if "exchange" in asked and not tokens["exchange"].problem:
        found: list[frozenset[str]] = []
        problems |= _tried("exchange", lambda: found.append(exported_cmdlets(tenant)))
        cmdlets = found[0] if found else None
    if "management" in asked and not tokens["management"].problem:
        problems |= _tried("management", lambda: feeds.append(_started(tenant)))
    if "log-analytics" in asked and workspace and not tokens["log-analytics"].problem:
        address = f"{tenant.cloud.base('log-analytics')}/v1/workspaces/{workspace}/query"
        asking = Call("POST", address, {"query": "print 1"})
        problems |= _tried("log-analytics", lambda: tenant.session.read(asking))
        if "log-analytics" not in problems:
            problems["log-analytics"] = ""
    answering = {name for name, token in tokens.items() if not token.problem and name not in problems}
    checks = []
    for need in NEEDS:
        check = _check(need, tenant, tokens, problems, cmdlets, plans)
        tell = need.probe and need.resource in answering and check.answer in {WORKS, UNKNOWN}
        check = _probed(need, tenant) if tell else check
        checks.append(_by_feeds(need, feeds[0]) if need.key == FEEDS and check.answer == WORKS and feeds else check)
    return Preflight(tuple(checks), tokens, {name: text for name, text in problems.items() if text})


def exported_cmdlets(tenant: Tenant) -> frozenset[str]:
    """The names of exactly the cmdlets that whoever signed in may run, in lower case.

    Source: observed; what the PowerShell module asks first (undocumented).
    """
    headers = {"CommandName": "*", "X-AnchorMailbox": anchor_header(own_anchor(tenant.operator), tenant.tenant_id)}
    address = f"{tenant.cloud.exchange}/adminapi/v1.0/{tenant.tenant_id}/EXOModuleFile?Version={MODULE_VERSION}"
    answer = tenant.session.read(Call("GET", address, headers=headers))
    rows = [row for row in answer.data.get("value", []) if isinstance(row, dict)]
    names = ",".join(str(row.get("exportedCmdlets", "")) for row in rows)
    return frozenset(name.strip().lower() for name in names.split(",") if name.strip())


def _started(tenant: Tenant) -> frozenset[str]:
    """The kinds of records whose feed somebody started."""
    rows = tenant.session.read(activity_call(tenant.cloud, tenant.tenant_id, "GET", "/subscriptions/list")).rows
    return frozenset(str(row.get("contentType")) for row in rows if row.get("status") == "enabled")


def _by_feeds(need: Need, started: frozenset[str]) -> Check:
    missing = [what for name, what in CONTENT_TYPES.items() if name not in started]
    if not missing:
        return Check(need.key, need.what, WORKS)
    if len(missing) == len(CONTENT_TYPES):
        return Check(need.key, need.what, NOT_STARTED, f"its feeds have nothing yet: {HOW_TO_START}")
    return Check(need.key, need.what, PARTLY, f"nobody started the feed of {', '.join(missing)}: {HOW_TO_START}")


def _tried(resource: str, read: Any) -> dict[str, str]:
    try:
        read()
    except TenantError as error:
        return {resource: str(error)}
    return {}


def _plans(tenant: Tenant) -> frozenset[str] | None:
    """The service plans that the organisation has; None where that cannot be read."""
    try:
        rows = tenant.graph.rows("/subscribedSkus").rows
    except TenantError:
        return None
    return frozenset(
        str(plan.get("servicePlanName"))
        for row in rows
        if row.get("capabilityStatus") in {"Enabled", "Warning"}
        for plan in row.get("servicePlans") or []
        if isinstance(plan, dict)
    )


def _facts(tenant: Tenant, resource: str) -> TokenFacts:
    if not tenant.cloud.has(resource):
        return TokenFacts(resource, problem=lacks(tenant.cloud, resource) or "no address of it is documented")
    try:
        claims = claims_of(_token(tenant, resource))
    except TenantError as error:
        return TokenFacts(resource, problem=str(error))
    held = claims.get("roles") if "scp" not in claims else str(claims["scp"]).split()
    wids = [str(number) for number in claims.get("wids") or []]
    named = tuple(role_names(wids))
    try:
        until = runs_out(claims)
    except ValueError:
        until = None
    return TokenFacts(
        resource,
        tenant_id=str(claims.get("tid", "")),
        who=str(claims.get("upn") or claims.get("unique_name") or claims.get("app_displayname") or ""),
        permissions=frozenset(str(name) for name in held or []),
        app_only="scp" not in claims,
        roles=named if "wids" in claims and "scp" in claims else None,
        other_roles=sum(number.lower() not in {*ROLES.values(), _PLAIN_MEMBER} for number in wids),
        expires=until,
    )


def _token(tenant: Tenant, resource: str) -> str:
    """A token; of what nobody has to be asked for, only without a question.

    Raises:
        SignInFailed, TenantUnreachable: there is none.
    """
    source = tenant.tokens
    if isinstance(source, PersonTokenSource) and (resource in QUIETLY or source.declined(resource)):
        return source.quietly(resource)
    return source.token(resource)


def _check(
    need: Need,
    tenant: Tenant,
    tokens: Mapping[str, TokenFacts],
    problems: Mapping[str, str],
    cmdlets: frozenset[str] | None,
    plans: frozenset[str] | None,
) -> Check:
    lack = next((text for text in (lacks(tenant.cloud, name) for name in need.operations) if text), "")
    if lack:
        return Check(need.key, need.what, LACKING, lack)
    token = tokens.get(need.resource)
    if token is None:
        return Check(need.key, need.what, UNKNOWN, f"nobody signed in to {RESOURCES[need.resource]} yet")
    if token.problem:
        refused = token.problem.startswith(NOT_CONSENTED)
        return Check(need.key, need.what, REFUSED if refused else UNKNOWN, token.problem)
    missing = _missing_permissions(need, token)
    if missing and need.key == "source:audit-search" and (shown := audit_workloads(token.permissions)):
        return Check(need.key, need.what, PARTLY, f"only what {', '.join(shown)} recorded; {missing} for all")
    if missing:
        nobody = not token.app_only and not need.delegated
        return Check(need.key, need.what, UNKNOWN if nobody else REFUSED, missing)
    if need.resource == "exchange":
        return _by_cmdlets(need, cmdlets, problems.get("exchange", ""))
    if need.resource == "log-analytics" and (problem := problems.get("log-analytics")) is not None:
        return Check(need.key, need.what, _answer(problem), problem)
    if need.resource == "log-analytics":
        return Check(need.key, need.what, UNKNOWN, f"the right on the workspace cannot be seen from here: {need.note}")
    if need.resource in problems:
        answer = _answer(problems[need.resource]) if need.resource in QUIETLY else UNKNOWN
        return Check(need.key, need.what, answer, problems[need.resource])
    return _by_role_and_licence(need, token, plans)


def _answer(problem: str) -> str:
    """What one harmless read of a service came to."""
    return REFUSED if " 403" in problem or " 401" in problem else UNKNOWN if problem else WORKS


def _probed(need: Need, tenant: Tenant) -> Check:
    """What the service itself says to one row, where tokens cannot tell all."""
    try:
        tenant.session.read(graph_call(tenant.cloud, "GET", need.probe, query={"$top": "1"}))
    except TenantAnswer as error:
        refused = error.status in {401, 403}
        return Check(need.key, need.what, REFUSED if refused else UNKNOWN, str(error))
    except TenantError as error:
        return Check(need.key, need.what, UNKNOWN, str(error))
    return Check(need.key, need.what, WORKS)


def _missing_permissions(need: Need, token: TokenFacts) -> str:
    wanted = need.application if token.app_only else need.delegated
    if not wanted:
        if token.app_only:
            return "an app cannot do this on its own: a person has to sign in"
        return f"not asked for when a person signs in: {need.note or 'only an app on its own can do it'}"
    missing = [name for name in wanted if not covers(token.permissions, name)]
    return f"missing permission {' and '.join(missing)}" if missing else ""


def _by_cmdlets(need: Need, cmdlets: frozenset[str] | None, problem: str) -> Check:
    if cmdlets is None:
        why = (
            f"{problem} A directory role is missing, one of: {', '.join(need.roles)}" if " 403" in problem else problem
        )
        return Check(need.key, need.what, REFUSED if " 403" in problem else UNKNOWN, why)
    missing = [name for name in need.operations if name.lower() not in cmdlets]
    if not missing:
        return Check(need.key, need.what, WORKS)
    roles = f"missing a role that offers {', '.join(missing)}: {' or '.join(need.roles)}"
    return Check(need.key, need.what, REFUSED if len(missing) == len(need.operations) else PARTLY, roles)


def _by_role_and_licence(need: Need, token: TokenFacts, plans: frozenset[str] | None) -> Check:
    wanted = _PLANS.get(need.licence)
    if wanted and plans is not None and not wanted & plans:
        return Check(need.key, need.what, REFUSED, f"the organisation has no licence {need.licence}")
    if not token.app_only and need.roles:
        if token.roles is None:
            return Check(need.key, need.what, UNKNOWN, "the token does not say which directory roles you hold")
        if not {"Global Administrator", *need.roles} & set(token.roles):
            roles = " or ".join(need.roles)
            if token.other_roles:
                return Check(need.key, need.what, UNKNOWN, f"you hold a role that is not known here; usual are {roles}")
            return Check(need.key, need.what, REFUSED, f"missing a directory role: {roles}")
    unread = f"if the organisation has {need.licence}" if need.licence and (plans is None or not wanted) else ""
    return Check(need.key, need.what, WORKS, unread)
