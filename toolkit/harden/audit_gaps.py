"""Since when auditing was off, and until when: from the audit log, from this case's own repairs, and as it was read.

What cannot be told is left empty and said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.contain.actions.auditing import USUAL_DAYS
from toolkit.contain.snapshot import Snapshot
from toolkit.contain.target import moment as moment_of
from toolkit.detect.words import listed, moment
from toolkit.harden.audit_settings import AuditSettings, audit_settings
from toolkit.harden.audit_turns import (
    AGE,
    BYPASS,
    EVERYBODY,
    FLAG,
    MAILBOX_AUDITING,
    SEARCHABLE_LOG,
    Turn,
    of_journal,
    of_log,
    of_settings,
)

LOOKS_BACK = (
    "Switching auditing on does not look back: that nothing is found from a time when it was off does not mean that "
    "nothing happened."
)
_TOLD_BY_THE_FIRST = (MAILBOX_AUDITING, SEARCHABLE_LOG, BYPASS)
_WHO = {"Owner": "the owner", "Delegate": "delegates", "Admin": "administrators"}


@dataclass(frozen=True)
class Gap:
    """A time in which something was not audited: a row of `audit_gaps`, in its columns."""

    scope: str
    topic: str
    what: str
    since: datetime | None = None
    until: datetime | None = None
    by: str = ""
    ended_by: str = ""
    still: bool | None = None
    how: str = ""


def audit_gaps(case: Case, state: Snapshot | None = None, settings: AuditSettings | None = None) -> pd.DataFrame:
    """The times in which something was not audited, one row each: the oldest first, those without a date last.

    Columns: `scope` (everybody, or an account in lower case), `topic` (a word of `audit_turns`, or a logon type),
    `what` (in words), `since` and `until` (UTC; empty where nothing tells them), `by` and `ended_by` (who switched
    it), `still` (True: off when last read; False: on again; None: not known), `how` (how this is known).
    `settings` spares reading `state` again.
    """
    read = settings or audit_settings(case, state)
    found: dict[tuple[str, str], list[Turn]] = {}
    beginning = datetime.min.replace(tzinfo=UTC)
    for turn in sorted([*of_log(case, read), *of_journal(case)], key=lambda t: t.time or beginning):
        found.setdefault((turn.scope, turn.topic), []).append(turn)
    now = dict(of_settings(read))
    gaps: list[Gap] = []
    for key in dict.fromkeys([*found, *now]):
        gaps += _gaps(key, found.get(key, []), now.get(key), read)
    frame = pd.DataFrame([asdict(gap) for gap in gaps], columns=list(Gap.__dataclass_fields__))
    for column in ("since", "until"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    frame["still"] = frame["still"].astype(object).where(frame["still"].notna(), None)
    dated = frame["since"].fillna(frame["until"])
    return frame.loc[dated.sort_values(na_position="last", kind="stable").index].reset_index(drop=True)


def gap_sentence(gap: Any, at: Callable[[Any], str] = moment) -> str:
    """One row of `audit_gaps` as a sentence; `at` words a time."""
    since, until = not pd.isna(gap.since), not pd.isna(gap.until)
    by = f" by {gap.by}" if gap.by else ""
    ended = f", and on again by {gap.ended_by}" if gap.ended_by else ""
    if since and until:
        return f"{gap.what} was off from {at(gap.since)} to {at(gap.until)} (switched off{by}{ended})."
    if until and gap.still is None:
        whom = f" by {gap.ended_by}" if gap.ended_by else ""
        return f"{gap.what} was switched on{whom} at {at(gap.until)}; whether it was off before is not recorded."
    if until:
        return f"{gap.what} was off until {at(gap.until)}; since when is not recorded."
    if since and gap.still:
        return f"{gap.what} is off since {at(gap.since)} (switched off{by})."
    if since:
        return f"{gap.what} was switched off{by} at {at(gap.since)}; whether it is on again was not read."
    if gap.still:
        return f"{gap.what} is off; since when is not recorded."
    return f"{gap.what} was switched off{by} at a time that the record does not say."


def gap_lines(
    gaps: pd.DataFrame, accounts: Iterable[str] = (), at: Callable[[Any], str] = moment
) -> list[tuple[str, str, int]]:
    """Rows of `audit_gaps` as lines to read: a sentence, how it is known, and for how many gaps it stands.

    First what is about everybody or about one of `accounts` (of the case), dated gaps before others; then the dated
    gaps of other accounts, then the rest. Like gaps of several other accounts are one line.
    """
    ours = {EVERYBODY, *(name.lower() for name in accounts)}
    apart: dict[tuple[Any, ...], list[Any]] = {}
    rows: list[Any] = list(gaps.itertuples())
    for number, gap in enumerate(rows):
        own, dated = gap.scope in ours, not (pd.isna(gap.since) and pd.isna(gap.until))
        place = (0 if own and dated else 1 if dated else 2 if own else 3,)
        like = (gap.topic, _of_many(gap), gap.by, gap.still, pd.isna(gap.since), pd.isna(gap.until))
        apart.setdefault((*place, number) if own else (*place, *like), []).append(gap)
    groups = sorted(apart.items(), key=lambda one: one[0][0])
    return [(_line(same, at), str(same[0].how), len(same)) for _, same in groups]


def _of_many(gap: Any) -> str:
    """What was off, without the name of the account."""
    return str(gap.what).replace(str(gap.scope), "…", 1)


def _line(same: list[Any], at: Callable[[Any], str]) -> str:
    if len(same) == 1:
        return gap_sentence(same[0], at)
    first, number = same[0], f"{len(same):,}"
    names = listed((gap.scope for gap in same), most=3)
    what = _of_many(first).replace("the mailbox …", f"{number} mailboxes ({names})", 1)
    what = what.replace("… does", f"{number} accounts ({names}) do", 1)
    if pd.isna(first.since) and pd.isna(first.until):
        return gap_sentence(first._replace(what=what), at)
    if pd.isna(first.since):
        times = sorted(gap.until for gap in same)
        ended = f" by {first.ended_by}" if first.ended_by else ""
        between = f"between {at(times[0])} and {at(times[-1])}"
        return f"{what} was switched on{ended} {between}; since when it was off is not recorded."
    times, by = sorted(gap.since for gap in same), f" by {first.by}" if first.by else ""
    told = f"{what} was switched off{by} between {at(times[0])} and {at(times[-1])}"
    if not pd.isna(first.until):
        return f"{told}, and is on again since {at(max(gap.until for gap in same))} at the latest."
    return f"{told}, and is off." if first.still else f"{told}; whether it is on again was not read."


def _gaps(
    key: tuple[str, str], turns: Iterable[Turn], now: tuple[bool, str] | None, read: AuditSettings
) -> Iterator[Gap]:
    """The gaps of one setting: `turns` in order of time, `now` whether it is on and what it lacks, if it was read."""
    scope, topic = key
    off: Turn | None = None
    first = True
    for turn in turns:
        if not turn.on:
            off = off or turn
        elif off is not None:
            what = _what(scope, topic, off.missing)
            yield Gap(scope, topic, what, off.time, turn.time, off.by, turn.by, False, off.source)
            off = None
        elif turn.was_off:
            what = _what(scope, topic, turn.missing)
            yield Gap(scope, topic, what, None, turn.time, "", turn.by, False, turn.source)
        elif first and topic in _TOLD_BY_THE_FIRST:
            yield Gap(scope, topic, _what(scope, topic, ""), None, turn.time, "", turn.by, None, turn.source)
        first = False
    shown = "so it was when the tenant was read" if read.taken else "so an exported file has it"
    if off is None:
        if now is not None and not now[0]:
            how = f"{shown}; no record says since when"
            yield Gap(scope, topic, _what(scope, topic, now[1]), still=True, how=how)
        return
    taken = moment_of(read.taken)
    if now is not None and not now[0]:
        what = _what(scope, topic, now[1])
        yield Gap(scope, topic, what, off.time, None, off.by, "", True, f"{off.source}; {shown}")
    elif now is not None and taken is not None and (off.time is None or taken > off.time):
        how = f"{off.source}; it was on again when the tenant was read, and no record says since when"
        yield Gap(scope, topic, _what(scope, topic, off.missing), off.time, taken, off.by, "", False, how)
    else:
        yield Gap(scope, topic, _what(scope, topic, off.missing), off.time, None, off.by, "", None, off.source)


def _what(scope: str, topic: str, missing: str) -> str:
    """What was off, in words, as the beginning of a sentence."""
    said = {
        MAILBOX_AUDITING: "Mailbox auditing of the whole organisation",
        SEARCHABLE_LOG: "The searchable audit log of the whole organisation",
        BYPASS: f"Logging of what {scope} does in mailboxes",
        FLAG: f"The auditing flag of the mailbox {scope} (for most mailboxes the organisation's switch overrides it)",
        AGE: f"Keeping audit records in the mailbox {scope} for the usual {USUAL_DAYS} days (set to {missing})",
    }
    lacks = f" ({missing})" if missing else ""
    return said.get(topic) or f"Logging of some acts of {_WHO[topic]} in the mailbox {scope}{lacks}"
