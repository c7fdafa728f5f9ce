"""What of a preflight one run rests on: the rows of `tenant.needs` behind the roads that it goes and what it reads."""

from __future__ import annotations

from toolkit.collect.profile import Profile
from toolkit.collect.roads.activity import ActivityFeed
from toolkit.collect.roads.app_sign_ins import ApplicationSignIns
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.by_others import AuditSearchByOthers, SearchLogByOthers
from toolkit.collect.roads.graph_lists import DirectoryChanges, InteractiveSignIns, MessageTrace, NonInteractiveSignIns
from toolkit.collect.roads.message_trace import EitherTrace, TraceCmdlet
from toolkit.collect.roads.risk import AccountRisk, RiskDetections
from toolkit.collect.roads.road import Road
from toolkit.collect.roads.scores import SecureScore
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.roads.trace_details import TraceDetails
from toolkit.collect.state import ACCOUNT, ORGANISATION
from toolkit.tenant.needs import STATES
from toolkit.tenant.preflight import WORKS, Check, Preflight

CMDLET, SEARCH = "source:audit-cmdlet", "source:audit-search"
_TRACE, _TRACE_CMDLET = "source:message-trace", "source:message-trace-cmdlet"
_BY_APP = "state:rules-graph"
# What is read of the organisation, and what of it alone: rows of sources are among it.
_OF_ORGANISATION_ALONE = frozenset({
    "state:domains", "state:organisation", "state:registration", "source:audit-configuration", "source:secure-score",
})  # fmt: skip
_OF_ORGANISATION = _OF_ORGANISATION_ALONE | {
    "state:users", "state:roles", "state:policies", "state:mailbox", "state:mail-flow", "state:applications",
    "source:directory-audits",
}  # fmt: skip
_OF_ACCOUNT = frozenset(need.key for need in STATES) - _OF_ORGANISATION_ALONE | {"source:risky-users"}
_RESTS_ON: dict[type[Road], tuple[str, ...]] = {
    InteractiveSignIns: ("source:sign-ins",),
    NonInteractiveSignIns: ("source:sign-ins",),
    ApplicationSignIns: ("source:sign-ins",),
    DirectoryChanges: ("source:directory-audits",),
    SearchLog: (CMDLET,),
    AuditSearch: (SEARCH,),
    SearchLogByOthers: (CMDLET,),
    AuditSearchByOthers: (SEARCH,),
    EitherTrace: (_TRACE, _TRACE_CMDLET),
    TraceDetails: (_TRACE, _TRACE_CMDLET),
    MessageTrace: (_TRACE,),
    TraceCmdlet: (_TRACE_CMDLET,),
    SecureScore: ("source:secure-score",),
    RiskDetections: ("source:risk-detections",),
    AccountRisk: ("source:risky-users",),
}


def rests_on(road: type[Road]) -> tuple[str, ...]:
    """The keys of the sources behind a road."""
    if issubclass(road, ActivityFeed):
        return ("source:audit-activity",)
    return _RESTS_ON.get(road, ("source:log-analytics",))


def checks_for(result: Preflight, chosen: Profile, *, states: bool = True) -> list[Check]:
    """The checks of the sources that a run with this profile asks, and with `states` of what it reads besides.

    Graph's audit search counts too where it takes the place of a cmdlet that will not work.
    """
    keys = {key for road in chosen.roads if road(chosen.options).wanted for key in rests_on(road)}
    if chosen.helps_out and CMDLET in keys and result.of(CMDLET).answer != WORKS:
        keys.add(SEARCH)
    read = (ACCOUNT, ORGANISATION) if chosen.states is None else chosen.states
    if states and ACCOUNT in read:
        keys |= _OF_ACCOUNT
    if states and ORGANISATION in read:
        keys |= _OF_ORGANISATION
    graph = result.tokens.get("graph")
    if graph is None or not graph.app_only:
        keys.discard(_BY_APP)  # Exchange has them for a person
    return [check for check in result.checks if check.key in keys]
