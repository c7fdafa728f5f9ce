"""Cmdlets for a mailbox itself: forwarding, on behalf, hold, auditing, protocols, phones."""

from __future__ import annotations

import re

from toolkit.practice.change_records import cmdlet_change
from toolkit.practice.cmdlet_arguments import (
    BAD_VALUE,
    Check,
    changed_list,
    flag,
    flag_or_default,
    limited,
    mailbox,
    named,
    not_found,
    public,
    recipient,
    refused,
    set_checked,
    set_values,
    switch,
    text,
)
from toolkit.practice.mailbox_settings import FOLLOWING, PROTOCOLS
from toolkit.practice.mailboxes import AUDITED
from toolkit.practice.names import Record
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

_MASTERED_ELSEWHERE = (
    "ForwardingAddress",
    "DeliverToMailboxAndForward",
    "GrantSendOnBehalfTo",
    "HiddenFromAddressListsEnabled",
)
"""What directory synchronisation takes from on-premises. Source: observed; attributes of the sync rules."""
_OUT_OF_SCOPE = "Microsoft.Exchange.Configuration.Tasks.InvalidOperationInDehydratedContextException"
_MOST_DAYS = 24855
_DEVICE_KEYS = ("Identity", "Guid", "Name", "DeviceId")


def get_mailbox(parameters: Record, situation: Situation) -> list[Record]:
    """Get-Mailbox"""
    if parameters.get("Identity"):
        return [mailbox(parameters["Identity"], situation)]
    return limited(list(situation.state["mailboxes"].values()), parameters)


def set_mailbox(parameters: Record, situation: Situation) -> list[Record]:
    """Set-Mailbox: all of it or, if one part is refused, nothing."""
    box = mailbox(parameters["Identity"], situation)
    elsewhere = [name for name in _MASTERED_ELSEWHERE if name in parameters]
    if box["IsDirSynced"] and elsewhere:
        raise refused(
            f"The operation on mailbox \"{box['DisplayName']}\" failed because it's out of the current user's write "
            f"scope. The action 'Set-Mailbox', '{elsewhere[0]}', can't be performed on the object "
            f"'{box['DisplayName']}' because the object is being synchronized from your on-premises organization. "
            "This action should be performed on the object in your on-premises organization.",
            _OUT_OF_SCOPE,
        )
    values = _plain_values(parameters)
    if "ForwardingAddress" in parameters:
        values["ForwardingAddress"] = _inside(parameters["ForwardingAddress"], situation)
    if "GrantSendOnBehalfTo" in parameters:
        values["GrantSendOnBehalfTo"] = changed_list(
            "GrantSendOnBehalfTo",
            box["GrantSendOnBehalfTo"],
            parameters["GrantSendOnBehalfTo"],
            lambda name, value: _known(value, situation)["Name"],
        )
    values |= _auditing(box, parameters)
    if "LitigationHoldEnabled" in values and values["LitigationHoldEnabled"] is not box["LitigationHoldEnabled"]:
        on = values["LitigationHoldEnabled"]
        values["LitigationHoldDate"] = stamp(situation.now) if on else None
        values["LitigationHoldOwner"] = situation.operator.upn if on else ""
        situation.warnings.append("The hold setting may take up to 240 minutes to take effect.")
    return set_checked("Set-Mailbox", box, parameters, values, situation, object_id=box["Identity"])


def get_recipient(parameters: Record, situation: Situation) -> list[Record]:
    """Get-Recipient: also by the directory name that rules use."""
    rows = [{name: box[name] for name in _RECIPIENT} for box in situation.state["mailboxes"].values()]
    if parameters.get("Identity"):
        wanted = str(parameters["Identity"])
        found = [row for row in rows if row["LegacyExchangeDN"].lower() == wanted.lower()]
        return found or [{name: mailbox(wanted, situation)[name] for name in _RECIPIENT}]
    return limited(rows, parameters)


_RECIPIENT = (
    *("Identity", "Name", "DisplayName", "Alias", "PrimarySmtpAddress", "RecipientType", "RecipientTypeDetails"),
    *("ExternalDirectoryObjectId", "LegacyExchangeDN"),
)


def get_cas_mailbox(parameters: Record, situation: Situation) -> list[Record]:
    """Get-CASMailbox"""
    rows = situation.state["cas_mailboxes"]
    if parameters.get("Identity"):
        return [rows[mailbox(parameters["Identity"], situation)["ExternalDirectoryObjectId"]]]
    return limited(list(rows.values()), parameters)


def set_cas_mailbox(parameters: Record, situation: Situation) -> list[Record]:
    """Set-CASMailbox"""
    box = mailbox(parameters["Identity"], situation)
    row = situation.state["cas_mailboxes"][box["ExternalDirectoryObjectId"]]
    checks: dict[str, Check] = {**dict.fromkeys(PROTOCOLS, flag), **dict.fromkeys(FOLLOWING, flag_or_default)}
    return set_values("Set-CASMailbox", row, parameters, checks, situation, object_id=box["Identity"])


