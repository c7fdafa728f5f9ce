"""What the ledger says, in words: each source's windows by state, the reasons, and what to ask for again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from toolkit.case import Case
from toolkit.collect.agreement import by_another
from toolkit.collect.days import days_said
from toolkit.collect.ledger import (
    COMPLETE,
    FAILED,
    NOT_AVAILABLE,
    PARTIAL,
    PROVISIONAL,
    SAID,
    STATES,
    UNASKED,
    UNCONFIRMED,
    Line,
    lines,
)
from toolkit.collect.marks import Mark, kind_of, named_marks, touched
from toolkit.collect.profile import ROADS
from toolkit.collect.signed import options_said, quoted
from toolkit.collect.state import ACCOUNT, ORGANISATION
from toolkit.detect.evidence import LOGONS
from toolkit.detect.finding import Finding
from toolkit.tables import AUDIT, SIGNINS

WHOLE = (COMPLETE, UNCONFIRMED, PROVISIONAL)
"""States in which everything that the service had when it was asked came, as far as can be told."""
_OF_WHOLE = {
    COMPLETE: "complete",
    UNCONFIRMED: "confirmed by no second answer",
    PROVISIONAL: "that may still grow (reaching into the 24 hours before the answer)",
}
HINDERED = (PARTIAL, FAILED, NOT_AVAILABLE, UNASKED)
NAMED = 8  # marks that a sentence names
_CALL = re.compile(r" \(client-request-id [0-9A-Fa-f-]+\)")  # each call's own; the ledger keeps them
REASON = 400  # characters of a reason that a sentence has room for


@dataclass(frozen=True)
class Hindrance:
    """Why `many` windows did not come whole, and their `days` in words, e.g. “2–3 and 7 September”."""

    reason: str
    many: int
    days: str


@dataclass(frozen=True)
class Strip:
    """The windows of one source of one account by one road; of a state, all lists together. Oldest first."""

    source: str
    account: str
    road: str
    lines: tuple[Line, ...]

    @property
    def of_state(self) -> bool:
        return self.source in (ACCOUNT, ORGANISATION)

    @property
    def counts(self) -> dict[str, int]:
        """How many windows are in which state, the best first; states that none is in are left out."""
        found = Counter(line.state for line in self.lines)
        return {state: found[state] for state in (*STATES, *(set(found) - set(STATES))) if found[state]}

    @property
    def reasons(self) -> dict[str, int]:
        """Why windows did not come whole, the most frequent first. Service texts, not escaped."""
        return {one.reason: one.many for one in self.hindered}

    @property
    def hindered(self) -> list[Hindrance]:
        """Why windows did not come whole, and on which days, those with the most first. Service texts, not escaped."""
        alike: dict[str, list[Line]] = {}
        for line in self.lines:
            if _hindered(line):
                reason = f"{line.road}: {line.reason}" if self.of_state and line.road else line.reason
                alike.setdefault(_CALL.sub("", reason)[:REASON] or "no reason given", []).append(line)
        found = [Hindrance(reason, len(group), days_said(group)) for reason, group in alike.items()]
        return sorted(found, key=lambda one: -one.many)

    @property
    def records(self) -> int:
        return sum(line.records for line in self.lines)

    @property
    def start(self) -> str:
        return min(line.start for line in self.lines)

    @property
    def end(self) -> str:
        return max(line.end for line in self.lines)

    @property
    def in_words(self) -> str:
        """E.g. “30 windows: 29 complete, 1 partial”."""
        what = "list" if self.of_state else "window"
        many = f"{len(self.lines):,} {what}{'' if len(self.lines) == 1 else 's'}"
        return f"{many}: {', '.join(f'{n:,} {state}' for state, n in self.counts.items())}"


def strips(told: Iterable[Line]) -> list[Strip]:
    """The ledger's lines by source, account and road, sorted by these."""
    found: dict[tuple[str, str, str], list[Line]] = {}
    for line in told:
        road = "" if line.source in (ACCOUNT, ORGANISATION) else line.road
        found.setdefault((line.source, line.account, road), []).append(line)
    return [
        Strip(*key, tuple(sorted(group, key=lambda line: (line.start, line.end))))
        for key, group in sorted(found.items())
    ]


def ledger_sentence(case: Case, source: str, account: str = "") -> str:
    """What the ledger says of one source (of one account): days, windows by state, and why some did not come whole.

    "" where nothing of it was asked for.
    """
    told = [s for s in strips(lines(case)) if s.source == source and account.lower() in ("", s.account.lower())]
    return " ".join(_said(strip) for strip in told)


def collected_sentence(case: Case, accounts: Collection[str] = ()) -> str:
    """What the ledger says of all that was collected (about some accounts): how much came whole, and what did not.

    It belongs to every "nothing was found". "" where nothing was collected.
    """
    wanted = {account.lower() for account in accounts} | {""}
    told = [line for line in lines(case) if not accounts or line.account.lower() in wanted]
    if not told:
        return ""
    hindered = [line for line in told if line.state in HINDERED]
    had = by_another(hindered, told)
    known = {line.key for line in had}
    unknown = [line for line in hindered if line.key not in known]
    whole = [f"{count:,} {what}" for state, what in _OF_WHOLE.items() if (count := _count(told, state))]
    came = sum(line.state in WHOLE for line in told)
    said = [
        f"{came:,} of {len(told):,} windows that were to be asked for came whole"
        + (f": {', '.join(whole)}" if whole else "")
    ]
    if had:
        said.append(
            f"{len(had):,} did not, but another road to the same source brought the same days whole ({_sources(had)})"
        )
    if unknown:
        unasked = _count(unknown, UNASKED)
        ended = f"; {unasked:,} not asked for yet" if unasked else ""
        said.append(
            f"{len(unknown):,} did not or only in part ({_sources(unknown)}{ended}), and what lies in them is not "
            "known: `python -m toolkit coverage` names them"
        )
    return f"By the ledger, {'; '.join(said)}."


