"""Settings of mailboxes at the scenario's beginning: replies, junk lists, signatures, protocols, phones."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolkit.practice.audit_records import directory_object
from toolkit.practice.intrusion import FORWARD_TO
from toolkit.practice.last_hour import PHONE_SYNCED, REPLY_TEXT, SIGNATURE
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, Person, people
from toolkit.practice.signin_records import stamp

PROTOCOLS = (
    *("ActiveSyncEnabled", "OWAEnabled", "OWAforDevicesEnabled", "PopEnabled", "ImapEnabled", "MAPIEnabled"),
    *("OutlookMobileEnabled", "MacOutlookEnabled", "UniversalOutlookEnabled"),
)
"""On or off for each mailbox."""
FOLLOWING = ("EwsEnabled", "OneWinNativeOutlookEnabled", "SmtpClientAuthenticationDisabled")
"""On, off, or null: as the organisation has it."""


def auto_replies(instant: datetime) -> dict[str, Record]:
    """`Get-MailboxAutoReplyConfiguration` rows by object id of the user; the intruder set the victim's."""
    return {person.id: _auto_reply(person, instant) for person in people().values() if person.has_mailbox}


def _auto_reply(person: Person, instant: datetime) -> Record:
    victim = person.key == "victim"
    return {
        "Identity": directory_object(person),
        "MailboxOwnerId": person.id,
        "AutoReplyState": "Enabled" if victim else "Disabled",
        "ExternalAudience": "All",
        "InternalMessage": "",
        "ExternalMessage": REPLY_TEXT if victim else "",
        "StartTime": stamp(instant),
        "EndTime": stamp(instant + timedelta(days=1)),
        "AutoDeclineFutureRequestsWhenOOF": False,
        "CreateOOFEvent": False,
        "DeclineAllEventsForScheduledOOF": False,
        "DeclineEventsForScheduledOOF": False,
        "DeclineMeetingMessage": "",
        "EventsToDeleteIDs": None,
        "OOFEventSubject": "",
        "IsValid": True,
    }


def junk_email() -> dict[str, Record]:
    """`Get-MailboxJunkEmailConfiguration` rows; in the victim's, warnings are junk and the intruder is trusted."""
    rows = {}
    for person in (person for person in people().values() if person.has_mailbox):
        victim = person.key == "victim"
        rows[person.id] = {
            "Identity": directory_object(person),
            "MailboxOwnerId": person.id,
            "Enabled": True,
            "TrustedListsOnly": False,
            "ContactsTrusted": False,
            "TrustedSendersAndDomains": ["fair.example", *([FORWARD_TO.partition("@")[2]] if victim else [])],
            "TrustedRecipientsAndDomains": [],
            "BlockedSendersAndDomains": [people()["operator"].mail, "fraud@bank.example"] if victim else [],
            "IsValid": True,
        }
    return rows


def message_configuration() -> dict[str, Record]:
    """`Get-MailboxMessageConfiguration` rows: the signature that new mail gets."""
    rows = {}
    for person in (person for person in people().values() if person.has_mailbox):
        text = SIGNATURE if person.key == "victim" else f"{person.display_name}\r\n{person.job}"
        rows[person.id] = {
            "Identity": directory_object(person),
            "MailboxOwnerId": person.id,
            "AutoAddSignature": True,
            "AutoAddSignatureOnReply": person.key == "victim",
            "AutoAddSignatureOnMobile": False,
            "SignatureHtml": "<div>" + text.replace("\r\n", "<br>") + "</div>",
            "SignatureText": text,
            "SignatureTextOnMobile": "",
            "DefaultFormat": "Html",
            "IsValid": True,
        }
    return rows


def calendars() -> dict[str, Record]:
    """`Get-MailboxCalendarFolder` rows by object id of the user: nobody publishes a calendar."""
    return {
        person.id: {
            "Identity": f"{person.id}:\\Calendar",
            "MailboxOwnerId": person.id,
            "PublishEnabled": False,
            "DetailLevel": "AvailabilityOnly",
            "SearchableUrlEnabled": False,
            "PublishedCalendarUrl": None,
            "PublishedICalUrl": None,
        }
        for person in people().values()
        if person.has_mailbox
    }


def cas_mailboxes() -> dict[str, Record]:
    """`Get-CASMailbox` rows by object id of the user."""
    return {
        person.id: {
            "Identity": directory_object(person),
            "Name": person.id,
            "DisplayName": person.display_name,
            "PrimarySmtpAddress": person.mail,
            "ExternalDirectoryObjectId": person.id,
            "HasActiveSyncDevicePartnership": person.key == "victim",
            **dict.fromkeys(PROTOCOLS, True),
            **dict.fromkeys(FOLLOWING),
            "ECPEnabled": True,
            "EwsAllowOutlook": None,
            "EwsAllowMacOutlook": None,
            "ActiveSyncMailboxPolicy": "Default",
            "OwaMailboxPolicy": "OwaMailboxPolicy-Default",
        }
        for person in people().values()
        if person.has_mailbox
    }


def mobile_devices(instant: datetime) -> list[Record]:
    """`Get-MobileDevice` rows: the victim's own phone, and one that began to synchronise in the last hour."""
    victim = people()["victim"]
    bought = stamp(instant - timedelta(days=290))
    return [
        _mobile(victim, "iPhone", "iPhone 15", "iOS 18.6 22G86", "Outlook", bought),
        _mobile(victim, "Android", "SM-A546B", "Android 14", "EAS", stamp(PHONE_SYNCED)),
        _mobile(people()["director"], "iPhone", "iPhone 16", "iOS 18.6 22G86", "EAS", bought),
    ]


def _mobile(person: Person, kind: str, model: str, system: str, client: str, first: str) -> Record:
    number = DRAW.hexadecimal(32, "mobile", person.key, model)
    device_type = "Outlook" if client == "Outlook" else kind
    name = f"{'REST' if client == 'Outlook' else 'EAS'}§{device_type}§{number}"
    return {
        "Identity": f"{directory_object(person)}/ExchangeActiveSyncDevices/{name}",
        "Name": name,
        "Guid": DRAW.uuid("mobile", person.key, model),
        "FriendlyName": model,
        "DeviceId": number,
        "DeviceType": device_type,
        "DeviceModel": model,
        "DeviceOS": system,
        "DeviceUserAgent": "Outlook-iOS/2.0" if client == "Outlook" else "Android-SAMSUNG-SM-A546B/101.14",
        "ClientType": "REST" if client == "Outlook" else "EAS",
        "DeviceAccessState": "Allowed",
        "DeviceAccessStateReason": "Global",
        "UserDisplayName": directory_object(person),
        "FirstSyncTime": first,
        "IsManaged": False,
        "IsCompliant": False,
        "_mailbox": person.id,
    }
