"""Cmdlets of Exchange administrators as candidates: who ran what on which object."""

from __future__ import annotations

import re
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence, addresses_in
from toolkit.detect.records import MAIL, parameters, succeeded
from toolkit.detect.words import short, text

SERVICE_TYPES = ("3", "4")  # UserType of Microsoft's own data-centre administrators and system accounts


def run(evidence: Evidence, names: Sequence[str], needle: Sequence[str] = ()) -> ir.Table:
    """Cmdlets of these names (lower case) that did not fail, one group for each object they changed.

    `needle`: only those whose parameters contain one of these texts. Not those of Microsoft's own services.
    """
    named = evidence.changes
    rows = named.filter(
        named.name.isin(names),
        succeeded(named),
        ~named.user_type.fill_null("").isin(SERVICE_TYPES),
        ~named.external_access.fill_null(False),
        ~named.user_principal_name.lower().startswith("nt authority").fill_null(False),
    )
    if needle:
        held = rows.parameters.lower().fill_null("")
        told = ibis.literal(False)
        for part in needle:
            told = told | held.contains(part.lower())
        rows = rows.filter(told)
    return candidates(rows)


def candidates(rows: ir.Table) -> ir.Table:
    """Rows with `name` as candidates; the group is the object they are about."""
    about = ibis.coalesce(rows.object_id, rows.mailbox_owner_upn, rows.user_principal_name)
    return rows.select(
        "row_id",
        "record_id",
        "time",
        "name",
        "ip_address",
        "session_id",
        "parameters",
        "object_id",
        "member_upn",
        "member_rights",
        user=rows.user_principal_name.lower(),
        group=rows.name + "|" + about.lower(),
        table=ibis.literal("audit"),
    )


def all_parameters(rows: pd.DataFrame) -> list[dict[str, str]]:
    return [parameters(document) for document in rows.parameters]


def changed_object(rows: pd.DataFrame) -> str:
    """The mailbox or account in words: its address where the record has one, else its name."""
    for told, object_id in zip(all_parameters(rows), rows.object_id, strict=True):
        for value in (told.get("identity", ""), text(object_id)):
            if re.fullmatch(MAIL, value.strip()):
                return value.strip().lower()
    name = all_parameters(rows)[-1].get("identity") or text(rows.object_id.iloc[-1])
    return short(re.split(r"[\\/]", name)[-1] or name, 60) or "an unnamed object"


def whose(name: str) -> str:
    """The account behind an object's name, if the name is an address."""
    found = addresses_in(name)
    return found[0] if found else ""
