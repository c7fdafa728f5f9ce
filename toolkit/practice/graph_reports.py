"""Graph: sign-ins, and what the tenant says of itself."""

from __future__ import annotations

from datetime import timedelta

from toolkit.practice import odata
from toolkit.practice.app_sign_ins import app_sign_ins
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.services import lacks, services
from toolkit.practice.signin_records import as_v1, stamp
from toolkit.practice.tenant_state import Situation

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
    records = [record for record in _kept(situation) if (asked or record["isInteractive"]) and test(record)]
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
    for record in _kept(situation):
        if record["id"] == sign_in_id:
            context = f"{situation.base}/{version}/$metadata#auditLogs/signIns/$entity"
            return Answer(200, {"@odata.context": context} | (record if version == "beta" else as_v1(record)))
    raise Refused(404, "ResourceNotFound", f"The sign-in '{sign_in_id}' was not found.")


def _kept(situation: Situation) -> list[Record]:
    """All sign-ins that can be found, each kind by itself newest first. Raises `Refused` without Entra ID P1."""
    if lacks(situation, "p1"):
        text = "Neither tenant is B2C or tenant doesn't have premium license"
        raise Refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", text)
    found = [*situation.state["sign_ins"], *situation.scenario.sign_ins, *app_sign_ins()]
    days, late = services(situation)["sign_in_days"], situation.memory.delay
    if days:
        first = stamp(situation.now - timedelta(days=days))
        found = [record for record in found if record["createdDateTime"] >= first]
    return [
        record
        for record in found
        if not late(record["id"])
        or stamp(situation.now - timedelta(seconds=late(record["id"]))) >= record["createdDateTime"]
    ]


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
