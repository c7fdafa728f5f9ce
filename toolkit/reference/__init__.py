"""Data files that ship with the toolkit, each with origin, licence and date (the table is `ORIGINS`)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

OWN = "compiled by this project from public facts; MIT, as the project"
IP = (
    "IP network data: RouteViews and DB-IP (CC BY 4.0); IP country data: NRO, geofeeds and whois (CC BY 4.0), "
    "both by way of ip-location-db."
)

# file → (origin and licence, date of the data)
ORIGINS: dict[str, tuple[str, str]] = {
    "alert_names.csv": (OWN, "2026-11-23"),
    "audit_operations.csv": (OWN, "2026-11-23"),
    "audit_record_types.csv": ("auditLogRecordType in Microsoft Graph's v1.0 metadata, MIT", "2026-08-20"),
    "authentication_methods.csv": (OWN, "2026-11-23"),
    "bounce_codes.csv": (OWN, "2026-11-23"),
    "control_weights.csv": (OWN, "2026-11-23"),
    "country_centroids.csv": ("PyPI countryinfo 1.0.1, MIT", "2026-11-23"),
    "evidence_sources.csv": (OWN, "2026-11-23"),
    "ip/asn-ipv4.parquet": (IP, "2026-06-17"),
    "ip/asn-ipv6.parquet": (IP, "2026-06-17"),
    "ip/country-ipv4.parquet": (IP, "2026-06-17"),
    "ip/country-ipv6.parquet": (IP, "2026-06-17"),
    "keywords.csv": (OWN, "2026-11-23"),
    "legacy_clients.csv": (OWN, "2026-11-23"),
    "mailbox_audit_defaults.csv": (OWN, "2026-11-23"),
    "mail_folders.csv": (OWN, "2026-11-23"),
    "oauth_apps_of_interest.csv": (OWN, "2026-11-23"),
    "risky_scopes.csv": (OWN, "2026-11-23"),
    "roadmap.csv": (OWN, "2026-11-23"),
    "signin_error_groups.csv": (OWN, "2026-11-23"),
    "suspicious_user_agents.csv": (OWN, "2026-11-23"),
    "ual_record_types.csv": (OWN, "2026-11-23"),
}


def path(name: str) -> Path:
    """Where a shipped data file lies, e.g. `path("mail_folders.csv")`."""
    return Path(str(files(__name__).joinpath(name)))
