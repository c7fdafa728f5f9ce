"""What detections look at: the case's tables, its addresses, and what is known about its tenant."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit import reference
from toolkit.case import Case
from toolkit.detect.history import successes
from toolkit.detect.intruder import Intruder
from toolkit.detect.kept import kept, kept_frame
from toolkit.detect.logons import logons
from toolkit.detect.records import operation
from toolkit.detect.rule_history import rule_history
from toolkit.detect.settings import Settings
from toolkit.detect.snapshots import mailbox_names
from toolkit.enrich.addresses import addresses
from toolkit.enrich.apps import MICROSOFT_TENANTS
from toolkit.enrich.networks import NetworkClasses

_ADDRESS = re.compile(r"[A-Z0-9._%+'-]+@[A-Z0-9-]+(?:\.[A-Z0-9-]+)+", re.IGNORECASE)
LOGONS = "logons"
FROM_OUTSIDE = ("b2bcollaboration", "b2bdirectconnect", "microsoftsupport", "serviceprovider")
MASSES = ("signin", "read", "item", "delete", "send", "search", "file", "sharing", "teams")


@dataclass(frozen=True)
class Evidence:
    """The tables as lazy Ibis expressions, and what was set for the case.

    `cut`: history from here on may be the intruder's, not the owner's. `intruder`: where the intruder came from, as
    far as findings have shown it. `changes`: the few audit records that change something, with `name`, the operation
    without case and full stop. `rules`: inbox rules as they stood after each change, and as they stand.
    `mailbox_names`: whose a mailbox is (see `snapshots`). `network_classes`: where classes of networks come from;
    empty, they are not checked.
    """

    signins: ir.Table
    audit: ir.Table
    changes: ir.Table
    rules: ir.Table
    mailboxes: ir.Table
    mailbox_names: ir.Table
    messages: ir.Table | None
    addresses: ir.Table
    logons: ir.Table
    successes: ir.Table
    centres: ir.Table
    counts: dict[str, int]
    settings: Settings
    network_classes: str = ""
    cut: datetime | None = None
    intruder: Intruder = field(default_factory=Intruder)

    @classmethod
    def of(cls, case: Case) -> Evidence:
        counts = {name: case.count(name) for name in ("signins", "audit", "messages", "inbox_rules", "mailboxes")}
        places = addresses(case)
        entries = logons(case, places)
        counts[LOGONS] = int(entries.count().execute())
        changes, names = _changes(case), mailbox_names(case)
        return cls(
            case.signins,
            case.audit,
            changes,
            rule_history(case, changes, names),
            case.table("mailboxes"),
            names,
            case.table("messages") if counts["messages"] else None,
            places,
            entries,
            successes(case, entries),
            _centres(case),
            counts,
            Settings.of(case.folder),
            NetworkClasses.of(case.folder).source,
        )

    def at_cut(self, cut: datetime | None) -> Evidence:
        return replace(self, cut=cut)

    def with_intruder(self, intruder: Intruder) -> Evidence:
        return replace(self, intruder=intruder)

    @cached_property
    def operations(self) -> frozenset[str]:
        """The names that occur among `changes`."""
        return frozenset(self.changes.select("name").distinct().execute().name)

    @cached_property
    def has_history(self) -> bool:
        """There are sign-ins from before the cut."""
        old = self.logons.filter(self.logons.time < ibis.literal(self.cut))
        return bool(int(old.count().execute()))

    @cached_property
    def internal_domains(self) -> frozenset[str]:
        """Mail domains of the tenant's own people, as far as sign-ins and mailboxes show them (lower case).

        The list of accepted domains would be better; an export does not carry it.
        """
        # A partner's technicians sign in as members, though they are of another tenant.
        signed_in = self.signins.filter(
            self.signins.user_type.fill_null("member").lower() != "guest",
            ~self.signins.cross_tenant_access_type.lower().isin(FROM_OUTSIDE).fill_null(False),
        )
        names = [signed_in.user_principal_name, self.audit.mailbox_owner_upn]
        admins = self.audit.filter(self.audit.workload.lower() == "exchange", self.audit.user_type.isin(["0", "2"]))
        names += [admins.user_principal_name, self.mailboxes.user_principal_name, self.mailboxes.primary_smtp_address]
        found: set[str] = set()
        for name in names:
            upn = name.lower().name("upn").as_table().distinct()
            upn = upn.filter(upn.upn.contains("@"), ~upn.upn.contains("#ext#"), ~upn.upn.contains(" "))
            found |= {str(u).rpartition("@")[2] for u in upn.execute().upn}
        return frozenset(found)

    @cached_property
    def first_party(self) -> frozenset[str]:
        """Applications that come from a tenant of Microsoft's own, as sign-ins say (ids in lower case)."""
        own = self.signins.filter(self.signins.app_owner_tenant_id.lower().isin(MICROSOFT_TENANTS))
        return frozenset(own.select(id=own.app_id.lower()).distinct().execute().id.dropna())

    def outside(self, text: str) -> list[str]:
        """The mail addresses in a text that are not of the tenant's own domains or below them, each once."""
        own = tuple(f".{domain}" for domain in self.internal_domains)
        return [a for a in addresses_in(text) if not f".{a.rpartition('@')[2]}".endswith(own)]


def _centres(case: Case) -> ir.Table:
    """The middle of each country: `code` (two letters), `centre_latitude`, `centre_longitude`."""
    with open(reference.path("country_centroids.csv"), encoding="utf-8", newline="") as file:
        rows = [(row["iso2"], float(row["lat"]), float(row["lon"])) for row in csv.DictReader(file)]
    frame = pd.DataFrame(rows, columns=["code", "centre_latitude", "centre_longitude"])
    return kept_frame(case, "country_centres", frame)


def _changes(case: Case) -> ir.Table:
    """All audit records but those of the kinds that come in masses (reading, sending, files, sign-ins)."""
    with open(reference.path("audit_operations.csv"), encoding="utf-8", newline="") as file:
        masses = [row["operation"].lower() for row in csv.DictReader(file) if row["family"] in MASSES]
    audit = case.audit
    few = audit.filter(~audit.operation.lower().isin(masses), audit.operation.notnull())
    return kept(case, "changes", few.mutate(name=operation(few)))


def addresses_in(text: str) -> list[str]:
    """All mail addresses in a text such as `smtp:a@b;"Name" [SMTP:c@d]`, lower case, each once."""
    return list(dict.fromkeys(a.lower() for a in _ADDRESS.findall(text)))
