"""What is marked as the attacker's: addresses, sessions, applications and devices, to look for in everybody's records.

A mark comes from a finding that a person judged the attacker's, or is named by a person. The journal says which were
named and which were looked for (`pivots_open`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd

from toolkit import engine
from toolkit.case import Case
from toolkit.case.verdicts import ATTACKER, key_of, operator, verdicts
from toolkit.collect.consented import consented
from toolkit.collect.names import GUID
from toolkit.detect import Finding, Triage, triage
from toolkit.errors import UsageError

ADDRESS, SESSION, APP, DEVICE = "address", "session", "application", "device"
KINDS = (ADDRESS, SESSION, APP, DEVICE)
PIVOTED = "collect.pivot"
"""The journal's entry of a pivot that ran to its end, with its `marks`."""
NAMED = "collect.mark"
"""The journal's entry of a mark that a person named, or took back (`taken_back`): `mark`, and `by` whom."""
ALREADY = "Whatever was judged or named as the attacker's was looked for already."
LONGEST = 200  # characters
# The columns in which records name each kind.
COLUMNS = {
    "signins": {ADDRESS: "ip_address", SESSION: "session_id", APP: "app_id", DEVICE: "device_id"},
    "audit": {ADDRESS: "ip_address", SESSION: "session_id", APP: "client_app_id", DEVICE: "device_id"},
}
# Records of what was done to an application, consents above all, name it elsewhere.
ABOUT_APP = ("app_id", "object_id", "target")


@dataclass(frozen=True, order=True)
class Mark:
    """One thing of the attacker's: its `kind` (address, session, application, device) and its `value`."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


def named_mark(kind: str, value: str) -> Mark:
    """A mark of what evidence or a person names; addresses and GUIDs are written one way.

    Raises:
        UsageError: no such kind, or the value cannot be one.
    """
    text = value.strip()
    if kind not in KINDS or not text or len(text) > LONGEST or not text.isprintable() or "'" in text:
        raise UsageError(f"{value[:60]!r} cannot be looked for as {kind}; a mark is one of {', '.join(KINDS)}.")
    if kind == ADDRESS:
        try:
            text = str(ipaddress.ip_address(text))
        except ValueError as error:
            raise UsageError(f"{text[:60]!r} is no IP address.") from error
    return Mark(kind, text.lower() if GUID.fullmatch(text) else text)


def typed_mark(text: str) -> Mark:
    """A mark as a person types it: `address=203.0.113.7`, or session, app or device with a GUID.

    Raises:
        UsageError: it is none; the text says what is wrong.
    """
    word, sign, value = text.partition("=")
    kind = {"app": APP}.get(word.strip().lower(), word.strip().lower())
    if not sign or kind not in KINDS:
        raise UsageError(
            f"{text[:60]!r} is no mark: write address=IP-ADDRESS, or session=, app= or device= and the GUID that the "
            "records name it by."
        )
    if kind != ADDRESS and not GUID.fullmatch(value.strip()):
        raise UsageError(f"{value[:60]!r} is no {kind}'s id, which is a GUID, e.g. {kind_typed(kind)}={_EXAMPLE}.")
    if kind == ADDRESS and "%" in value:
        raise UsageError(f"{value[:60]!r} is no IP address that records have: leave out what follows the percent sign.")
    return named_mark(kind, value)


def kind_typed(kind: str) -> str:
    """A kind as a person types it."""
    return "app" if kind == APP else kind


def name_marks(case: Case, marks: Iterable[Mark]) -> None:
    """Note in the journal that a person calls these the attacker's, too; what was named before is not noted again."""
    known = set(named_marks(case))
    for mark in dict.fromkeys(marks):
        if mark not in known:
            case.journal.append(NAMED, mark=asdict(mark), by=operator())


def take_marks_back(case: Case, marks: Iterable[Mark]) -> None:
    """Note that marks which a person named are none.

    Raises:
        UsageError: nobody named one of them.
    """
    known, gone = named_marks(case), list(marks)
    for mark in gone:
        if mark not in known:
            named = ", ".join(map(str, known)) or "nothing"
            raise UsageError(
                f"Nobody named {mark}; named by hand is {named}. What a verdict marks goes with the verdict."
            )
    for mark in gone:
        case.journal.append(NAMED, mark=asdict(mark), by=operator(), taken_back=True)


def named_marks(case: Case) -> list[Mark]:
    """The marks that persons named and did not take back, sorted."""
    found: set[Mark] = set()
    for entry in case.journal.entries(NAMED):
        mark = _told(entry.fields["mark"])
        (found.discard if entry.fields.get("taken_back") else found.add)(mark)
    return sorted(found)


