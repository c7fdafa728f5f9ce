"""What notebook 4 shows, worked out once for one reading of the organisation: every report on demand, then kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from toolkit import harden
from toolkit.case import Case
from toolkit.case.verdicts import verdicts
from toolkit.contain.snapshot import Snapshot
from toolkit.detect import Triage
from toolkit.tenant import Cloud


@dataclass
class Reports:
    """The reports of a case as `state` shows the organisation (None: from files alone); `found` is its triage.

    `cloud` is that of the connected tenant, as not every cloud has everything; `users` are accounts that a person
    named.
    """

    case: Case
    state: Snapshot | None
    found: Triage
    cloud: Cloud | None = None
    users: tuple[str, ...] = ()

    @cached_property
    def score(self) -> harden.ScoreReport:
        return harden.secure_score(self.case, self.state, cloud=self.cloud)

    @cached_property
    def ranked(self) -> list[harden.RankedControl]:
        return harden.ranked_controls(self.score, self.found.findings, verdicts(self.case))

    @cached_property
    def what_if(self) -> harden.WhatIf:
        return harden.what_if(self.score, self.found.findings, verdicts(self.case))

    @cached_property
    def auditing(self) -> harden.AuditingReport:
        return harden.auditing(self.case, self.state)

    @cached_property
    def mfa(self) -> harden.MfaReport:
        return harden.mfa(self.case, self.state, found=self.found)

    @cached_property
    def sending(self) -> harden.SendingReport:
        return harden.sending(self.case, self.state)

    @property
    def roadmap(self) -> harden.Roadmap:
        """Not kept: a tick changes it."""
        return harden.roadmap(
            self.case, self.state, second_factors=self.mfa, outgoing=self.sending, audits=self.auditing,
            score=self.score, found=self.found,
        )  # fmt: skip

    @property
    def mailboxes(self) -> list[str]:
        """The accounts of whom the case is: those that a person named, then those with severe findings."""
        return list({name.lower(): name for name in (*self.users, *harden.accounts_of_interest(self.found))}.values())
