"""Sign-ins by country, network, application and client: what was used since when, the newest first."""

from __future__ import annotations

from datetime import tzinfo

import pandas as pd

from toolkit.case import Case
from toolkit.enrich.addresses import addresses
from toolkit.views.evidence_rows import Window
from toolkit.views.look import html_table

SHOWN = 12
BY = {
    "Country": "coalesce(nullif(signins.country, ''), known.country, 'unknown')",
    "Network": "coalesce(known.organisation, 'unknown')",
    "Application": "coalesce(nullif(app_display_name, ''), nullif(app_id, ''), 'unknown')",
    "Client": "coalesce(nullif(client_app_used, ''), 'unknown')",
}


def by(case: Case, what: str, window: Window) -> pd.DataFrame:
    """One row a value, the latest first-seen on top: `value`, `first`, `last` (UTC), `signins`, `failed`, `users`."""
    addresses(case)
    conditions, values = window.where()
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    query = f"""SELECT {BY[what]} AS value, min(time) AS first, max(time) AS last, count(*) AS signins,
            count(*) FILTER (error_code <> 0) AS failed, count(DISTINCT lower(user_principal_name)) AS users
        FROM (SELECT * FROM signins{where}) signins LEFT JOIN addresses known USING (ip_address)
        GROUP BY ALL ORDER BY first DESC, value"""
    return case.connection().execute(query, values).df()


def sign_in_places_html(case: Case, window: Window, zone: tzinfo, zone_name: str) -> str:
    """The four tables, one opening each, the countries open."""
    parts = []
    for what in BY:
        found = by(case, what, window)
        headings = {
            "value": what,
            "first": f"First seen ({zone_name})",
            "last": "Last seen",
            "signins": "Sign-ins",
            "failed": "Failed",
            "users": "Users",
        }
        table = html_table(found, headings=headings, zone=zone, limit=SHOWN, one_line=True)
        opened = " open" if what == "Country" else ""
        parts.append(f"<details{opened}><summary><b>By {what.lower()}</b>: {len(found):,}</summary>{table}</details>")
    return "".join(parts)
