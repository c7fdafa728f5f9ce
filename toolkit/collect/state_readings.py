"""What a collection reads of a state besides what containment and hardening look at: evidence that nothing acts on.

Containment has little time for its snapshot, so these are read by a collection alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from toolkit.collect.window import text_of
from toolkit.contain.readings import READINGS, Reading, from_exchange, from_graph
from toolkit.contain.target import Target
from toolkit.errors import TenantAnswer
from toolkit.harden.readings import READINGS as OF_ORGANISATION
from toolkit.tenant import Rows, Tenant
from toolkit.tenant.tokens import claims_of

NEW = timedelta(days=30)
"""How young an enterprise application is that is listed; Entra keeps its log of changes for as long."""
CALENDARS = "IPF.Appointment"


def _calendars(tenant: Tenant, target: Target) -> Rows:
    """Whether each calendar is published: of every folder that is one, whatever the mailbox's language calls it."""
    anchor = target.user_principal_name
    folders = tenant.exchange.read_part("Get-MailboxFolderStatistics", {"Identity": target.object_id}, anchor)
    rows, date, cut = [], folders.date, folders.cut
    for folder in folders.rows:
        if str(folder.get("FolderType")) != "Calendar" and str(folder.get("ContainerClass")) != CALENDARS:
            continue
        path = str(folder.get("FolderPath") or "").replace("/", "\\")
        asked = {"Identity": f"{target.object_id}:{path}"}
        found = tenant.exchange.read_part("Get-MailboxCalendarFolder", asked, anchor)
        rows += [{**row, "Folder": path} for row in found.rows]
        date, cut = found.date, cut or found.cut
    return Rows(rows, date, cut)


def _new_applications(tenant: Tenant, target: Target) -> Rows:
    """Enterprise applications that came in the last thirty days, by the log of changes; `Added` says when.

    The directory itself does not tell when one was made. One that is gone again is a row with its id and name alone.
    """
    now = tenant.graph.get("/organization").date
    since = f" and activityDateTime ge {text_of(now - NEW)}" if now is not None else ""
    query = {"$filter": f"activityDisplayName eq 'Add service principal'{since}"}
    added = tenant.graph.rows("/auditLogs/directoryAudits", query=query)
    rows: dict[str, dict[str, Any]] = {}
    for record in added.rows:
        for about in record.get("targetResources") or []:
            number = str(about.get("id") or "")
            if about.get("type") == "ServicePrincipal" and number and number not in rows:
                rows[number] = {"Added": record.get("activityDateTime"), **_principal(tenant, number, about)}
    return Rows(list(rows.values()), added.date)


def _principal(tenant: Tenant, number: str, about: dict[str, Any]) -> dict[str, Any]:
    try:
        return tenant.graph.get(f"/servicePrincipals/{number}").data
    except TenantAnswer as error:
        if error.status != 404:
            raise
        return {"id": number, "displayName": about.get("displayName")}


FURTHER: dict[str, Reading] = {
    "inbox rules by Graph": Reading(
        "Inbox rules by Microsoft Graph", from_graph("/users/{id}/mailFolders/inbox/messageRules")
    ),
    "published calendars": Reading("Published calendars", _calendars),
    "add-ins": Reading("Add-ins of the mailbox", from_exchange("Get-App", "Mailbox")),
    "eligible roles": Reading(
        "Directory roles it may activate",
        from_graph(
            "/roleManagement/directory/roleEligibilityScheduleInstances",
            query={"$filter": "principalId eq '{id}'", "$expand": "roleDefinition"},
        ),
    ),
}
FURTHER_OF_ORGANISATION: dict[str, Reading] = {
    "accepted domains": Reading("the domains of its mail", from_exchange("Get-AcceptedDomain", ""), of_tenant=True),
    "named locations": Reading(
        "named locations", from_graph("/identity/conditionalAccess/namedLocations"), of_tenant=True
    ),
    "new applications": Reading("enterprise applications of the last 30 days", _new_applications, of_tenant=True),
}
BY_APP = ("inbox rules by Graph",)
"""Lists that Graph gives to an app on its own, and to a person of the own mailbox only; Exchange has them anyway."""
OF_THE_ACCOUNT: dict[str, Reading] = {**READINGS, **FURTHER}
OF_THE_ORGANISATION: dict[str, Reading] = {**OF_ORGANISATION, **FURTHER_OF_ORGANISATION}
"""All lists that a collection reads, by the names that a snapshot has them under."""


def readings_for(tenant: Tenant, target: Target) -> dict[str, Reading]:
    """The lists of the account that whoever signed in can be given at all."""
    own = target.object_id.lower() == tenant.operator.object_id.lower()
    alone = "scp" not in claims_of(tenant.tokens.token("graph"))
    return {name: one for name, one in OF_THE_ACCOUNT.items() if own or alone or name not in BY_APP}
