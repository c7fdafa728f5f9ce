"""Microsoft Graph as far as this practice tenant speaks it: which path goes where, and the reports."""

from __future__ import annotations

import re
from collections.abc import Callable

from toolkit.practice import graph_users, odata
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.signin_records import as_v1
from toolkit.practice.tenant_state import Situation

Handler = Callable[..., Answer]
READS = ("GET", "HEAD")
_SIGN_IN_FILTERS = (
    "userId",
    "userPrincipalName",
    "createdDateTime",
    "ipAddress",
    "appId",
    "appDisplayName",
    "id",
    "status/errorCode",
)


def list_sign_ins(request: Request, situation: Situation, version: str) -> Answer:
    """GET /auditLogs/signIns: newest first; without a kind in the filter, interactive ones only."""
    beta = version == "beta"
    allowed = ("$filter", "$top", "$skiptoken", "$orderby", "$orderBy", *(("$select",) if beta else ()))
    options = odata.only(request, allowed)
    text = options.get("$filter")
    test = odata.test_of(text, _SIGN_IN_FILTERS, kinds=beta, entity="signIn")
    asked = "signInEventTypes" in (text or "")
    records = [record for record in situation.scenario.sign_ins if (asked or record["isInteractive"]) and test(record)]
    order = options.get("$orderby", options.get("$orderBy", "createdDateTime desc")).lower().split()
    if order[0] != "createddatetime":
        raise odata.bad("Only createdDateTime can be ordered by.")
    if order[1:] != ["desc"]:
        records.reverse()
    shown = records if beta else [as_v1(record) for record in records]
    size = odata.top(options, 1000, 1000)
    page = odata.page(shown, situation.base, version, "auditLogs/signIns", options, size)
    wanted = options.get("$select")
    if wanted and shown:
        page["value"] = [odata.select(record, wanted, shown[0], "signIn") for record in page["value"]]
    return Answer(200, page)


def get_sign_in(request: Request, situation: Situation, version: str, sign_in_id: str) -> Answer:
    """GET /auditLogs/signIns/{id}"""
    for record in situation.scenario.sign_ins:
        if record["id"] == sign_in_id:
            context = f"{situation.base}/{version}/$metadata#auditLogs/signIns/$entity"
            return Answer(200, {"@odata.context": context} | (record if version == "beta" else as_v1(record)))
    raise Refused(404, "ResourceNotFound", f"The sign-in '{sign_in_id}' was not found.")


def list_secure_scores(request: Request, situation: Situation, version: str) -> Answer:
    """GET /security/secureScores: newest first."""
    options = odata.only(request, ("$top", "$skiptoken"))
    records, path = situation.scenario.secure_scores, "security/secureScores"
    return Answer(200, odata.page(records, situation.base, version, path, options, odata.top(options, 90, 1000)))


def list_control_profiles(request: Request, situation: Situation, version: str) -> Answer:
    """GET /security/secureScoreControlProfiles"""
    options = odata.only(request, ("$top", "$skiptoken"))
    records, path = situation.scenario.control_profiles, "security/secureScoreControlProfiles"
    size = odata.top(options, 20, 1000)
    return Answer(200, odata.page(records, situation.base, version, path, options, size))


def list_organization(request: Request, situation: Situation, version: str) -> Answer:
    """GET /organization"""
    odata.only(request, ())
    context = f"{situation.base}/{version}/$metadata#organization"
    return Answer(200, {"@odata.context": context, "value": [situation.scenario.organization]})


def list_domains(request: Request, situation: Situation, version: str) -> Answer:
    """GET /domains"""
    odata.only(request, ())
    context = f"{situation.base}/{version}/$metadata#domains"
    return Answer(200, {"@odata.context": context, "value": list(situation.scenario.domains)})


def get_domain(request: Request, situation: Situation, version: str, name: str) -> Answer:
    """GET /domains/{name}"""
    odata.only(request, ())
    for domain in situation.scenario.domains:
        if domain["id"] == name.lower():
            context = f"{situation.base}/{version}/$metadata#domains/$entity"
            return Answer(200, {"@odata.context": context} | domain)
    raise odata.missing(name)


ROUTES: tuple[tuple[str, str, dict[str, Handler]], ...] = (
    ("", "users", {"GET": graph_users.list_users}),
    ("", "users/{id}", {"GET": graph_users.get_user, "PATCH": graph_users.update_user}),
    ("", "users/{id}/revokeSignInSessions", {"POST": graph_users.revoke_sessions}),
    ("", "users/{id}/authentication/methods", {"GET": graph_users.list_methods}),
    (
        "beta",
        "users/{id}/authentication/requirements",
        {"GET": graph_users.get_requirements, "PATCH": graph_users.update_requirements},
    ),
    ("", "auditLogs/signIns", {"GET": list_sign_ins}),
    ("", "auditLogs/signIns/{id}", {"GET": get_sign_in}),
    ("", "security/secureScores", {"GET": list_secure_scores}),
    ("", "security/secureScoreControlProfiles", {"GET": list_control_profiles}),
    ("", "organization", {"GET": list_organization}),
    ("", "domains", {"GET": list_domains}),
    ("", "domains/{id}", {"GET": get_domain}),
)
"""Version it exists in ("" for both), path, methods."""


def answer(request: Request, situation: Situation) -> Answer:
    """The answer to a Graph request below `/v1.0/` or `/beta/`. Raises `Refused`."""
    _, version, *segments = request.path.rstrip("/").split("/")
    for only_in, template, methods in ROUTES:
        found = _match(template, segments)
        if found is None or only_in not in ("", version):
            continue
        handler = methods.get(request.method)
        if handler is None:
            raise Refused(
                405,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
                headers={"Allow": ", ".join(methods)},
            )
        return handler(request, situation, version, *found)
    raise Refused(404, "ResourceNotFound", f"Resource not found for the segment '{segments[-1] if segments else ''}'.")


def _match(template: str, segments: list[str]) -> list[str] | None:
    parts = template.split("/")
    if len(parts) != len(segments):
        return None
    values: list[str] = []
    for part, segment in zip(parts, segments, strict=True):
        if re.fullmatch(r"\{\w+\}", part):
            values.append(segment)
        elif part.lower() != segment.lower():
            return None
    return values
