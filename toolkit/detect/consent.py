"""Applications that were let into mailboxes: their access survives a change of password.

Source: MITRE ATT&CK T1528 and T1671; `reference/risky_scopes.csv`, `reference/oauth_apps_of_interest.csv`.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence
from toolkit.detect.finding import Detection, Judgement, lowered
from toolkit.detect.records import act, changes, parameters, succeeded, truth
from toolkit.detect.words import listed, short, text
from toolkit.enrich.apps import RISKS, AppOfInterest, apps_of_interest, risk_of

GRANTS = ("add delegated permission grant", "add oauth2permissiongrant")
CONSENT = ("consent to application", *GRANTS)
CONTEXT = ("add service principal",)
_CONSENT_TYPE = "delegatedpermissiongrant.consenttype"
_OF_ALL = ("consentcontext.isadminconsent", "consentcontext.onbehalfofall")
GUID = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
# Where a record names the service principal that got access, the surest first: in its target and changed properties,
# or in the target alone. The target of a grant is what access was given to, so it comes after the properties.
_IN_BOTH: tuple[str, ...] = (
    rf"ClientId: ({GUID})",
    rf"ServicePrincipal\.ObjectID\W+(?:(?:NewValue|newValue|OldValue|oldValue|null)\W+)*({GUID})",
)
_IN_TARGET: tuple[str, ...] = (rf"ServicePrincipal_({GUID})", rf'"id"\s*:\s*"({GUID})"')


def consent_given(evidence: Evidence) -> ir.Table:
    """OA-01: consents and delegated grants, a group for each application of an account.

    The application's first appearance in the directory belongs to it. `older_grants`: others who had consented before.
    """
    named = evidence.changes
    rows = named.filter(named.name.isin([*CONSENT, *CONTEXT]), succeeded(named))
    properties, target = rows.modified_properties.fill_null(""), rows.target.fill_null("")
    both = properties + " " + target
    principal = ibis.coalesce(
        *(_first(both, pattern) for pattern in _IN_BOTH),
        *(_first(target, pattern) for pattern in _IN_TARGET),
        _first(rows.object_id.fill_null(""), rf"({GUID})"),
        rows.record_id,
    )
    rows = rows.mutate(principal=principal, user=rows.user_principal_name.lower())
    given = rows.filter(rows.name.isin(CONSENT))
    since = given.group_by("user", "principal").agg(given_at=given.time.min())
    older = since.group_by("principal").agg(every=since.given_at.collect())
    rows = rows.inner_join(since, ["user", "principal"]).left_join(older, "principal").drop("principal_right")
    earlier = rows.every.filter(lambda at: at < rows.given_at).length()
    return rows.select(
        "row_id",
        "record_id",
        "time",
        "user",
        "name",
        "ip_address",
        "session_id",
        "object_id",
        "modified_properties",
        "target",
        older_grants=earlier.fill_null(0),
        act=act(rows),
        group=rows.principal,
        table=ibis.literal("audit"),
    )


def _first(column: ir.StringValue, pattern: str) -> ir.StringValue:
    return column.re_extract(pattern, 1).nullif("").lower()


def application_of(rows: pd.DataFrame) -> tuple[set[str], set[str]]:
    """The application id of what got access by the records of one finding of OA-01, and its service principal's id.

    `rows` have `name` (as `records.operation` has it), `object_id`, `modified_properties` and `target`. Ids are lower
    case; either is empty where no record says it. What access was given to (Microsoft Graph, mostly) is neither.
    """
    applications, principals = set(), set()
    for row in rows.itertuples():
        name, target = text(row.name), text(row.target)
        told = [(what, new or old) for what, new, old in _told(row)]
        if name in GRANTS:
            said, patterns = [value for what, value in told if what == "serviceprincipal.appid"], _IN_BOTH
        elif name in (*CONSENT, *CONTEXT):
            names = [value for what, value in told if what in ("targetid.serviceprincipalnames", "appprincipalid")]
            listed_ids = re.findall(r'"ID"\s*:\s*"([^"]*)"\s*,\s*"Type"\s*:\s*[24]\b', target, re.IGNORECASE)
            said, patterns = [text(row.object_id), *names, *listed_ids], (*_IN_BOTH, *_IN_TARGET)
        else:
            continue
        both = f"{text(row.modified_properties)} {target}"
        principal = next((hit.group(1).lower() for hit in (re.search(one, both) for one in patterns) if hit), "")
        # Names are lists with semicolons; an address in them may have anything in it, so that only whole parts count.
        parts = (part.strip(' "[]').lower() for value in said for part in value.split(";"))
        own = (part for part in parts if part != principal and re.fullmatch(GUID, part))
        applications |= set(islice(own, 1))
        principals |= {principal} - {""}
    return applications, principals


def for_everybody(row: Any) -> bool | None:
    """Whether a record of a consent says that it was given for the whole organisation; None where it does not say."""
    told = _told(row)
    said = [truth(new) for name, new, _ in told if name in _OF_ALL]
    if True in said or any("AllPrincipals" in new for _, new, _ in told):
        return True
    alone = any(name == _CONSENT_TYPE and new == "Principal" for name, new, _ in told)
    return False if alone or False in said else None


def judge_consent(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    given = rows[rows.name.isin(CONSENT)]
    told = [change for row in given.itertuples() for change in _told(row)]
    scopes = sorted({s for name, new, _ in told for s in _scopes(name, new)}, key=lambda s: -RISKS.index(risk_of(s)))
    ids = _app_ids(rows)
    of_interest = (apps_of_interest()[i] for i in sorted(ids & apps_of_interest().keys()))
    known = min(of_interest, key=lambda app: app.kind != "malicious", default=None)
    kind = known.kind if known else ""
    if ids & evidence.settings.allowed.apps or kind == "watch_first_party":
        return None
    if ids & evidence.first_party and kind != "malicious":
        return None
    severity = _severity(scopes, known)
    if severity is None:
        return None
    everyone = any(for_everybody(row) for row in given.itertuples())
    summary = f"The application {_named(rows, known)} was given access to {_worth(scopes)}"
    summary += " of everybody in the organisation." if everyone else "."
    if known is not None and known.kind != "watch_third_party":
        summary += f" It is known from mail compromises: {short(known.why, 100)}."
    summary += " This access outlives a change of password."
    before = int(rows.older_grants.max())
    if before >= evidence.settings.thresholds.older_grants and not (known and known.kind == "malicious"):
        severity = "medium" if severity != "low" else severity
        summary += f" {before} others of the organisation had consented to it before."
    return Judgement(severity, summary)


def _told(row: Any) -> list[tuple[str, str, str]]:
    return [*changes(row.modified_properties), *changes(row.target)]


def _app_ids(rows: pd.DataFrame) -> set[str]:
    """Ids of the application that got access; where no record names its own, every id of those that are not grants.

    The target of a grant is what access was given to, not the taker.
    """
    applications, _ = application_of(rows)
    texts = [said for row in rows.itertuples() if row.name not in GRANTS for said in (row.object_id, row.target)]
    return applications or {found.lower() for said in texts for found in re.findall(GUID, text(said))}


def _severity(scopes: list[str], known: AppOfInterest | None) -> str | None:
    """The worst permission decides; `offline_access` raises it; a known malicious application is critical."""
    if known is not None and known.kind == "malicious":
        return "critical"
    stays = "offline_access" in {s.lower() for s in scopes}
    worst = max((RISKS.index(risk_of(s)) for s in scopes), default=0)
    if not scopes:
        return "medium"  # what was granted cannot be read
    severity = {0: None, 1: None, 2: "medium", 3: "high", 4: "high"}[worst]
    if severity is None:
        return "medium" if known is not None else None
    if stays and worst in (2, 4):
        return "high" if worst == 2 else "critical"
    return severity if severity != "none" else lowered("medium")


def _scopes(name: str, value: str) -> list[str]:
    if name == "consentaction.permissions":
        return [s for part in re.findall(r"Scope: ?([^,\]]*)", value.rpartition("=>")[2]) for s in part.split()]
    if name == "delegatedpermissiongrant.scope":
        return value.split()
    return []


def _named(rows: pd.DataFrame, known: AppOfInterest | None) -> str:
    grants = rows.name.isin(GRANTS)
    for document in rows[~grants].target.dropna():
        names = re.findall(r'"ID"\s*:\s*"([^"]*)"\s*,\s*"Type"\s*:\s*1\b', document, re.IGNORECASE)
        names += [v for n, v in parameters(document).items() if n == "displayname"]
        names += re.findall(r'"displayName"\s*:\s*"([^"]+)"\s*,\s*"type"\s*:\s*"ServicePrincipal"', document)
        names += re.findall(r'"displayName"\s*:\s*"([^"]+)"', document.partition("modifiedProperties")[0])
        if names:
            return f"“{short(names[0], 60)}”"
    for row in rows[grants].itertuples():
        if names := [new for name, new, _ in _told(row) if name == "serviceprincipal.displayname" and new]:
            return f"“{short(names[0], 60)}”"
    if known:
        return f"“{short(known.name, 60)}”"
    number = str(rows.group.iloc[0])
    return f"with the object id {number}" if re.fullmatch(GUID, number) else "of unknown name"


def _worth(scopes: list[str]) -> str:
    risky = [s for s in scopes if RISKS.index(risk_of(s)) >= RISKS.index("medium")]
    said = listed(risky or scopes, 4) or "permissions that the record does not name"
    stays = " and may keep it without the owner (offline_access)" if "offline_access" in scopes else ""
    return said + stays


DETECTIONS = (
    Detection(
        id="OA-01",
        title="Application was given access to mail or files",
        technique="T1528",
        needs=("audit",),
        innocent="A tool the organisation uses. Ask the owner what it is for; look whether colleagues use it.",
        source="https://attack.mitre.org/techniques/T1528/",
        candidates=consent_given,
        judge=judge_consent,
        operations=CONSENT,
    ),
)
