"""What is known of the intruder, and what of an account's things that makes suspect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from toolkit.contain.actions.shapes import listed
from toolkit.contain.given import Consent
from toolkit.contain.legitimate import Said
from toolkit.contain.readings import APPLICATION
from toolkit.contain.snapshot import Row
from toolkit.contain.target import moment

ASSUMED = timedelta(days=30)  # how long the intruder may have been inside where no finding tells
REGISTERING = timedelta(minutes=5)  # between a method's own time and its line in the audit log


@dataclass(frozen=True)
class Suspicion:
    """What is known of the intruder: `since` when they may have been inside, and the names that findings give.

    `names` are lower case: accounts that got a right, applications, addresses. `standing` says for each family of
    detections (the letters of its ids) the title of a finding that nobody refuted. `assumed`: no finding tells since
    when, and the thirty days before the reading are taken in its place. `ours`, `refused` and `passes` are what this
    case did already: keys of its actions, those whose last call the service refused, and the access passes it made.
    By the audit log: `registered` is when, and from which address, sign-in methods were registered; `given` the
    consents for everybody.
    """

    since: datetime | None = None
    names: frozenset[str] = frozenset()
    standing: Mapping[str, str] = field(default_factory=dict)
    assumed: bool = False
    ours: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    passes: frozenset[str] = frozenset()
    registered: tuple[tuple[datetime, str], ...] = ()
    given: tuple[Consent, ...] = ()
    legitimate: Mapping[str, Said] = field(default_factory=dict)  # by key, what a person called so

    def dated(self, read: datetime | None) -> Suspicion:
        """The same with a time since when, reckoned back from a reading where no finding tells."""
        if self.since is not None or read is None:
            return self
        return replace(self, since=read - ASSUMED, assumed=True)

    def registered_from(self, row: Row) -> str:
        """From where a sign-in method came, in words, if the audit log has its registration; "" if not."""
        made = moment(row.get("createdDateTime"))
        if made is None:
            return ""
        near = {address: None for time, address in self.registered if abs(time - made) <= REGISTERING}
        return f"registered from {listed(list(near))}" if near else ""

    def consented(self, row: Row) -> str:
        """Why a consent for everybody is suspected: given since the intruder came, by the log, or a finding names it.

        The service does not say when one was given.
        """
        app = row.get(APPLICATION) or {}
        ids = {str(one).lower() for one in (row.get("clientId"), app.get("appId")) if one}
        given = [
            f"a consent to it was given at {one.time:%Y-%m-%d %H:%M} UTC by {one.who}"
            for one in self.given
            if (self.since is None or one.time >= self.since) and ids & one.ids
        ]
        return "; ".join(filter(None, [*given[-1:], self.named(app.get("displayName"), *ids)]))

    def cleared(self, key: str, text: str) -> bool:
        """Whether a person called this thing legitimate as it reads now."""
        said = self.legitimate.get(key)
        return said is not None and said.what == text

    def made_since(self, row: Row, *fields: str) -> str:
        """The time in words if one of these fields says that the thing is not older than the intruder."""
        for name in fields:
            made = moment(row.get(name))
            if made is not None and made.tzinfo is not None and self.since is not None and made >= self.since:
                inside = "in the last 30 days; no finding tells since when somebody is inside"
                inside = inside if self.assumed else "when the intruder may have been inside"
                return f"made at {made:%Y-%m-%d %H:%M} UTC, {inside}"
        return ""

    def part_of_a_name(self, domain: str) -> str:
        """Why it is suspected if it is the domain, or all, of an address that a finding names."""
        own = domain.lower().lstrip("@")
        return "a finding names an address of it" if any(n == own or n.endswith(f"@{own}") for n in self.names) else ""

    def named(self, *texts: object) -> str:
        """Why it is suspected if a finding names it."""
        return "a finding names it" if {str(t).lower() for t in texts if t} & self.names else ""
