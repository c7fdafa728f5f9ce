"""What auditing is set to, as it was read: from the tenant (a state), or from files in the case.

One form for both, so that one truth table serves a live case and one of files alone. A setting that was not read
carries the reason, and how to get it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd

from toolkit.case import Case
from toolkit.contain.actions.auditing import LOGON_TYPES, days
from toolkit.contain.snapshot import Snapshot
from toolkit.harden.empty_answers import empty_answer
from toolkit.harden.inputs import flag, settings

PREMIUM_PLAN = "M365_ADVANCED_AUDITING"
TEN_YEARS = "10_ALR_ADDON"
PREMIUM_CAPABILITIES = frozenset({"bpos_s_equivioanalytics", "m365auditing"})
HOW: Mapping[str, str] = {
    "organisation settings": "Get-OrganizationConfig | ConvertTo-Json -Depth 5 > organisation.json",
    "unified auditing": "Get-AdminAuditLogConfig | ConvertTo-Json -Depth 5 > auditlog.json",
    "mailboxes": "Get-Mailbox -ResultSize Unlimited | ConvertTo-Json -Depth 5 > mailboxes.json",
    "audit bypass": "Get-MailboxAuditBypassAssociation -ResultSize Unlimited | ConvertTo-Json -Depth 5 > bypass.json",
    "licences": "GET https://graph.microsoft.com/v1.0/subscribedSkus, saved as JSON",
}
Row = dict[str, Any]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Flag:
    """A switch as it was read: `on` is None where it was not, and `why` says so; `source` is tenant or file."""

    on: bool | None
    source: str = ""
    why: str = ""


@dataclass(frozen=True)
class Mailbox:
    """The audit settings of one mailbox; None where the reading does not say.

    `managed` are the logon types whose actions Microsoft manages, `lists` the actions by logon type, `premium`
    whether its licences have Audit (Premium).
    """

    object_id: str
    name: str
    kind: str = ""
    enabled: bool | None = None
    managed: frozenset[str] | None = None
    lists: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    age: int | None = None
    premium: bool | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.object_id.lower(), self.name.lower()} - {""})


@dataclass(frozen=True)
class Bypass:
    """An association of one account; `on` is None where the row does not say (which is not the same as no)."""

    identity: str
    name: str
    on: bool | None


@dataclass(frozen=True)
class Licence:
    """A subscription: its name, how many are in use, and whether it has Audit (Premium) or the ten years."""

    name: str
    used: int
    active: bool
    premium: bool
    ten_years: bool


@dataclass(frozen=True)
class AuditSettings:
    """Everything that was read. A list is None where it was not read; `why` (by reading) then says the reason.

    `source` (by reading) is tenant or file; `taken` (UTC, ISO 8601) when the tenant was read, "" for files.
    """

    mailbox_auditing: Flag
    searchable_log: Flag
    mailboxes: list[Mailbox] | None
    bypasses: list[Bypass] | None
    licences: list[Licence] | None
    why: dict[str, str]
    source: dict[str, str]
    taken: str = ""


def audit_settings(case: Case, state: Snapshot | None = None) -> AuditSettings:
    """The settings from `state` (see `harden.read_state`); what it lacks, from the case's files."""
    found: dict[str, list[Row] | None] = {}
    why: dict[str, str] = {}
    source: dict[str, str] = {}
    for reading in HOW:
        if state is not None and reading in state.found:
            found[reading], source[reading] = state.rows(reading), "tenant"
            continue
        rows = _file_rows(case, reading)
        if rows or empty_answer(case, reading):
            found[reading], source[reading] = rows, "file"
        else:
            found[reading] = None
            problem = state.problems.get(reading, "it was not asked for") if state is not None else ""
            why[reading] = problem or f"no file of this case has it; in Exchange Online PowerShell: {HOW[reading]}"
            if not problem and reading == "licences":
                why[reading] = f"no file of this case has it: {HOW[reading]}"
    names: dict[str, str] = {}
    for row in found["mailboxes"] or []:
        name = text(row.get("UserPrincipalName")) or text(row.get("PrimarySmtpAddress"))
        names |= {text(row.get(key)).lower(): name for key in ("ExternalDirectoryObjectId", "Name", "Identity")}
    names.pop("", None)
    return AuditSettings(
        _flag(found["organisation settings"], "AuditDisabled", "organisation settings", why, source, turned=True),
        _flag(found["unified auditing"], "UnifiedAuditLogIngestionEnabled", "unified auditing", why, source),
        _each(found["mailboxes"], _mailbox),
        _each(found["audit bypass"], lambda row: _bypass(row, names)),
        _each(found["licences"], _licence),
        why,
        source,
        state.taken if state is not None else "",
    )


