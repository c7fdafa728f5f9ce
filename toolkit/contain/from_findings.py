"""What the findings of a case say about the intruder, for the plan to suggest what they may have made."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from toolkit import engine
from toolkit.case import Case
from toolkit.case.verdicts import OWNER, key_of, verdicts
from toolkit.contain.given import consents_given
from toolkit.contain.legitimate import said_legitimate
from toolkit.contain.suspicion import Suspicion
from toolkit.contain.target import moment
from toolkit.detect import Finding
from toolkit.detect.mfa import REGISTERED

GRAVE = ("high", "critical")
BEFORE = timedelta(hours=1)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NAMED = re.compile(r"“([^”]{3,})”")


def suspicion_from(case: Case, user: str, findings: Iterable[Finding]) -> Suspicion:
    """From the findings of medium severity and more about `user` that nobody judged the owner's own.

    `since` is an hour before the first grave one; the names are accounts involved and what summaries quote;
    `legitimate` what a person called so.
    """
    owners = {key for key, verdict in verdicts(case).items() if verdict.verdict == OWNER}
    standing = [
        f
        for f in findings
        if f.user.lower() == user.lower()
        and f.severity in ("medium", *GRAVE)
        and key_of(f.id, f.user, f.evidence) not in owners
    ]
    firsts = [f.first for f in standing if f.first and f.severity in GRAVE]
    quoted = {name for f in standing for name in (*_NAMED.findall(f.summary), *_ADDRESS.findall(f.summary))}
    names = {name.lower() for f in standing for name in f.involved} | {name.lower() for name in quoted}
    families = {f.id.partition("-")[0]: f.title for f in reversed(standing)}
    return Suspicion(
        min(firsts) - BEFORE if firsts else None, frozenset(names - {user.lower()}), families,
        legitimate=said_legitimate(case, user), registered=_registered(case, user), given=consents_given(case),
    )  # fmt: skip


def _registered(case: Case, user: str) -> tuple[tuple[datetime, str], ...]:
    """When, and from which address, the audit log saw a sign-in method of the account registered or changed."""
    name, names = user.strip().lower(), ", ".join(map(engine.text, (*REGISTERED, "update user")))
    rows = case.sql(
        "SELECT strftime(time, '%Y-%m-%dT%H:%M:%SZ') AS at, ip_address FROM audit "
        "WHERE ip_address IS NOT NULL AND time IS NOT NULL "
        f"AND rtrim(lower(operation), '. ') IN ({names}) "
        f"AND (lower(user_principal_name) = {engine.text(name)} OR contains(lower(target), {engine.text(name)})) "
        "ORDER BY time"
    )
    found = ((moment(text), str(address)) for text, address in zip(rows["at"], rows["ip_address"], strict=True))
    return tuple((time, address) for time, address in found if time is not None)
