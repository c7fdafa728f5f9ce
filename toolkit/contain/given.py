"""Which consents were given for everybody, by the audit log: the directory itself keeps no time of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from toolkit import engine
from toolkit.case import Case
from toolkit.contain.target import moment
from toolkit.detect.consent import CONSENT, application_of, for_everybody
from toolkit.detect.records import FAILED


@dataclass(frozen=True)
class Consent:
    """A record of a consent: when (UTC), by whom, and the ids (lower case) of the application that was let in."""

    time: datetime
    who: str
    ids: frozenset[str]


def consents_given(case: Case) -> tuple[Consent, ...]:
    """The records of consents that do not say that they were for one person alone, or failed; the oldest first."""
    rows = case.sql(
        "SELECT strftime(time, '%Y-%m-%dT%H:%M:%SZ') AS at, coalesce(user_principal_name, 'nobody named') AS who, "
        "regexp_replace(lower(operation), '\\.\\s*$', '') AS name, object_id, modified_properties, target FROM audit "
        f"WHERE time IS NOT NULL AND name IN ({', '.join(map(engine.text, CONSENT))}) "
        f"AND lower(coalesce(result_status, '')) NOT IN ({', '.join(map(engine.text, FAILED))}) ORDER BY time"
    )
    found = []
    for number, row in enumerate(rows.itertuples()):
        applications, principals = application_of(rows.iloc[[number]])
        time = moment(str(row.at))
        if time is not None and for_everybody(row) is not False:
            found.append(Consent(time, str(row.who), frozenset(applications | principals)))
    return tuple(found)
