"""So that it does not happen again: what protects the organisation, what does not, and what to do about it."""

from toolkit.harden.accounts import MOST as MOST_ACCOUNTS
from toolkit.harden.accounts import accounts_of_interest, administrators_in, kept_accounts, read_accounts
from toolkit.harden.audit_gaps import audit_gaps, gap_sentence
from toolkit.harden.audit_table import AuditRow
from toolkit.harden.auditing import AUDIT_KINDS, AuditingReport, audit_repairs, auditing
from toolkit.harden.bounces import BounceReport, bounces
from toolkit.harden.mfa import MfaAccount, MfaReport, export_mfa, mfa
from toolkit.harden.plan import hardening_plan
from toolkit.harden.ranking import RankedControl, export_controls, ranked_controls, ranked_frame
from toolkit.harden.roadmap import Roadmap, RoadmapItem, roadmap, set_roadmap
from toolkit.harden.score import ScoreReport, secure_score
from toolkit.harden.sending import SendingReport, sending
from toolkit.harden.state import kept_state, read_state
from toolkit.harden.what_if import WhatIf, what_if

__all__ = [
    "AUDIT_KINDS",
    "MOST_ACCOUNTS",
    "AuditRow",
    "AuditingReport",
    "BounceReport",
    "MfaAccount",
    "MfaReport",
    "RankedControl",
    "Roadmap",
    "RoadmapItem",
    "ScoreReport",
    "SendingReport",
    "WhatIf",
    "accounts_of_interest",
    "administrators_in",
    "audit_gaps",
    "audit_repairs",
    "auditing",
    "bounces",
    "export_controls",
    "export_mfa",
    "gap_sentence",
    "hardening_plan",
    "kept_accounts",
    "kept_state",
    "mfa",
    "ranked_controls",
    "ranked_frame",
    "read_accounts",
    "read_state",
    "roadmap",
    "secure_score",
    "sending",
    "set_roadmap",
    "what_if",
]
