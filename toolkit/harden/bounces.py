"""Bounces: which delivery codes stand in pasted text or in the message trace, and which case each one is.

Only codes count, never words: a bounce comes in any language, and its text is written by whoever sent the mail.
"""

from __future__ import annotations

import csv
import html
import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from toolkit import reference
from toolkit.case import Case
from toolkit.detect.words import plural, short
from toolkit.harden.bounce_kinds import KINDS, ORDER, Kind

LONGEST = 20_000_000  # characters of a text that are looked at
MOST_TEXTS = 50_000  # different texts of a case that are looked at
EXCERPTS = 3
WHOLE = (
    "Paste the whole bounce, with its “Diagnostic information for administrators”, or load the details of the trace "
    "(Get-MessageTraceDetailV2)."
)
_CODE = re.compile(r"(?<![\w.])([45])(\s{0,3}\.\s{0,3})(\d{1,3})(\s{0,3}\.\s{0,3})(\d{1,3})(?![\w])(?!\.\d)", re.ASCII)
_BEFORE = re.compile(r"(?:(?<!\d)[45]\d\d|status|code|#|led=)[\s:#<=(\[\"'-]{0,6}$", re.IGNORECASE)
_SERVICE = re.compile(r"(?<!\w)AS\s{0,2}\(\s{0,2}(\d{3,10})\s{0,2}\)", re.IGNORECASE)
_ADDRESS = re.compile(r"\[([0-9A-Fa-f.:]{3,45})\]|(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?![\w.]*\d)")
_TAG = re.compile(
    r"</?(?:p|div|span|br|b|i|u|a|td|tr|th|table|tbody|strong|em|font|code|pre|li|ul|ol|h[1-6]|html|body|head|meta|o:p)"
    r"\b[^<>]{0,300}>",
    re.IGNORECASE,
)
_CODED = r"[45]\s*\.\s*\d{1,3}\s*\.\s*\d{1,3}|AS\s*\("
_NUMBERS = ("messages", "events", "failed", "explained", "settled")
_COUNTED = f"""
WITH told AS (
    SELECT DISTINCT coalesce(message_trace_id, message_id) AS key FROM message_events
    WHERE regexp_matches(lower(coalesce(event, '')), 'fail|defer|drop')
        OR regexp_matches(concat_ws(' ', description, action, data), '{_CODED}')),
mails AS (
    SELECT lower(coalesce(status, '')) AS status, coalesce(message_trace_id, message_id) AS key, message_id
    FROM messages),
failures AS (
    SELECT regexp_matches(status, '{_CODED}') OR key IN (SELECT key FROM told)
        OR message_id IN (SELECT key FROM told) AS explained
    FROM mails WHERE regexp_matches(status, 'fail|undeliver'))
SELECT (SELECT count(*) FROM mails) AS messages, (SELECT count(*) FROM message_events) AS events,
    (SELECT count(*) FROM failures) AS failed, (SELECT count(*) FROM failures WHERE explained) AS explained,
    (SELECT count(*) FROM mails
     WHERE status IN ('delivered', 'expanded', 'filteredasspam', 'quarantined', 'resolved')) AS settled"""
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


@dataclass(frozen=True)
class Row:
    """One row of `reference/bounce_codes.csv`: the codes from `first` to `last`, each class, subject and detail."""

    first: tuple[int, int, int]
    last: tuple[int, int, int]
    code: str
    text: str
    meaning: str
    action: str
    detection: str
    kind: str


@dataclass
class Bounce:
    """One code: which case it is, how often it came, IP addresses it names, and where it stands (short excerpts).

    `known` is False for a code that the table does not have: then nothing is claimed about it. `people` are senders
    and recipients of the traced messages, as far as the case tells them.
    """

    code: str
    row: Row | None
    kind: Kind
    count: int = 0
    addresses: list[str] = field(default_factory=list)
    excerpts: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)

    @property
    def known(self) -> bool:
        return self.row is not None

    @property
    def meaning(self) -> str:
        if self.row is None:
            return "This version does not know the code. Look it up in Microsoft's list of non-delivery reports."
        return f"{self.row.meaning[0].upper()}{self.row.meaning[1:]}."