def _flag(
    rows: list[Row] | None,
    name: str,
    reading: str,
    why: dict[str, str],
    source: dict[str, str],
    *,
    turned: bool = False,
) -> Flag:
    """The switch of the organisation; files of different days may contradict each other."""
    if rows is None:
        return Flag(None, "", why[reading])
    said = {flag(value_of(row, name)) for row in rows}
    if len(said) != 1 or None in said:
        both = {True, False} <= said
        reason = f"the files of this case say both: export it again ({HOW[reading]})" if both else f"{name} is missing"
        return Flag(None, source[reading], reason)
    (on,) = said
    return Flag(bool(on) != turned, source[reading])


def _each(rows: list[Row] | None, make: Callable[[Row], Made]) -> list[Made] | None:
    return None if rows is None else [make(row) for row in rows]


def _mailbox(row: Row) -> Mailbox:
    name = text(row.get("UserPrincipalName")) or text(row.get("PrimarySmtpAddress")) or text(row.get("DisplayName"))
    held = words(row.get("PersistedCapabilities"))
    return Mailbox(
        object_id=text(row.get("ExternalDirectoryObjectId")) or name,
        name=name,
        kind=text(row.get("RecipientTypeDetails")),
        enabled=flag(row.get("AuditEnabled")),
        managed=words(row.get("DefaultAuditSet")),
        lists={kind: words(row.get(f"Audit{kind}")) for kind in LOGON_TYPES},
        age=days(row.get("AuditLogAgeLimit")),
        premium=None if held is None else bool(lowered(held) & PREMIUM_CAPABILITIES),
    )


def _bypass(row: Row, names: Mapping[str, str]) -> Bypass:
    """An association; who it is about is told by its own name, or by the mailbox of that id."""
    get = {name: text(value_of(row, name)) for name in ("Guid", "Identity", "Name", "UserPrincipalName")}
    name = get["UserPrincipalName"] or names.get(get["Name"].lower()) or names.get(get["Identity"].lower(), "")
    identity = get["Guid"] or get["Identity"] or get["Name"]
    return Bypass(identity, name or get["Name"] or identity, flag(value_of(row, "AuditBypassEnabled")))


def _licence(row: Row) -> Licence:
    plans = [p for p in row.get("servicePlans") or [] if isinstance(p, dict)]
    here = {text(p.get("servicePlanName")).upper() for p in plans if p.get("provisioningStatus") != "Disabled"}
    name = text(row.get("skuPartNumber"))
    used = row.get("consumedUnits")
    return Licence(
        name,
        used if isinstance(used, int) else 0,
        text(row.get("capabilityStatus") or "Enabled").lower() in {"enabled", "warning"},
        PREMIUM_PLAN in here,
        TEN_YEARS in here or name.upper() == TEN_YEARS,
    )


_COLUMNS = {
    "user_principal_name": "UserPrincipalName",
    "primary_smtp_address": "PrimarySmtpAddress",
    "object_id": "ExternalDirectoryObjectId",
    "display_name": "DisplayName",
    "recipient_type": "RecipientTypeDetails",
    "audit_enabled": "AuditEnabled",
    "default_audit_set": "DefaultAuditSet",
    "audit_log_age_limit": "AuditLogAgeLimit",
    "audit_owner": "AuditOwner",
    "audit_delegate": "AuditDelegate",
    "audit_admin": "AuditAdmin",
    "persisted_capabilities": "PersistedCapabilities",
}


def _file_rows(case: Case, reading: str) -> list[Row]:
    """The rows of a reading as the cmdlet gives them, from the tables of the case."""
    if reading == "mailboxes":
        frame = case.frame("mailboxes")
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        return [{name: row[column] for column, name in _COLUMNS.items()} for row in rows]
    return settings(case, reading)


def value_of(row: Row, name: str) -> Any:
    """A property whatever the case of its name: exports differ."""
    if name in row:
        return row[name]
    return next((value for key, value in row.items() if str(key).lower() == name.lower()), None)


def text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def words(value: Any) -> frozenset[str] | None:
    """A list as the service or an export writes it; None where there is none (not the same as an empty one)."""
    if value is None or (not isinstance(value, list | str) and pd.isna(value)):
        return None
    parts: Iterable[Any] = value if isinstance(value, list) else str(value).strip("{} ").replace(";", ",").split(",")
    return frozenset(str(part).strip() for part in parts if str(part).strip())


def lowered(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value.lower() for value in values)