def _count(told: Iterable[Line], state: str) -> int:
    return sum(line.state == state for line in told)


def _sources(told: Iterable[Line]) -> str:
    names = sorted({line.source for line in told})
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def again(case: Case, told: Sequence[Line]) -> str:
    """The command that asks again for what may still grow or did not come whole; "" where there is nothing."""
    left = [line for line in told if line.needs_asking]
    if not left:
        return ""
    marked = any(kind_of(line.account) for line in left)
    others = [line for line in left if not kind_of(line.account)]
    people = {line.account for line in others if "@" in line.account} or (_people(told) if others else set())
    if others and not people:
        people = _people(lines(case))  # whom it was collected with
    named = [f"--account {quoted(name)}" for name in sorted(people)]
    if not named and not marked:
        named = ["--account NAME@DOMAIN"]
    whose = " ".join([*named, *["--pivot"] * marked])
    return f'python -m toolkit collect --case "{case.folder}" {whose} --refresh{options_said(case)}'


def open_sentence(case: Case, marks: Sequence[Mark]) -> str:
    """Which marks nobody looked for yet in everybody's records, and the command that does just that; "" for none."""
    if not marks:
        return ""
    some = ", ".join(str(mark) for mark in marks[:NAMED]) + (f" and {len(marks) - NAMED} more" * (len(marks) > NAMED))
    by_hand = len(set(marks) & set(named_marks(case)))
    how = "Named as" if by_hand == len(marks) else "Judged or named" if by_hand else "Judged"
    return (
        f"{how} the attacker's, and not looked for in the other accounts yet: {some}. "
        f'`python -m toolkit collect --case "{case.folder}" --pivot-open{options_said(case)}` does that.'
    )


def disagreements(told: Iterable[Line], some: int = 5) -> list[str]:
    """Of each window about which two answers or two roads disagree: which ids only one of them had, not escaped."""
    found = []
    for line in told:
        sides = [("had only by this one", line.only_here), ("had only by the other", line.only_there)]
        each = [f"{what}: {', '.join(ids[:some])}{_rest(ids, some)}" for what, ids in sides if ids]
        if each:
            whose = f" of {line.account}" if line.account else ""
            days = f"{line.start[:16].replace('T', ' ')} to {line.end[:16].replace('T', ' ')} UTC"
            found.append(f"{line.source}{whose}, {line.road}, {days}: {'; '.join(each)}.")
    return found


def sources_sentences(case: Case, accounts: Collection[str] = ()) -> list[str]:
    """What the ledger says of each source (of some accounts): behind a "nothing found". Empty where there is none."""
    wanted = {account.lower() for account in accounts} | {""}
    told = [line for line in lines(case) if not accounts or line.account.lower() in wanted]
    return list(
        dict.fromkeys(ledger_sentence(case, strip.source, strip.account) for strip in strips(told) if strip.account)
    )


def finding_sentences(case: Case, findings: Iterable[Finding]) -> list[str]:
    """What the ledger says of the sources that findings rest on, each once. Empty where nothing was collected."""
    asked = {(line.source, line.account.lower()) for line in lines(case)}
    found: dict[str, None] = {}
    for finding in findings if asked else ():
        for source in sources_of(finding.table):
            if (source, finding.user.lower()) in asked:
                found[ledger_sentence(case, source, finding.user)] = None
    return list(found)


def sources_of(table: str) -> list[str]:
    """The sources that fill a table, in the order of the roads to them."""
    tables = (SIGNINS.name, AUDIT.name) if table == LOGONS else (table,)
    return list(dict.fromkeys(road.source for road in ROADS.values() if road.table in tables))


def touched_sentences(case: Case, marks: Sequence[Mark]) -> list[str]:
    """Of each mark, whose records have it, and that nobody else's do; not escaped."""
    rows, told = touched(case, marks), []
    for mark in marks:
        own = rows[(rows.kind == mark.kind) & (rows.value == mark.value)].to_dict("records")
        each = [f"{row['account'] or 'no account named'} ({row['records']:,})" for row in own[:NAMED]]
        more = f" and {len(own) - NAMED:,} accounts more" if len(own) > NAMED else ""
        told.append(f"{mark}: {'in records of ' if each else 'in no record of this case'}{', '.join(each)}{more}.")
    return told


def _hindered(line: Line) -> bool:
    """Whether something is to be told of a window: it lacks something, or could not be asked for again."""
    return line.state in HINDERED or (bool(line.in_vain) and line.state != COMPLETE)


def _rest(ids: Sequence[str], some: int) -> str:
    more = len(ids) - some
    return f" and {more} more" + (" at least" if len(ids) >= SAID else "") if more > 0 else ""


def _people(told: Sequence[Line]) -> set[str]:
    return {line.account for line in told if "@" in line.account}


def _said(strip: Strip) -> str:
    whose = f" of {strip.account}" if strip.account else ""
    road = f" by {strip.road}" if strip.road else ""
    why = next(iter(strip.hindered), None)
    because = f" ({why.days}: {why.reason.rstrip('.')})" if why else ""
    return (
        f"The ledger on {strip.source}{whose}{road}: {strip.start[:10]} to {strip.end[:10]}, {strip.in_words}{because}."
    )
