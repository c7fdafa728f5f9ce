"""Cmdlets for the organisation: mail flow, restricted senders, auditing, role groups."""

from __future__ import annotations

from toolkit.practice import mail_flow
from toolkit.practice.change_records import cmdlet_change
from toolkit.practice.cmdlet_arguments import (
    Check,
    flag,
    limited,
    mailbox,
    named,
    one_of,
    public,
    refused,
    set_checked,
    set_values,
)
from toolkit.practice.names import Record
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

UNBLOCKS = 3
"""How often one sender can be unblocked; then only Microsoft's support helps. The real number is not published."""
AUDIT_ANCHOR = "8cc370d3-822a-4ab8-a926-bb94bd0641a9"
"""The system mailbox that Set-AdminAuditLogConfig must be routed to. Source: observed."""
_KEYS = ("Identity", "Name", "Guid")
_MEMBER_THERE = "Microsoft.Exchange.Management.Tasks.MemberAlreadyExistsException"
_NO_MEMBER = "Microsoft.Exchange.Management.Tasks.MemberNotFoundException"


def get_transport_rules(parameters: Record, situation: Situation) -> list[Record]:
    """Get-TransportRule"""
    rows = _listed("transport_rules", parameters, situation)
    state = parameters.get("State")
    return [row for row in rows if state is None or row["State"].lower() == str(state).lower()]


def disable_transport_rule(parameters: Record, situation: Situation) -> list[Record]:
    """Disable-TransportRule"""
    return _switch_rule("Disable-TransportRule", parameters, situation, {"State": "Disabled"})


def enable_transport_rule(parameters: Record, situation: Situation) -> list[Record]:
    """Enable-TransportRule"""
    values: Record = {"State": "Enabled"}
    if "Mode" in parameters:
        values["Mode"] = one_of("Audit", "AuditAndNotify", "Enforce")("Mode", parameters["Mode"])
    return _switch_rule("Enable-TransportRule", parameters, situation, values)


def get_inbound(parameters: Record, situation: Situation) -> list[Record]:
    """Get-InboundConnector"""
    return _listed("inbound_connectors", parameters, situation)


def set_inbound(parameters: Record, situation: Situation) -> list[Record]:
    """Set-InboundConnector"""
    return _set_connector("Set-InboundConnector", "inbound_connectors", parameters, situation)


def get_outbound(parameters: Record, situation: Situation) -> list[Record]:
    """Get-OutboundConnector"""
    return _listed("outbound_connectors", parameters, situation)


def set_outbound(parameters: Record, situation: Situation) -> list[Record]:
    """Set-OutboundConnector"""
    return _set_connector("Set-OutboundConnector", "outbound_connectors", parameters, situation)


def get_remote_domains(parameters: Record, situation: Situation) -> list[Record]:
    """Get-RemoteDomain"""
    return _listed("remote_domains", parameters, situation)


def get_transport_config(parameters: Record, situation: Situation) -> list[Record]:
    """Get-TransportConfig"""
    return [mail_flow.transport_config()]


def get_external_in_outlook(parameters: Record, situation: Situation) -> list[Record]:
    """Get-ExternalInOutlook"""
    return [mail_flow.external_in_outlook()]


def get_outbound_spam(parameters: Record, situation: Situation) -> list[Record]:
    """Get-HostedOutboundSpamFilterPolicy"""
    return _listed("outbound_spam_policies", parameters, situation)


def get_accepted_domains(parameters: Record, situation: Situation) -> list[Record]:
    """Get-AcceptedDomain"""
    return _listed("accepted_domains", parameters, situation)


def get_blocked_senders(parameters: Record, situation: Situation) -> list[Record]:
    """Get-BlockedSenderAddress: a mailbox of the tenant is listed by its user principal name."""
    wanted = str(parameters.get("SenderAddress") or "").lower()
    rows = situation.state["blocked_senders"]
    return [row for row in rows if not wanted or row["SenderAddress"].lower() == wanted]


def remove_blocked_sender(parameters: Record, situation: Situation) -> list[Record]:
    """Remove-BlockedSenderAddress: by the address as it is listed, and only so often."""
    rows, unblocked = situation.state["blocked_senders"], situation.state["unblocked"]
    row = named(rows, parameters["SenderAddress"], ("SenderAddress",))
    address = row["SenderAddress"]
    if unblocked.get(address, 0) >= UNBLOCKS:
        raise refused(f"The sender '{address}' was unblocked too many times. Contact support to unblock it.")
    unblocked[address] = unblocked.get(address, 0) + 1
    rows.remove(row)
    cmdlet_change(situation, "Remove-BlockedSenderAddress", address, parameters)
    return []