def get_audit_bypass(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MailboxAuditBypassAssociation: system rows among them, and one row without the flag."""
    rows: list[Record] = situation.state["audit_bypass"]
    if parameters.get("Identity"):
        return [named(rows, parameters["Identity"], ("Identity", "UserPrincipalName"))]
    return limited(rows, parameters)


def set_audit_bypass(parameters: Record, situation: Situation) -> list[Record]:
    """Set-MailboxAuditBypassAssociation"""
    rows = situation.state["audit_bypass"]
    row = named(rows, parameters["Identity"], ("Identity", "UserPrincipalName"))
    values = {"AuditBypassEnabled": flag("AuditBypassEnabled", parameters["AuditBypassEnabled"])}
    if row.get("AuditBypassEnabled") != values["AuditBypassEnabled"]:
        values["WhenChangedUTC"] = stamp(situation.now)
    cmdlet = "Set-MailboxAuditBypassAssociation"
    return set_checked(cmdlet, row, parameters, values, situation, object_id=row["Identity"])


def get_mobile_devices(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MobileDevice"""
    rows = situation.state["mobile_devices"]
    if parameters.get("Identity"):
        return [public(named(rows, parameters["Identity"], _DEVICE_KEYS))]
    if parameters.get("Mailbox"):
        owner = mailbox(parameters["Mailbox"], situation)["ExternalDirectoryObjectId"]
        rows = [row for row in rows if row["_mailbox"] == owner]
    return limited([public(row) for row in rows], parameters)


def remove_mobile_device(parameters: Record, situation: Situation) -> list[Record]:
    """Remove-MobileDevice: the partnership goes, the phone keeps what it has."""
    rows = situation.state["mobile_devices"]
    row = named(rows, parameters["Identity"], _DEVICE_KEYS)
    rows.remove(row)
    cmdlet_change(situation, "Remove-MobileDevice", row["Identity"], parameters)
    return []


def clear_mobile_device(parameters: Record, situation: Situation) -> list[Record]:
    """Clear-MobileDevice: without AccountOnly the whole phone is wiped, except where Outlook holds the account."""
    row = named(situation.state["mobile_devices"], parameters["Identity"], _DEVICE_KEYS)
    account_only = switch(parameters, "AccountOnly") or row["DeviceType"] == "Outlook"
    wipe = {"device": row["Identity"], "account_only": account_only, "cancelled": switch(parameters, "Cancel")}
    if not account_only and not wipe["cancelled"]:
        situation.notes.append("wipes the whole phone")
    situation.state["wipes"].append(wipe | {"time": stamp(situation.now)})
    cmdlet_change(situation, "Clear-MobileDevice", row["Identity"], parameters)
    return []


def forwarding(box: Record) -> str | None:
    """Where mail to the mailbox is forwarded: while both addresses are set, only ForwardingAddress acts."""
    acting: str | None = box["ForwardingAddress"] or box["ForwardingSmtpAddress"]
    return acting


def _plain_values(parameters: Record) -> Record:
    flags = ("AuditEnabled", "DeliverToMailboxAndForward", "HiddenFromAddressListsEnabled", "LitigationHoldEnabled")
    checks: dict[str, Check] = dict.fromkeys(flags, flag)
    checks |= {"LitigationHoldDuration": text, "ForwardingSmtpAddress": _outside, "AuditLogAgeLimit": _age}
    return {name: check(name, parameters[name]) for name, check in checks.items() if name in parameters}


def _outside(name: str, value: object) -> object:
    if value in (None, ""):
        return None
    address = str(value).removeprefix("smtp:").removeprefix("SMTP:")
    if address.count("@") != 1 or address.startswith("@") or address.endswith("@"):
        raise refused(f"The proxy address \"{value}\" of parameter '{name}' is not valid.")
    return f"smtp:{address}"


def _age(name: str, value: object) -> object:
    """Days alone, or days with hours, minutes and seconds, as the service stores them."""
    found = re.fullmatch(r"(\d{1,5})(?:\.(\d\d:\d\d:\d\d))?", str(value))
    if not found or int(found[1]) > _MOST_DAYS:
        raise refused(f"Cannot convert the value of parameter '{name}' to the type EnhancedTimeSpan.", BAD_VALUE)
    return f"{int(found[1])}.{found[2] or '00:00:00'}"


def _inside(value: object, situation: Situation) -> str | None:
    return None if value in (None, "") else str(_known(value, situation)["Identity"])


def _known(value: object, situation: Situation) -> Record:
    found = recipient(value, situation.state)
    if found is None:
        raise not_found(str(value))
    return found


def _auditing(box: Record, parameters: Record) -> Record:
    """A list made by hand leaves DefaultAuditSet; naming a logon type there brings Microsoft's list back."""
    values: Record = {}
    by_default = list(box["DefaultAuditSet"])
    for kind in AUDITED:
        name = f"Audit{kind}"
        if name in parameters:
            values[name] = changed_list(name, box[name], parameters[name], text)
            by_default = [other for other in by_default if other != kind]
    if "DefaultAuditSet" in parameters:
        wanted = changed_list("DefaultAuditSet", by_default, parameters["DefaultAuditSet"], text)
        if not set(wanted) <= set(AUDITED):
            raise refused(f"DefaultAuditSet knows {', '.join(AUDITED)}.")
        values |= {f"Audit{kind}": list(AUDITED[kind]) for kind in wanted}
        by_default = sorted({*by_default, *wanted})
    if by_default != box["DefaultAuditSet"]:
        values["DefaultAuditSet"] = by_default
    return values
