"""Cmdlets for what the owner of a mailbox sets up: replies, junk lists, signature, published calendar, add-ins."""

from __future__ import annotations

from datetime import datetime

from toolkit.practice.cmdlet_arguments import (
    BAD_VALUE,
    Check,
    changed_list,
    flag,
    mailbox,
    one_of,
    owner_of,
    refused,
    set_checked,
    set_values,
    text,
)
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation

_LISTS = ("TrustedSendersAndDomains", "TrustedRecipientsAndDomains", "BlockedSendersAndDomains")


def get_auto_reply(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MailboxAutoReplyConfiguration"""
    return [_row("auto_replies", parameters, situation)]


def set_auto_reply(parameters: Record, situation: Situation) -> list[Record]:
    """Set-MailboxAutoReplyConfiguration"""
    row = _row("auto_replies", parameters, situation)
    checks: dict[str, Check] = {
        "AutoReplyState": one_of("Enabled", "Disabled", "Scheduled"),
        "ExternalAudience": one_of("None", "Known", "All"),
        "InternalMessage": text,
        "ExternalMessage": text,
        "StartTime": _moment,
        "EndTime": _moment,
    }
    cmdlet = "Set-MailboxAutoReplyConfiguration"
    return set_values(cmdlet, row, parameters, checks, situation, object_id=row["Identity"])


def get_junk_email(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MailboxJunkEmailConfiguration"""
    return [_row("junk_email", parameters, situation)]


def set_junk_email(parameters: Record, situation: Situation) -> list[Record]:
    """Set-MailboxJunkEmailConfiguration"""
    row = _row("junk_email", parameters, situation)
    flags = [name for name in ("Enabled", "TrustedListsOnly", "ContactsTrusted") if name in parameters]
    values: Record = {name: flag(name, parameters[name]) for name in flags}
    values |= {name: changed_list(name, row[name], parameters[name], text) for name in _LISTS if name in parameters}
    cmdlet = "Set-MailboxJunkEmailConfiguration"
    return set_checked(cmdlet, row, parameters, values, situation, object_id=row["Identity"])


def get_message_configuration(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MailboxMessageConfiguration"""
    return [_row("message_configuration", parameters, situation)]


def set_message_configuration(parameters: Record, situation: Situation) -> list[Record]:
    """Set-MailboxMessageConfiguration"""
    row = _row("message_configuration", parameters, situation)
    checks: dict[str, Check] = dict.fromkeys(
        ("AutoAddSignature", "AutoAddSignatureOnReply", "AutoAddSignatureOnMobile"), flag
    )
    checks |= dict.fromkeys(("SignatureHtml", "SignatureText", "SignatureTextOnMobile"), text)
    cmdlet = "Set-MailboxMessageConfiguration"
    return set_values(cmdlet, row, parameters, checks, situation, object_id=row["Identity"])


def get_calendar(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MailboxCalendarFolder"""
    return [_calendar(parameters, situation)]


def set_calendar(parameters: Record, situation: Situation) -> list[Record]:
    """Set-MailboxCalendarFolder"""
    row = _calendar(parameters, situation)
    checks: dict[str, Check] = {
        "PublishEnabled": flag,
        "DetailLevel": one_of("AvailabilityOnly", "LimitedDetails", "FullDetails", "Editor"),
    }
    return set_values("Set-MailboxCalendarFolder", row, parameters, checks, situation, object_id=row["Identity"])


def get_apps(parameters: Record, situation: Situation) -> list[Record]:
    """Get-App: nobody has added an add-in."""
    owner_of(parameters, situation)
    return []


def _row(name: str, parameters: Record, situation: Situation) -> Record:
    found: Record = situation.state[name][mailbox(parameters["Identity"], situation)["ExternalDirectoryObjectId"]]
    return found


def _calendar(parameters: Record, situation: Situation) -> Record:
    who = str(parameters["Identity"]).partition(":")[0]
    found: Record = situation.state["calendars"][mailbox(who, situation)["ExternalDirectoryObjectId"]]
    return found


def _moment(name: str, value: object) -> object:
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        raise refused(f"Cannot convert the value of parameter '{name}' to a date.", BAD_VALUE) from None
    return str(value)
