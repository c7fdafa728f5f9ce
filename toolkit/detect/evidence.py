"""What detections look at: the case's tables, its addresses, and what is known about its tenant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import ibis
import ibis.expr.types as ir

from toolkit.case import Case
from toolkit.enrich.addresses import addresses

_ADDRESS = re.compile(r"[A-Z0-9._%+'-]+@[A-Z0-9-]+(?:\.[A-Z0-9-]+)+", re.IGNORECASE)


@dataclass(frozen=True)
class Evidence:
    """The tables as lazy Ibis expressions. `cut`: history from here on may be the intruder's, not the owner's."""

    signins: ir.Table
    audit: ir.Table
    addresses: ir.Table
    counts: dict[str, int]
    cut: datetime | None = None

    @classmethod
    def of(cls, case: Case) -> Evidence:
        counts = {name: case.count(name) for name in ("signins", "audit")}
        return cls(case.signins, case.audit, addresses(case), counts)

    def with_cut(self, cut: datetime | None) -> Evidence:
        return replace(self, cut=cut)

    def has_history(self, tables: Iterable[str]) -> bool:
        """Every one of these tables has events from before the cut."""
        named = {"signins": self.signins, "audit": self.audit}
        return all(int(named[t].filter(named[t].time < ibis.literal(self.cut)).count().execute()) for t in tables)

    @cached_property
    def internal_domains(self) -> frozenset[str]:
        """Mail domains of the tenant's own people, as far as sign-ins and mailbox owners show them (lower case).

        The list of accepted domains would be better; an export does not carry it.
        """
        signed_in = self.signins.filter(self.signins.user_type.fill_null("member").lower() != "guest")
        names = [signed_in.user_principal_name, self.audit.mailbox_owner_upn]
        admins = self.audit.filter(self.audit.workload.lower() == "exchange", self.audit.user_type.isin(["0", "2"]))
        names.append(admins.user_principal_name)
        found: set[str] = set()
        for name in names:
            upn = name.lower().name("upn").as_table().distinct()
            upn = upn.filter(upn.upn.contains("@"), ~upn.upn.contains("#ext#"), ~upn.upn.contains(" "))
            found |= {str(u).rpartition("@")[2] for u in upn.execute().upn}
        return frozenset(found)

    def outside(self, text: str) -> list[str]:
        """The mail addresses in a text that are not of the tenant's own domains, each once."""
        found = dict.fromkeys(a.lower() for a in _ADDRESS.findall(text))
        return [a for a in found if a.rpartition("@")[2] not in self.internal_domains]


def addresses_in(text: str) -> list[str]:
    """All mail addresses in a text such as `smtp:a@b;"Name" [SMTP:c@d]`, lower case, each once."""
    return list(dict.fromkeys(a.lower() for a in _ADDRESS.findall(text)))
