"""So that it does not happen again: what protects the organisation, what does not, and what to do about it."""

from toolkit.harden.accounts import accounts_of_interest, kept_accounts, read_accounts
from toolkit.harden.audit_gaps import audit_gaps, gap_sentence
from toolkit.harden.audit_table import AuditRow
from toolkit.harden.auditing import AuditingReport, audit_repairs, auditing
from toolkit.harden.mfa import MfaAccount, MfaReport, mfa
from toolkit.harden.plan import hardening_plan
from toolkit.harden.state import kept_state, read_state

__all__ = [
    "AuditRow",
    "AuditingReport",
    "MfaAccount",
    "MfaReport",
    "accounts_of_interest",
    "audit_gaps",
    "audit_repairs",
    "auditing",
    "gap_sentence",
    "hardening_plan",
    "kept_accounts",
    "kept_state",
    "mfa",
    "read_accounts",
    "read_state",
]
