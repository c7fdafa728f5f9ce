"""Where the intruder came from, as high findings about sign-ins and sessions have shown it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd

FAMILIES = ("SI", "TK")


@dataclass(frozen=True)
class Intruder:
    """Addresses, their subnets and sessions of the intruder, and when each account was first entered."""

    addresses: frozenset[str] = frozenset()
    subnets: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    entered: dict[str, tuple[datetime, ...]] = field(default_factory=dict)

    def knows(self, rows: pd.DataFrame) -> pd.Series[bool]:
        """Which rows come from an address, a subnet or a session of the intruder."""
        found = pd.Series(False, index=rows.index)
        for column, known in (
            ("ip_address", self.addresses),
            ("subnet", self.subnets),
            ("session_id", self.sessions),
        ):
            if column in rows:
                found |= rows[column].isin(known)
        return found

    def soon_after(self, user: str, moment: datetime, within: timedelta) -> bool:
        """A high finding about a sign-in of the account came at most so long before."""
        return any(timedelta(0) <= moment - entered <= within for entered in self.entered.get(user, ()))


class Gathering:
    """Collects the intruder's places from high findings."""

    def __init__(self) -> None:
        self._rows: list[pd.DataFrame] = []
        self._entered: dict[str, list[datetime]] = {}

    def add(self, detection_id: str, severity: str, user: str, rows: pd.DataFrame) -> None:
        """Takes the rows of a finding; those that a detection marks as the owner's (`owners`) stay out."""
        if severity not in ("high", "critical") or not detection_id.startswith(FAMILIES):
            return
        foreign = rows[~rows["owners"].fillna(False).astype(bool)] if "owners" in rows else rows
        self._rows.append(foreign.reindex(columns=["ip_address", "subnet", "session_id"]))
        self._entered.setdefault(user, []).extend(t.to_pydatetime() for t in foreign.time.dropna())

    def found(self) -> Intruder:
        if not self._rows:
            return Intruder()
        rows = pd.concat(self._rows)
        return Intruder(
            _texts(rows.ip_address),
            _texts(rows.subnet),
            _texts(rows.session_id),
            {user: tuple(times) for user, times in self._entered.items()},
        )


def _texts(values: Iterable[object]) -> frozenset[str]:
    return frozenset(v for v in values if isinstance(v, str) and v)
