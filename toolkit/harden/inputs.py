"""Where a report gets its rows from: what was read of the tenant, or files of the case; or why there are none."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from toolkit.case import Case
from toolkit.contain.snapshot import Snapshot
from toolkit.contain.values import Row as Row
from toolkit.contain.values import listed as listed
from toolkit.contain.values import record as record
from toolkit.contain.values import text as text
from toolkit.detect.words import short
from toolkit.harden.empty_answers import empty_answer, file_name
from toolkit.harden.readings import READINGS

HOW = {
    "accounts": "connect to the tenant and read its state, or load a page of GET /users with accountEnabled",
    "registration": "load the user registration details (Entra admin centre, Authentication methods), or connect to "
    "the tenant and read its state",
    "conditional access": "connect to the tenant and read its state, or load a page (an empty one too) of GET "
    "/identity/conditionalAccess/policies",
    "security defaults": "connect to the tenant and read its state, or load the answer of GET "
    "/policies/identitySecurityDefaultsEnforcementPolicy",
    "roles": "connect to the tenant and read its state, or load a page of GET "
    "/roleManagement/directory/roleAssignments?$expand=roleDefinition",
    "outbound spam policy": "connect to the tenant and read its state, or load Get-HostedOutboundSpamFilterPolicy | "
    "ConvertTo-Json",
    "remote domains": "connect to the tenant and read its state, or load Get-RemoteDomain | ConvertTo-Json",
    "mail flow settings": "connect to the tenant and read its state, or load Get-TransportConfig | ConvertTo-Json",
    "external mark": "connect to the tenant and read its state, or load Get-ExternalInOutlook | ConvertTo-Json",
    "restricted senders": "connect to the tenant and read its state, or load ConvertTo-Json -InputObject "
    f"@(Get-BlockedSenderAddress), saved as {file_name('restricted senders')}: an empty list is told apart by its name",
}
"""How to get what is not there."""


@dataclass(frozen=True)
class Input:
    """The `rows` of one reading; where it is not there `missing` says why and how to get it. `told`: where from."""

    rows: list[Row] = field(default_factory=list)
    missing: str = ""
    told: str = ""

    @property
    def known(self) -> bool:
        return not self.missing


@dataclass(frozen=True)
class Check:
    """Whether something is so: True, False, or None for "not checked"; `told` is one sentence about it."""

    done: bool | None
    told: str

    @property
    def said(self) -> str:
        return {True: "yes", False: "no", None: "not checked"}[self.done]


def input_of(case: Case, state: Snapshot | None, reading: str) -> Input:
    """The rows of a reading of `harden.readings`: as the tenant told them, else as files of the case have them."""
    title = READINGS[reading].title if reading in READINGS else reading
    if state is not None and reading in state.found:
        return Input(state.rows(reading), told=f"read from the tenant on {when(state)}")
    rows = settings(case, reading)
    if rows:
        return Input(rows, told="from files of this case, as things stood when they were exported")
    if none := empty_answer(case, reading):
        return Input(told=f"from the file {short(none, 80)} of this case, a list with nothing in it")
    problem = state.problems.get(reading, "") if state is not None else ""
    if problem:
        return Input(missing=sentence(f"{title}: not checked, as it could not be read on {when(state)}: {problem}"))
    how = HOW.get(reading, "connect to the tenant and read its state")
    return Input(missing=sentence(f"{title}: not checked, as nothing in this case tells it; {how}"))


def settings(case: Case, setting: str) -> list[Row]:
    """The records of a setting in the table `tenant_settings`, as they were exported."""
    table = case.table("tenant_settings")
    found = table.filter(table.setting == setting).select("row_id", "document").order_by("row_id").execute()
    rows = []
    for document in found.document.dropna():
        try:
            row = json.loads(document)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def when(state: Snapshot | None) -> str:
    """`2026-09-18 14:00 UTC`: when a state was read."""
    return f"{state.taken[:16].replace('T', ' ')} UTC" if state is not None and state.taken else "an unknown day"


def flag(value: Any) -> bool | None:
    """True, False, `True`, `$false`, 1 … as they come from JSON and from CSV; None for anything else."""
    said = text(value).strip().strip("$").lower()
    return True if said in ("true", "1") else False if said in ("false", "0") else None
