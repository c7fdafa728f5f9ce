"""Which columns of a table an analyst sees first, and one page of them at a time, filtered and sorted by DuckDB."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from toolkit import engine, reference
from toolkit.case import Case
from toolkit.enrich.addresses import addresses
from toolkit.errors import UsageError
from toolkit.tables import TABLES


@dataclass(frozen=True)
class Shown:
    """One column on the screen: its heading and the expression over the table that fills it.

    `NETWORK` alone is looked up for the rows on the screen, and so nothing can be sorted by it.
    """

    name: str
    heading: str
    expression: str = ""
    sortable: bool = True

    @property
    def sql(self) -> str:
        return f"{self.expression or self.name} AS {self.name}"


NETWORK = Shown("network", "Network", "ip_address", sortable=False)
SIGN_INS = (
    Shown("time", "Time"),
    Shown("user_principal_name", "User"),
    Shown(
        "result",
        "Result",
        "CASE WHEN error_code = 0 THEN 'success' WHEN error_code IS NULL THEN NULL"
        " ELSE coalesce(nullif(failure_reason, ''), 'failed') || ' (' || error_code || ')' END",
    ),
    Shown("ip_address", "IP address"),
    Shown("place", "Place", "concat_ws(', ', nullif(city, ''), nullif(country, ''))"),
    NETWORK,
    Shown("app_display_name", "Application"),
    Shown("client_app_used", "Client"),
    Shown("system", "System and browser", "concat_ws(', ', nullif(operating_system, ''), nullif(browser, ''))"),
    Shown(
        "required",
        "Asked for",
        "CASE authentication_requirement WHEN 'multiFactorAuthentication' THEN 'two factors'"
        " WHEN 'singleFactorAuthentication' THEN 'one factor' ELSE authentication_requirement END",
    ),
    Shown("risk_level_during_sign_in", "Risk", "nullif(risk_level_during_sign_in, 'none')"),
)
MAILBOX_ACTIVITY = (
    Shown("time", "Time"),
    Shown("user_principal_name", "User"),
    Shown("operation", "Operation"),
    Shown(
        "what",
        "What",
        "coalesce(nullif(rule_name, ''), nullif(subject, ''), nullif(forwarding_smtp_address, ''),"
        # An id alone says nothing to a reader; the record behind the row has it.
        " CASE WHEN NOT regexp_full_match(object_id, '[0-9A-Fa-f-]{36}') THEN nullif(object_id, '') END,"
        " nullif(folder_path, ''))",
    ),
    Shown("ip_address", "IP address"),
    NETWORK,
    Shown("client", "Client", "coalesce(nullif(client_info, ''), nullif(user_agent, ''))"),
    Shown("mailbox_owner_upn", "Mailbox"),
    Shown("workload", "Service"),
    Shown("result_status", "Result"),
)
_FAMILIES = (
    "rule", "forwarding", "mailflow", "delegate", "consent", "mfa", "identity", "role", "device", "audit", "protocol",
    "containment",
)  # fmt: skip
_LABELS = (
    "(SELECT lower(rtrim(operation, '.')) AS operation_name, any_value(label) AS label FROM"
    f" read_csv({engine.text(str(reference.path('audit_operations.csv')))}, header = true, all_varchar = true)"
    f" WHERE family IN ({', '.join(engine.text(f) for f in _FAMILIES)}) GROUP BY ALL)"
)
# The audit log's records that change something, each with what it means.
CHANGES_FROM = f"(SELECT * FROM audit JOIN {_LABELS} ON lower(rtrim(operation, '.')) = operation_name)"
CHANGES = (
    Shown("time", "Time"),
    Shown("user_principal_name", "Who"),
    Shown("did", "Did", "label"),
    Shown(
        "details",
        "Which",
        "concat_ws('; ', 'rule “' || rule_name || '”', 'forwards to ' || nullif(rule_forward_to, ''),"
        " 'moves to ' || nullif(rule_move_to, ''), CASE WHEN rule_deletes THEN 'deletes' END,"
        " CASE WHEN rule_marks_read THEN 'marks as read' END,"
        " 'mailbox forwards to ' || coalesce(nullif(forwarding_smtp_address, ''), nullif(forwarding_address, '')),"
        " CASE WHEN forwarding_smtp_address = '' OR forwarding_address = '' THEN 'forwarding cleared' END,"
        " CASE WHEN rule_name IS NULL AND NOT regexp_full_match(object_id, '[0-9A-Fa-f-]{36}')"
        " THEN nullif(object_id, '') END)",
    ),
    Shown("ip_address", "IP address"),
    NETWORK,
    Shown("mailbox_owner_upn", "Mailbox"),
    Shown("operation", "Operation"),
)
MESSAGES = (
    Shown("time", "Time"),
    Shown("sender_address", "From"),
    Shown("recipient_address", "To"),
    Shown("subject", "Subject"),
    Shown("status", "Status"),
    Shown("from_ip", "From address"),
)
RULES = tuple(
    Shown(name, heading)
    for name, heading in (
        ("mailbox", "Mailbox"), ("rule_name", "Rule"), ("enabled", "Enabled"), ("hidden", "Hidden"),
        ("forward_to", "Forwards to"), ("move_to", "Moves to"), ("deletes", "Deletes"), ("conditions", "Looks for"),
    )
)  # fmt: skip
MAILBOXES = tuple(
    Shown(name, heading)
    for name, heading in (
        ("user_principal_name", "Mailbox"), ("forwarding_smtp_address", "Forwards to"),
        ("forwarding_address", "Forwards inside to"), ("deliver_and_forward", "Keeps a copy"),
        ("audit_enabled", "Audited"), ("grant_send_on_behalf_to", "May send for it"),
    )
)  # fmt: skip
COLUMNS: Mapping[str, tuple[Shown, ...]] = {
    "signins": SIGN_INS,
    "audit": MAILBOX_ACTIVITY,
    "changes": CHANGES,
    "messages": MESSAGES,
    "inbox_rules": RULES,
    "mailboxes": MAILBOXES,
}
RECORD = 200_000  # characters of a record that are shown


@dataclass(frozen=True)
class Window:
    """Whose records of which time: `users` in lower case (empty: everybody's), `start` ≤ time < `end`, UTC."""

    users: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None

    def where(self) -> tuple[list[str], list[Any]]:
        """Conditions over a table and the values for their question marks."""
        conditions: list[str] = []
        values: list[Any] = []
        if self.users:
            conditions.append(f"lower(user_principal_name) IN ({', '.join('?' * len(self.users))})")
            values += self.users
        for sign, moment in ((">=", self.start), ("<", self.end)):
            if moment is not None:
                conditions.append(f"time {sign} ?")
                values.append(moment)
        return conditions, values

    def in_words(self) -> str:
        """What is shown, for a caption; empty when it is everything."""
        parts = [f"only {', '.join(self.users)}"] if self.users else []
        parts += [f"from {self.start:%Y-%m-%d %H:%M} UTC"] if self.start else []
        parts += [f"until {self.end:%Y-%m-%d %H:%M} UTC"] if self.end else []
        return ", ".join(parts)


def window_from(users: str | Sequence[str] | None, start: Any, end: Any) -> Window:
    """A notebook's `users`, `start` and `end` as a window; a time without a zone is UTC.

    Raises:
        UsageError: a time cannot be read.
    """
    names = [users] if isinstance(users, str) else list(users or ())
    return Window(tuple(str(n).strip().lower() for n in names), _moment(start, "start"), _moment(end, "end"))


def _moment(value: Any, name: str) -> datetime | None:
    if value is None or value == "":
        return None
    found = pd.to_datetime(value, errors="coerce", utc=True)
    if pd.isna(found):
        raise UsageError(f"“{value}” is no time; write `{name}` as in “2026-09-01” or “2026-09-01 14:30”.")
    moment: datetime = found.to_pydatetime()
    return moment


@dataclass
class EvidenceRows:
    """A table's rows inside a window, as `columns` shows them; the table `changes` is the audit log's changes."""

    case: Case
    table: str
    window: Window = field(default_factory=Window)

    @property
    def columns(self) -> tuple[Shown, ...]:
        shown = COLUMNS.get(self.table)
        return shown or tuple(Shown(name, name.replace("_", " ").capitalize()) for name in TABLES[self.table].names[:8])

    def record(self, row_id: str) -> str:
        """The record behind a row."""
        return record_text(self.case, "audit" if self.table == "changes" else self.table, row_id)

    def page(
        self, offset: int = 0, limit: int = 25, *, by: str = "time", descending: bool = True, search: str = ""
    ) -> tuple[pd.DataFrame, int]:
        """Rows `offset` to `offset + limit` in that order, with `row_id`, and how many there are in all.

        `search`: keep rows that hold this text in any column shown, without case.
        """
        if by not in {c.name for c in self.columns if c.sortable}:
            raise UsageError(f"There is no column {by!r} to sort by.")
        conditions, values = self.window.where()
        shown = self._select(_where(conditions))
        if search.strip():
            texts = " || ' ' || ".join(f"coalesce(CAST({c.name} AS VARCHAR), '')" for c in self.columns)
            shown = f"SELECT * FROM ({shown}) WHERE contains(lower({texts}), ?)"
            values.append(search.strip().lower())
        run = self.case.connection()
        total = int(engine.row(run, f"SELECT count(*) FROM ({shown})", values)[0])
        way = "DESC" if descending else "ASC"
        order = f"ORDER BY {by} {way} NULLS LAST, time {way} NULLS LAST, row_id LIMIT ? OFFSET ?"
        rows = run.execute(f"SELECT * FROM ({shown}) {order}", [*values, int(limit), int(offset)]).df()
        return self._with_networks(rows), total

    def of(self, row_ids: Sequence[str]) -> pd.DataFrame:
        """The rows of these ids, oldest first."""
        marks = ", ".join("?" * len(row_ids)) or "NULL"
        order = "time, row_id" if self.columns[0].name == "time" else "row_id"
        query = f"{self._select(f' WHERE row_id IN ({marks})')} ORDER BY {order}"
        return self._with_networks(self.case.connection().execute(query, list(row_ids)).df())

    def headings(self, zone_name: str) -> dict[str, str]:
        """The columns' headings; that of the time says in which zone it is shown."""
        return {c.name: f"{c.heading} ({zone_name})" if c.name == "time" else c.heading for c in self.columns}

    def _select(self, where: str) -> str:
        columns = ", ".join(c.sql for c in self.columns)
        source = CHANGES_FROM if self.table == "changes" else self.table
        return f"SELECT row_id, {columns} FROM (SELECT * FROM {source} AS evidence{where})"

    def _with_networks(self, rows: pd.DataFrame) -> pd.DataFrame:
        if "network" not in rows or rows.empty:
            return rows
        known = _networks(self.case)
        # Beside a sign-in stands its own place, which is truer than the registry's.
        begin = 1 if self.table == "signins" else 0
        told = (known.get(str(ip), ("", ""))[begin:] for ip in rows["network"])
        return rows.assign(network=[" · ".join(filter(None, parts)) for parts in told])


_known: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}  # one case at a time