def get_organization_config(parameters: Record, situation: Situation) -> list[Record]:
    """Get-OrganizationConfig"""
    return [situation.state["organization_config"]]


def set_organization_config(parameters: Record, situation: Situation) -> list[Record]:
    """Set-OrganizationConfig"""
    row = situation.state["organization_config"]
    checks: dict[str, Check] = {"AuditDisabled": flag}
    return set_values("Set-OrganizationConfig", row, parameters, checks, situation, object_id=row["Identity"])


def get_audit_config(parameters: Record, situation: Situation) -> list[Record]:
    """Get-AdminAuditLogConfig"""
    return [situation.state["admin_audit_log_config"]]


def set_audit_config(parameters: Record, situation: Situation) -> list[Record]:
    """Set-AdminAuditLogConfig: must be routed to a system mailbox of its own."""
    if AUDIT_ANCHOR not in situation.anchor:
        raise refused("The cmdlet was not routed to the mailbox that holds the audit configuration.")
    row = situation.state["admin_audit_log_config"]
    checks: dict[str, Check] = {"UnifiedAuditLogIngestionEnabled": flag}
    return set_values("Set-AdminAuditLogConfig", row, parameters, checks, situation, object_id=row["Identity"])


def get_role_groups(parameters: Record, situation: Situation) -> list[Record]:
    """Get-RoleGroup"""
    return [public(row) for row in _listed("role_groups", parameters, situation)]


def get_role_group_members(parameters: Record, situation: Situation) -> list[Record]:
    """Get-RoleGroupMember"""
    group = named(situation.state["role_groups"], parameters["Identity"], _KEYS)
    boxes = situation.state["mailboxes"]
    rows = [{name: boxes[one][name] for name in _MEMBER} for one in group["_members"] if one in boxes]
    return limited(rows, parameters)


_MEMBER = (
    *("Identity", "Name", "DisplayName", "Alias", "PrimarySmtpAddress", "RecipientType"),
    "ExternalDirectoryObjectId",
)


def add_role_group_member(parameters: Record, situation: Situation) -> list[Record]:
    """Add-RoleGroupMember: a member is refused."""
    group, box = _group_and_member(parameters, situation)
    if box["ExternalDirectoryObjectId"] in group["_members"]:
        text = f'The recipient "{box["Name"]}" is already a member of the group "{group["Name"]}".'
        raise refused(text, _MEMBER_THERE)
    group["_members"].append(box["ExternalDirectoryObjectId"])
    cmdlet_change(situation, "Add-RoleGroupMember", group["Identity"], parameters)
    return []


def remove_role_group_member(parameters: Record, situation: Situation) -> list[Record]:
    """Remove-RoleGroupMember: somebody who is no member is refused."""
    group, box = _group_and_member(parameters, situation)
    if box["ExternalDirectoryObjectId"] not in group["_members"]:
        raise refused(f'The recipient "{box["Name"]}" isn\'t a member of the group "{group["Name"]}".', _NO_MEMBER)
    group["_members"].remove(box["ExternalDirectoryObjectId"])
    cmdlet_change(situation, "Remove-RoleGroupMember", group["Identity"], parameters)
    return []


def _listed(name: str, parameters: Record, situation: Situation) -> list[Record]:
    rows: list[Record] = situation.state[name]
    if parameters.get("Identity"):
        return [named(rows, parameters["Identity"], _KEYS)]
    return limited(rows, parameters)


def _switch_rule(cmdlet: str, parameters: Record, situation: Situation, values: Record) -> list[Record]:
    row = named(situation.state["transport_rules"], parameters["Identity"], _KEYS)
    if any(row[name] != value for name, value in values.items()):
        values = values | {"WhenChanged": stamp(situation.now), "LastModifiedBy": situation.operator.upn}
    return set_checked(cmdlet, row, parameters, values, situation, object_id=row["Identity"])


def _set_connector(cmdlet: str, name: str, parameters: Record, situation: Situation) -> list[Record]:
    row = named(situation.state[name], parameters["Identity"], _KEYS)
    values = {key: flag(key, parameters[key]) for key in ("Enabled",) if key in parameters}
    if any(row[key] != value for key, value in values.items()):
        values["WhenChangedUTC"] = stamp(situation.now)
    return set_checked(cmdlet, row, parameters, values, situation, object_id=row["Identity"])


def _group_and_member(parameters: Record, situation: Situation) -> tuple[Record, Record]:
    group = named(situation.state["role_groups"], parameters["Identity"], _KEYS)
    return group, mailbox(parameters["Member"], situation)
