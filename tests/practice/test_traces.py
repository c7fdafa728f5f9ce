"""Every trace of the intruder can be taken away over the wire, and the tenant says which are left."""

from __future__ import annotations

from typing import Any

from tests.practice.analyst import VICTIM, Client, Clock
from toolkit.practice.scenario import CONTOSO_BEC, beginning
from toolkit.practice.traces import TRACES, open_traces

USER = f"/v1.0/users/{VICTIM}"
METHODS = f"{USER}/authentication"
FELIX = "felix.brandt@contoso.com"
YES: dict[str, Any] = {"Confirm": False}


def remove(*values: str) -> dict[str, Any]:
    return {"@odata.type": "#Exchange.GenericHashTable", "remove": list(values)}


def test_all_traces_are_there_at_the_beginning() -> None:
    assert open_traces(beginning(CONTOSO_BEC)) == list(TRACES)


def test_containment_leaves_no_trace(client: Client, clock: Clock) -> None:
    clock.seconds += 60
    who = client.graph("GET", USER).json()["id"]
    left = set(TRACES)

    def gone(*names: str) -> None:
        left.difference_update(names)
        assert set(client.tenant.traces()) == left

    def rows(path: str) -> list[dict[str, Any]]:
        return list(client.graph("GET", path).json()["value"])

    def do(method: str, path: str, body: Any = None) -> None:
        answer = client.graph(method, path, json=body)
        assert answer.ok, answer.text

    def run(cmdlet: str, **parameters: Any) -> None:
        answer = client.cmdlet(cmdlet, **parameters)
        assert answer.status_code == 200, answer.text
        assert answer.json()["@adminapi.warnings"] == []

    password = {"password": "Correct-Horse-7-Battery", "forceChangePasswordNextSignIn": True}
    do("PATCH", USER, {"passwordProfile": password})
    gone("password known")
    do("POST", f"{USER}/revokeSignInSessions")
    gone("session stolen")
    for device in rows(f"{USER}/registeredDevices"):
        if device["trustType"] == "Workplace":
            do("PATCH", f"/v1.0/devices/{device['id']}", {"accountEnabled": False})
    gone("device")
    for name, collection in (("authenticator", "microsoftAuthenticatorMethods"), ("recovery mail", "emailMethods")):
        do("DELETE", f"{METHODS}/{collection}/{rows(f'{METHODS}/{collection}')[-1]['id']}")
        gone(name)
    (grant,) = rows(f"{USER}/oauth2PermissionGrants")
    do("DELETE", f"/v1.0/oauth2PermissionGrants/{grant['id']}")
    gone("consent")
    (assigned,) = rows(f"{USER}/appRoleAssignments")
    do("DELETE", f"{USER}/appRoleAssignments/{assigned['id']}")
    gone("application assigned")
    do("PATCH", f"/v1.0/servicePrincipals/{grant['clientId']}", {"accountEnabled": False})
    gone("application enabled")
    group = next(row for row in rows(f"{USER}/ownedObjects") if row["displayName"] == "Payment Approvals")
    for name, side in (("member of a group", "members"), ("owner of a group", "owners")):
        do("DELETE", f"/v1.0/groups/{group['id']}/{side}/{who}/$ref")
        gone(name)
    run("Remove-RoleGroupMember", Identity="Discovery Management", Member=VICTIM, **YES)
    gone("role group")
    for name, rule in (("hidden rule", "Sync Settings"), ("hiding rule", "."), ("deleting rule", "..")):
        number = str(client.rules()[rule]["RuleIdentity"])
        run("Disable-InboxRule", Mailbox=VICTIM, Identity=number, Force=True, **YES)
        gone(name)
    run("Disable-SweepRule", Mailbox=VICTIM, Identity="Cleanup", **YES)
    gone("sweep rule")
    run("Set-Mailbox", Identity=VICTIM, ForwardingAddress=None, ForwardingSmtpAddress=None)
    gone("forwarding")
    full = {"AccessRights": ["FullAccess"], "InheritanceType": "All"}
    run("Remove-MailboxPermission", Identity=VICTIM, User=FELIX, **full, **YES)
    gone("full access")
    run("Remove-MailboxPermission", Identity="miriam.hoffmann@contoso.com", User=VICTIM, **full, **YES)
    gone("full access elsewhere")
    run("Remove-RecipientPermission", Identity=VICTIM, Trustee=FELIX, AccessRights=["SendAs"], **YES)
    gone("send as")
    run("Set-Mailbox", Identity=VICTIM, GrantSendOnBehalfTo=remove(FELIX))
    gone("send on behalf")
    run("Set-MailboxFolderPermission", Identity=f"{VICTIM}:\\Inbox", User="Default", AccessRights=["None"])
    gone("inbox open to all")
    run("Remove-MailboxFolderPermission", Identity=f"{VICTIM}:\\Inbox", User=FELIX, **YES)
    gone("inbox open to one")
    run("Set-MailboxAutoReplyConfiguration", Identity=VICTIM, AutoReplyState="Disabled")
    gone("automatic reply")
    junk = {"TrustedSendersAndDomains": remove("contoso-invoices.example"), "BlockedSendersAndDomains": None}
    run("Set-MailboxJunkEmailConfiguration", Identity=VICTIM, **junk)
    gone("trusted sender", "blocked senders")
    run("Set-MailboxMessageConfiguration", Identity=VICTIM, SignatureText="Katrin Vogel")
    gone("signature")
    phones = client.cmdlet("Get-MobileDevice", Mailbox=VICTIM).json()["value"]
    run("Remove-MobileDevice", Identity=phones[-1]["Identity"], **YES)
    gone("phone")
    run("Disable-TransportRule", Identity="Mail archive", **YES)
    gone("transport rule")
    run("Set-InboundConnector", Identity="Scanner relay", Enabled=False)
    gone("connector")
    run("Set-MailboxAuditBypassAssociation", Identity=VICTIM, AuditBypassEnabled=False)
    gone("auditing bypassed")
    run("Set-Mailbox", Identity=VICTIM, AuditEnabled=True, DefaultAuditSet=["Admin", "Delegate", "Owner"])
    gone("audited acts cut")
    run("Remove-BlockedSenderAddress", SenderAddress=VICTIM)
    gone("restricted from sending")
    assert client.tenant.traces() == []
    assert all(line["changed"] for line in client.tenant.writes())