def _networks(case: Case) -> dict[str, tuple[str, str]]:
    """Country and organisation of each address of the case, looked up once while its evidence stays the same."""
    state = (str(case.folder), case.evidence_state)
    if (known := _known.get(state)) is None:  # kept in a name: another thread may be about to clear it
        found = addresses(case).execute()
        rows = zip(found.ip_address, found.country.fillna(""), found.organisation.fillna(""), strict=True)
        known = {ip: (country, name) for ip, country, name in rows}
        _known.clear()
        _known[state] = known
    return known


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def record_text(case: Case, table: str, row_id: str) -> str:
    """The record behind a row as it stands in the evidence, its JSON laid out for reading."""
    found = case.raw([row_id], table).get(row_id, "")
    try:
        text = json.dumps(json.loads(found), indent=2, ensure_ascii=False)
    except ValueError:
        text = found or "The evidence file that holds this record could not be read."
    return text if len(text) <= RECORD else f"{text[:RECORD]}\n… and {len(text) - RECORD:,} more characters."


def one_line(text: str, length: int = 300) -> str:
    """Text on one line, cut where a cell would grow without end: a rule's name may be a hundred kilobytes."""
    clean = " ".join(text[: 4 * length].split())
    return clean if len(clean) <= length else clean[: length - 1] + "…"
