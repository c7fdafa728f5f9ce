"""Sign-ins by old protocols that are still in use, from the case's own sign-ins: who, by which, until when."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

import pandas as pd

from toolkit import reference
from toolkit.case import Case
from toolkit.detect.legacy import AGENTS
from toolkit.detect.words import plural

NO_SIGN_INS = (
    "Old protocols: not checked, as there are no sign-ins of Entra in this case; load them (30 days are kept)."
)


@dataclass(frozen=True)
class OldSignIns:
    """One account's sign-ins by one old client; `surely`: it can send no more than a password. Times are UTC."""

    user: str
    client: str
    protocol: str
    surely: bool
    successes: int
    failures: int
    last: datetime | None
    last_success: datetime | None


@dataclass(frozen=True)
class OldProtocols:
    """What was found; `checked` is False where there was nothing to look at. `told` is one sentence."""

    checked: bool
    told: str
    rows: list[OldSignIns] = field(default_factory=list)

    @property
    def in_use(self) -> list[OldSignIns]:
        """Those that got in, and that can send no more than a password."""
        return [row for row in self.rows if row.surely and row.successes]

    def to_frame(self) -> pd.DataFrame:
        """One row an account and client: user, client, protocol, surely, successes, failures, last, last_success."""
        names = list(OldSignIns.__dataclass_fields__)
        return pd.DataFrame([[getattr(row, n) for n in names] for row in self.rows], columns=names)


@cache
def _clients() -> dict[str, tuple[str, bool]]:
    """Client as Entra names it (lower case) → its protocol, and whether it surely knows no second factor."""
    with open(reference.path("legacy_clients.csv"), encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["basic_auth"] != "no"]
    known = {row["client_app_used"].lower(): (row["protocol"], row["basic_auth"] == "yes") for row in rows}
    return known | {"imap": ("IMAP", True), "pop": ("POP", True)}


def old_protocols(case: Case) -> OldProtocols:
    """Sign-ins of old clients in the table `signins`, those that got in first; names of clients are Microsoft's."""
    agents = " OR ".join(f"contains(lower(coalesce(user_agent, '')), '{name}')" for name in AGENTS)
    query = f"""
    SELECT lower(user_principal_name) AS who,
        CASE WHEN {agents} THEN 'Other clients' ELSE client_app_used END AS client,
        count(*) FILTER (error_code = 0) AS successes, count(*) FILTER (error_code <> 0) AS failures,
        max(time) AS last, max(time) FILTER (error_code = 0) AS last_success,
        count(*) FILTER (is_interactive IS NOT TRUE) AS silent, min(time) AS first
    FROM signins WHERE row_id = record_id AND user_principal_name IS NOT NULL GROUP BY ALL"""
    found = case.sql(query)
    told = found[found.client.notna()]
    if found.empty:
        return OldProtocols(False, NO_SIGN_INS)
    if told.empty:
        return OldProtocols(False, "Old protocols: not checked, as the sign-ins of this case do not name the client.")
    rows = [row for row in map(_row, told.itertuples()) if row is not None]
    rows.sort(key=lambda r: (not (r.surely and r.successes), not r.successes, r.user, r.client))
    total = int(told.successes.sum() + told.failures.sum())
    span = f"{told['first'].min():%Y-%m-%d} to {told['last'].max():%Y-%m-%d}"
    some = (
        "" if found.silent.sum() else " Only interactive sign-ins are here: load the others too, old clients are there."
    )
    users = {row.user for row in rows if row.surely and row.successes}
    if users:
        what = f"{plural(len(users), 'account')} signed in by an old protocol that knows no second factor."
    elif rows:
        what = "No sign-in got in by a protocol that surely knows no second factor; some need a look."
    else:
        what = "None found."
    return OldProtocols(True, f"{what} Looked at: {plural(total, 'sign-in')} of {span}.{some}", rows)


def _row(row: object) -> OldSignIns | None:
    client = str(row.client)  # type: ignore[attr-defined]
    known = _clients().get(client.strip().lower())
    if known is None and client.lower().startswith("other clients"):
        known = (client.partition(";")[2].strip() or "various", True)
    if known is None:
        return None
    times = [None if pd.isna(t) else t.to_pydatetime() for t in (row.last, row.last_success)]  # type: ignore[attr-defined]
    counts = int(row.successes), int(row.failures)  # type: ignore[attr-defined]
    return OldSignIns(str(row.who), client, known[0], known[1], *counts, *times)  # type: ignore[attr-defined]