@dataclass(frozen=True)
class BounceReport:
    """The codes that were found, the widest case first; `told` is one sentence; `checked`: there was something."""

    bounces: list[Bounce]
    told: str
    checked: bool = True
    notes: list[str] = field(default_factory=list)

    @property
    def groups(self) -> list[str]:
        """The cases that occur, each once."""
        return list(dict.fromkeys(bounce.kind.group for bounce in self.bounces))


@cache
def codes() -> list[Row]:
    """The table of codes, single ones before ranges."""
    with open(reference.path("bounce_codes.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("code", "text", "meaning", "action", "detection", "kind")
    found = [Row(*_span(row["code"]), *(row[n] for n in names)) for row in rows]
    return sorted(found, key=lambda row: (row.first != row.last, row.first))


def _span(code: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    first, _, last = code.partition("-")
    begin = _numbers(first)
    if not last:
        return begin, begin
    return begin, _numbers(last) if "." in last else (begin[0], begin[1], int(last))


def _numbers(code: str) -> tuple[int, int, int]:
    one, two, three = (int(part) for part in code.split("."))
    return one, two, three


def case_of(code: str) -> Bounce:
    """The case that one code is, such as `5.7.606`; one that the table does not have is "something else"."""
    numbers = _numbers(code)
    row = next((row for row in codes() if row.first <= numbers <= row.last), None)
    return Bounce(code, row, KINDS[row.kind if row else "other"])


def bounces(of: Case | str | Iterable[str]) -> BounceReport:
    """Codes in pasted text, in several texts, or in what a case has of the message trace; never guessed from words."""
    if isinstance(of, Case):
        return _in_case(of)
    texts = [of] if isinstance(of, str) else list(of)
    found: dict[str, Bounce] = {}
    notes = []
    for text in texts:
        if len(text) > LONGEST:
            notes.append(f"Only the first {LONGEST:,} characters of a text of {len(text):,} were looked at.")
        _gather(text[:LONGEST], 1, [], found)
    if not any(text.strip() for text in texts):
        return BounceReport([], f"Not checked: nothing was pasted. {WHOLE}", False, notes)
    return BounceReport(_sorted(found), _told(found, "the text"), True, notes)


def _in_case(case: Case) -> BounceReport:
    found: dict[str, Bounce] = {}
    notes = []
    query = f"""
    WITH told AS (
        SELECT status AS text, message_id, sender_address, recipient_address FROM messages
        UNION ALL
        SELECT concat_ws(' ', e.description, e.action, e.data), e.message_id, m.sender_address, m.recipient_address
        FROM message_events e LEFT JOIN (
            SELECT message_id, any_value(sender_address) AS sender_address,
                any_value(recipient_address) AS recipient_address FROM messages GROUP BY message_id
        ) m ON m.message_id = e.message_id)
    SELECT text, count(*) AS times, list_slice(list(DISTINCT sender_address), 1, 5) AS senders,
        list_slice(list(DISTINCT recipient_address), 1, 5) AS recipients
    FROM told WHERE regexp_matches(text, '{_CODED}')
    GROUP BY text ORDER BY times DESC, text LIMIT {MOST_TEXTS}"""
    rows = case.sql(query)
    for row in rows.itertuples():
        people = [p for p in (*_few(row.senders), *_few(row.recipients)) if p]
        _gather(str(row.text)[:LONGEST], int(str(row.times)), people, found)
    counted = case.sql(_COUNTED).iloc[0]
    messages, events, failed, explained, settled = (int(str(counted[name])) for name in _NUMBERS)
    if len(rows) == MOST_TEXTS:
        notes.append(f"Only the {MOST_TEXTS:,} most frequent texts of the trace were looked at.")
    if not messages and not events:
        return BounceReport([], f"Not checked: this case has no message trace. {WHOLE}", False)
    unexplained = failed - explained
    if unexplained:
        here = f"the details of {explained:,} are here" if explained else "no details are here"
        lacking = f"Of {plural(failed, 'failed message')} {here}: without its details a message has no code. {WHOLE}"
        if not found:
            return BounceReport([], f"Not checked: {lacking[:1].lower()}{lacking[1:]}", False, notes)
        notes.append(lacking)
    if found or events:
        return BounceReport(_sorted(found), _told(found, "the message trace"), True, notes)
    if messages == settled:
        told = f"None of the {plural(messages, 'message')} of the trace failed; of others it says nothing."
        return BounceReport([], told, True, notes)
    return BounceReport([], f"Not checked: the message trace of this case has no codes. {WHOLE}", False, notes)


def _few(value: object) -> list[str]:
    return [str(one) for one in value] if hasattr(value, "__iter__") and not isinstance(value, str) else []


def _gather(text: str, times: int, people: list[str], found: dict[str, Bounce]) -> None:
    plain = readable(text)
    for code, start, end in _codes_in(plain):
        if code not in found:
            found[code] = case_of(code)
        bounce = found[code]
        bounce.count += times
        if len(bounce.excerpts) < EXCERPTS:
            excerpt = short(plain[max(0, start - 40) : end + 160], 200)
            if excerpt not in bounce.excerpts:
                bounce.excerpts.append(excerpt)
        if len(bounce.addresses) < 20:
            bounce.addresses += [a for a in _addresses(plain[start : end + 240]) if a not in bounce.addresses]
        bounce.people += [p for p in people if p not in bounce.people and len(bounce.people) < 10]


def readable(text: str) -> str:
    """A text as its reader sees it: no tags, no entities, no soft line ends, no invisible signs, plain digits."""
    if "=" in text:
        text = re.sub(r"=\r?\n", "", text)
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", re.sub(r"<wbr\s*/?>", "", text, flags=re.IGNORECASE))
    return unicodedata.normalize("NFKC", text).translate(_INVISIBLE)


def _codes_in(plain: str) -> list[tuple[str, int, int]]:
    """Each code with where it begins and ends.

    A code counts where a reply (550), a word such as Status or a # stands before it; without that where the table
    has it, as `5.7.705` in a sentence, but not where blanks make it look like a date.
    """
    found = []
    for match in _CODE.finditer(plain):
        code = f"{int(match[1])}.{int(match[3])}.{int(match[5])}"
        blanks = match[2] != "." or match[4] != "."
        quoted = bool(_BEFORE.search(plain[max(0, match.start() - 16) : match.start()]))
        telling = case_of(code).known and (not blanks or int(match[5]) >= 100)
        if quoted or telling:
            found.append((code, match.start(), match.end()))
    for match in _SERVICE.finditer(plain):
        for row in codes():
            if f"AS({match[1]})" in row.text and not any(
                code == row.code and abs(start - match.start()) < 400 for code, start, _ in found
            ):
                found.append((row.code, match.start(), match.end()))
    return found


def _addresses(text: str) -> list[str]:
    found = []
    for match in _ADDRESS.finditer(text):
        try:
            found.append(str(ipaddress.ip_address(match[1] or match[2])))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def _sorted(found: dict[str, Bounce]) -> list[Bounce]:
    return sorted(found.values(), key=lambda b: (ORDER.index(b.kind.group), not b.known, -b.count, b.code))


def _told(found: dict[str, Bounce], where: str) -> str:
    if not found:
        return f"No delivery code was found in {where}. {WHOLE}"
    known = [b for b in found.values() if b.known]
    unknown = len(found) - len(known)
    said = f"{plural(len(found), 'code')} found in {where}."
    return said + (f" {plural(unknown, 'code')} not known to this version: {WHOLE}" if unknown else "")
