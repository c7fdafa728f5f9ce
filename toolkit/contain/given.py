"""Which consents were given, by the audit log: the directory itself keeps no time of them."""

from __future__ import annotations

from datetime import datetime

from toolkit import engine
from toolkit.case import Case
from toolkit.contain.target import moment

# Operations by which a consent is given, without the full stop that some end with.
GIVEN = ("consent to application", "add delegated permission grant", "add oauth2permissiongrant")


def consents_given(case: Case) -> tuple[tuple[datetime, str, str], ...]:
    """When (UTC), by whom and to what, the oldest first; what is a text in lower case with the application's ids."""
    operations = ", ".join(map(engine.text, GIVEN))
    rows = case.sql(
        "SELECT strftime(time, '%Y-%m-%dT%H:%M:%SZ') AS at, coalesce(user_principal_name, 'nobody named') AS who, "
        "lower(concat_ws(' ', target, object_id)) AS about FROM audit "
        f"WHERE time IS NOT NULL AND rtrim(lower(operation), '. ') IN ({operations}) ORDER BY time"
    )
    found = ((moment(at), str(who), str(about)) for at, who, about in rows.itertuples(index=False))
    return tuple((time, who, about) for time, who, about in found if time is not None)
