"""Graph: the report of who registered which authentication methods."""

from __future__ import annotations

from toolkit.practice import odata
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.tenant_state import Situation

PATH = "reports/authenticationMethods/userRegistrationDetails"
_FILTERS = ("id", "userPrincipalName", "userDisplayName", "isAdmin", "isMfaCapable", "isMfaRegistered", "userType")


def list_details(request: Request, situation: Situation, version: str) -> Answer:
    """GET /reports/authenticationMethods/userRegistrationDetails: as the report was last made, hours ago."""
    options = odata.only(request, ("$filter", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), _FILTERS, kinds=False, entity="userRegistrationDetails")
    rows = [row for row in situation.state["registration_report"]["rows"] if test(row)]
    return Answer(200, odata.page(rows, situation.base, version, PATH, options, odata.top(options, 100, 999)))


def get_details(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /reports/authenticationMethods/userRegistrationDetails/{id}: of an account that is enabled."""
    odata.only(request, ())
    for row in situation.state["registration_report"]["rows"]:
        if row["id"] == user_id.lower():
            return Answer(200, {"@odata.context": f"{situation.base}/{version}/$metadata#{PATH}/$entity"} | row)
    raise Refused(404, "ResourceNotFound", f"The registration details of '{user_id}' were not found.")
