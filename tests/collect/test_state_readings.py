"""What the playbook wants read of a state (1.1 and 1.2), written down here, against what a collection reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.contain.room import VICTIM, Room
from toolkit.collect.consented import FURTHER_TAKEN
from toolkit.collect.ledger import NOT_AVAILABLE, UNCONFIRMED, Line
from toolkit.collect.state import ACCOUNT, collect_state
from toolkit.collect.state_readings import BY_APP, OF_THE_ACCOUNT, OF_THE_ORGANISATION, readings_for
from toolkit.contain import resolve
from toolkit.contain.readings import APPLICATION, FOR_EVERYBODY, READINGS
from toolkit.contain.snapshot import TAKEN
from toolkit.practice.faults import Fault
from toolkit.practice.http import Refused

OF_THE_PLAYBOOK = {
    "Get-InboxRule", "Get-SweepRule", "Get-Mailbox", "Get-CASMailbox", "Get-MailboxPermission",
    "Get-RecipientPermission", "Get-MailboxFolderPermission", "Get-MailboxCalendarFolder",
    "Get-MailboxAutoReplyConfiguration", "Get-MailboxMessageConfiguration", "Get-MailboxJunkEmailConfiguration",
    "Get-MobileDevice", "Get-App", "Get-BlockedSenderAddress", "Get-MailboxAuditBypassAssociation",
    "Get-TransportRule", "Get-InboundConnector", "Get-OutboundConnector", "Get-RemoteDomain",
    "Get-HostedOutboundSpamFilterPolicy", "Get-OrganizationConfig", "Get-AdminAuditLogConfig", "Get-AcceptedDomain",
    "Get-RoleGroup",
    "/authentication/methods", "/registeredDevices", "/ownedDevices", "/oauth2PermissionGrants", "/appRoleAssignments",
    "/memberOf", "/roleManagement/directory/roleAssignments",
    "/roleManagement/directory/roleEligibilityScheduleInstances", "/ownedObjects", "/identityProtection/riskyUsers",
    "/identity/conditionalAccess/policies", "/identity/conditionalAccess/namedLocations", "/domains",
    "/auditLogs/directoryAudits", "/servicePrincipals/",
}  # fmt: skip


def test_a_collection_reads_every_list_that_the_playbook_names(room: Room) -> None:
    lines = collect_state(room.case, room.tenant, [VICTIM])
    asked = [f"{r['path']} {r['cmdlet'] or ''}" for r in room.service.requests()]
    assert {one for one in OF_THE_PLAYBOOK if not any(one in line for line in asked)} == set()
    assert {line.state for line in lines} == {UNCONFIRMED}
    assert room.writes() == []
    known = {one.title for one in (*OF_THE_ACCOUNT.values(), *OF_THE_ORGANISATION.values())}
    assert {line.road for line in lines} == known - {OF_THE_ACCOUNT[name].title for name in BY_APP}
    by_road = {line.road: line.records for line in lines}
    assert by_road["Published calendars"] == 1
    assert by_road["Directory roles it may activate"] == 1
    assert by_road["the domains of its mail"] == 3
    assert by_road["named locations"] == 2
    assert by_road["enterprise applications of the last 30 days"] == 1
    # Kept like any snapshot; containment's own is no slower for it.
    (kept,) = room.case.journal.entries(FURTHER_TAKEN)
    found = json.loads((Path(room.case.folder) / kept.fields["file"]).read_text("utf-8"))["found"]
    assert found["new applications"][0]["displayName"] == "Mail Archive Sync"
    assert not set(READINGS) & {"add-ins", "eligible roles", "published calendars"}


def test_a_consent_that_was_given_for_everybody_is_in_the_state_with_the_name_of_its_application(room: Room) -> None:
    def given(state: dict[str, Any]) -> None:
        [own] = [grant for grant in state["grants"] if grant["principalId"] == room.user()["id"]]
        state["grants"].append(own | {"id": "given", "consentType": "AllPrincipals", "principalId": None})

    room.service.change_behind(given)
    lines = collect_state(room.case, room.tenant, [VICTIM], of=(ACCOUNT,))
    [line] = [line for line in lines if line.road == "Consents for everybody"]
    assert (line.state, line.records) == (UNCONFIRMED, 2)
    (kept,) = room.case.journal.entries(TAKEN)
    found = json.loads((Path(room.case.folder) / kept.fields["file"]).read_text("utf-8"))["found"]
    [new] = [row for row in found[FOR_EVERYBODY] if row["id"] == "given"]
    assert new[APPLICATION]["displayName"] == "Mail Archive Sync"
    assert "Mail.Read" in new["scope"]
    assert READINGS[FOR_EVERYBODY].of_tenant


def test_rules_by_graph_are_asked_for_where_an_app_or_the_owner_signed_in(room: Room) -> None:
    assert BY_APP[0] not in readings_for(room.tenant, resolve(room.tenant, VICTIM))
    assert BY_APP[0] in readings_for(room.tenant, resolve(room.tenant, room.tenant.operator.user_principal_name))


def test_without_the_licence_eligible_roles_are_not_available_and_the_rest_is_read(room: Room) -> None:
    refused = Refused(400, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2.")
    room.service._faults.order(Fault("roleEligibilityScheduleInstances", refusal=refused))
    lines: list[Line] = collect_state(room.case, room.tenant, [VICTIM])
    [lacking] = [line for line in lines if line.state != UNCONFIRMED]
    assert (lacking.road, lacking.state) == ("Directory roles it may activate", NOT_AVAILABLE)
    assert "AadPremiumLicenseRequired" in lacking.reason
