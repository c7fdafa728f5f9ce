"""Sign-in error codes in groups: what a failed sign-in says about the password."""

from __future__ import annotations

import csv
from functools import cache

from toolkit import reference


@cache
def error_groups() -> dict[int, str]:
    """Code → group: success, bad_password, lockout, unknown_user, password_ok, mfa_failed, interrupt, revoked …"""
    with open(reference.path("signin_error_groups.csv"), encoding="utf-8", newline="") as file:
        return {int(row["error_code"]): row["group"] for row in csv.DictReader(file)}


def codes(*groups: str) -> list[int]:
    """The codes of these groups."""
    return [code for code, group in error_groups().items() if group in groups]