def marks_of(case: Case, found: Triage) -> list[Mark]:
    """The marks of the findings that were judged the attacker's, and those that a person named, sorted.

    Of addresses and sessions only those that the detections tell apart from the owner's; applications only where the
    finding is about consent (the one that was let in), devices only where it is about how somebody signed in.
    """
    judged = {key for key, verdict in verdicts(case).items() if verdict.verdict == ATTACKER}
    ours = [f for f in found.findings if key_of(f.id, f.user, f.evidence) in judged]
    seen = {mark for finding in ours for mark in _in_rows(case, finding)}
    places = ((ADDRESS, found.intruder.addresses), (SESSION, found.intruder.sessions))
    known = {kind: {value.lower() for value in values} for kind, values in places}
    theirs = {mark for mark in seen if mark.kind not in known or mark.value.lower() in known[mark.kind]}
    return sorted(theirs | set(named_marks(case)))


def pivots_open(case: Case, found: Triage | None = None) -> list[Mark]:
    """The marks that nobody looked for yet in everybody's records, sorted: those of new verdicts, mostly.

    Nothing is asked of a tenant. Without `found` the case's findings are made, if anything was judged the attacker's.
    """
    done = pivoted(case)
    if not judged(case):
        return [mark for mark in named_marks(case) if mark not in done]
    return [mark for mark in marks_of(case, found or triage(case)) if mark not in done]


def pivoted(case: Case) -> list[Mark]:
    """The marks that were looked for in everybody's records, sorted."""
    return sorted({_told(one) for entry in case.journal.entries(PIVOTED) for one in entry.fields["marks"]})


def why_none(case: Case) -> str:
    """Why there is nothing that could be looked for, or nothing more, and what to do: a sentence."""
    hand = "or name an address, session, app or device with `collect --mark`"
    if not judged(case) and not named_marks(case):
        return (
            "Nothing is marked as the attacker's yet: judge findings as the attacker's in notebook 1 or with "
            f"`triage --verdict`, {hand}, then look again."
        )
    if named_marks(case) or marks_of(case, triage(case)):
        return ALREADY
    return (
        "What was judged the attacker's names no address, session, application or device that could be looked for: "
        f"judge findings about sign-ins and consents, too, {hand}, then look again."
    )


def touched(case: Case, marks: Iterable[Mark]) -> pd.DataFrame:
    """Whose records have the marks, as far as the case has them: the question that looking in all accounts answers.

    One row a mark and account: `kind`, `value`, `account` (lower case; "" where the record names none), `records`,
    `first` and `last` (UTC); the marks in their order, of each the account with the most records first.
    """
    found = []
    for mark in marks:
        value = f"lower({engine.text(mark.value)})"
        about = "".join(f" OR contains(lower({column}), {value})" for column in ABOUT_APP if mark.kind == APP)
        parts = [
            f"SELECT lower(coalesce(user_principal_name, '')) AS account, time FROM {table} "
            f"WHERE lower({columns[mark.kind]}) = {value}{about if table == 'audit' else ''}"
            for table, columns in COLUMNS.items()
        ]
        rows = case.sql(
            "SELECT account, count(*) AS records, min(time) AS first, max(time) AS last "
            f"FROM ({' UNION ALL '.join(parts)}) GROUP BY account ORDER BY records DESC, account"
        )
        rows.insert(0, "kind", mark.kind)
        rows.insert(1, "value", mark.value)
        found.append(rows)
    columns = ["kind", "value", "account", "records", "first", "last"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def kind_of(account: str) -> str:
    """The kind of the mark that a line of the ledger is about; "" where it is about an account, or everybody."""
    kind, _, value = account.partition(" ")
    return kind if kind in KINDS and value else ""


def judged(case: Case) -> bool:
    """Whether anything was judged the attacker's at all."""
    return any(verdict.verdict == ATTACKER for verdict in verdicts(case).values())


def _told(mark: dict[str, str]) -> Mark:
    """A mark as the journal has it."""
    value = str(mark["value"])
    return Mark(str(mark["kind"]), value.lower() if GUID.fullmatch(value) else value)


def _in_rows(case: Case, finding: Finding) -> Iterable[Mark]:
    tables = {finding.table: finding.evidence, **finding.further}
    for table, row_ids in tables.items():
        for kind, column in COLUMNS.get(table, {}).items():
            wanted = ", ".join(engine.text(row) for row in row_ids)
            if not wanted or kind == APP or (kind == DEVICE and finding.id[:2] not in _SIGN_IN):
                continue
            rows = case.sql(f"SELECT DISTINCT {column} AS value FROM {table} WHERE row_id IN ({wanted})")
            yield from _askable(kind, rows.value.dropna())
        if table == "audit" and finding.id == _CONSENT:
            yield from _askable(APP, consented(case, row_ids))


def _askable(kind: str, values: Iterable[object]) -> Iterable[Mark]:
    for value in values:
        try:
            yield named_mark(kind, str(value))
        except UsageError:
            continue  # what evidence says may be anything; what cannot be asked for is not


_SIGN_IN = ("SI", "TK")
_CONSENT = "OA-01"
_EXAMPLE = "456123b3-941e-51a1-860e-5a34b8aa6ccc"
