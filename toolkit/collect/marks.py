"""What is marked as the attacker's: addresses, sessions, applications and devices, to look for in everybody's records.

A mark comes from a finding that a person judged the attacker's, or is named by a person. The journal says which were
looked for (`pivots_open`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from toolkit import engine
from toolkit.case import Case
from toolkit.case.verdicts import ATTACKER, key_of, verdicts
from toolkit.detect import Finding, Triage, triage
from toolkit.errors import UsageError

ADDRESS, SESSION, APP, DEVICE = "address", "session", "application", "device"
KINDS = (ADDRESS, SESSION, APP, DEVICE)
PIVOTED = "collect.pivot"
"""The journal's entry of a pivot that ran to its end, with its `marks`."""
LONGEST = 200  # characters
# The columns in which a finding's rows name each kind.
COLUMNS = {
    "signins": {ADDRESS: "ip_address", SESSION: "session_id", APP: "app_id", DEVICE: "device_id"},
    "audit": {ADDRESS: "ip_address", SESSION: "session_id", APP: "client_app_id", DEVICE: "device_id"},
}


@dataclass(frozen=True, order=True)
class Mark:
    """One thing of the attacker's: its `kind` (address, session, application, device) and its `value`."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


def named_mark(kind: str, value: str) -> Mark:
    """A mark that a person names.

    Raises:
        UsageError: no such kind, or the value cannot be one.
    """
    text = value.strip()
    if kind not in KINDS or not text or len(text) > LONGEST or not text.isprintable() or "'" in text:
        raise UsageError(f"{value[:60]!r} cannot be looked for as {kind}; a mark is one of {', '.join(KINDS)}.")
    if kind == ADDRESS:
        try:
            text = str(ipaddress.ip_address(text))
        except ValueError as error:
            raise UsageError(f"{text[:60]!r} is no IP address.") from error
    return Mark(kind, text)


def marks_of(case: Case, found: Triage) -> list[Mark]:
    """The marks of the findings that were judged the attacker's, sorted.

    Of addresses and sessions only those that the detections tell apart from the owner's; applications only where the
    finding is about consent, devices only where it is about how somebody signed in.
    """
    judged = {key for key, verdict in verdicts(case).items() if verdict.verdict == ATTACKER}
    ours = [f for f in found.findings if key_of(f.id, f.user, f.evidence) in judged]
    seen = {mark for finding in ours for mark in _in_rows(case, finding)}
    known = {ADDRESS: found.intruder.addresses, SESSION: found.intruder.sessions}
    return sorted(mark for mark in seen if mark.kind not in known or mark.value in known[mark.kind])


def pivots_open(case: Case, found: Triage | None = None) -> list[Mark]:
    """The marks that nobody looked for yet in everybody's records, sorted: those of new verdicts, mostly.

    Nothing is asked of a tenant. Without `found` the case's findings are made, if anything was judged the attacker's.
    """
    if not judged(case):
        return []
    done = pivoted(case)
    return [mark for mark in marks_of(case, found or triage(case)) if mark not in done]


def pivoted(case: Case) -> list[Mark]:
    """The marks that were looked for in everybody's records, sorted."""
    told = [one for entry in case.journal.entries(PIVOTED) for one in entry.fields["marks"]]
    return sorted({Mark(str(one["kind"]), str(one["value"])) for one in told})


def touched(case: Case, marks: Iterable[Mark]) -> pd.DataFrame:
    """Whose records have the marks, as far as the case has them: the question that looking in all accounts answers.

    One row a mark and account: `kind`, `value`, `account` (lower case; "" where the record names none), `records`,
    `first` and `last` (UTC); the marks in their order, of each the account with the most records first.
    """
    found = []
    for mark in marks:
        parts = [
            f"SELECT lower(coalesce(user_principal_name, '')) AS account, time FROM {table} "
            f"WHERE lower({columns[mark.kind]}) = lower({engine.text(mark.value)})"
            for table, columns in COLUMNS.items()
        ]
        rows = case.sql(
            "SELECT account, count(*) AS records, min(time) AS first, max(time) AS last "
            f"FROM ({' UNION ALL '.join(parts)}) GROUP BY account ORDER BY records DESC, account"
        )
        rows.insert(0, "kind", mark.kind)
        rows.insert(1, "value", mark.value)
        found.append(rows)
    columns = ["kind", "value", "account", "records", "first", "last"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def kind_of(account: str) -> str:
    """The kind of the mark that a line of the ledger is about; "" where it is about an account, or everybody."""
    kind, _, value = account.partition(" ")
    return kind if kind in KINDS and value else ""


def judged(case: Case) -> bool:
    """Whether anything was judged the attacker's at all."""
    return any(verdict.verdict == ATTACKER for verdict in verdicts(case).values())


def _in_rows(case: Case, finding: Finding) -> Iterable[Mark]:
    tables = {finding.table: finding.evidence, **finding.further}
    for table, row_ids in tables.items():
        for kind, column in COLUMNS.get(table, {}).items():
            if (kind == APP and not finding.id.startswith("OA")) or (kind == DEVICE and finding.id[:2] not in _SIGN_IN):
                continue
            wanted = ", ".join(engine.text(row) for row in row_ids)
            if not wanted:
                continue
            rows = case.sql(f"SELECT DISTINCT {column} AS value FROM {table} WHERE row_id IN ({wanted})")
            for value in rows.value.dropna():
                try:
                    yield named_mark(kind, str(value))
                except UsageError:
                    continue  # what evidence says may be anything; what cannot be asked for is not


_SIGN_IN = ("SI", "TK")
