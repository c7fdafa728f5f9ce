"""Verdicts: what a person decided about a finding, kept in the journal, so that no re-run can overwrite it.

A verdict belongs to a key made of the detection, the user and the records that prove the finding. Where later
evidence adds records to a finding its key is another: the verdict stays, and is shown as one on other rows.
"""

from __future__ import annotations

import getpass
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.case.case import Case
from toolkit.errors import UsageError

KIND = "verdict"
ATTACKER, OWNER, UNKNOWN = "attacker", "owner", "unknown"
CHOICES = (ATTACKER, OWNER, UNKNOWN)
SHORT = 8  # characters of a short name's mark
_CONFLICT = re.compile(r"~\d+$")  # rows that contradict each other are one record


@dataclass(frozen=True)
class Verdict:
    """One decision: about which finding (`key`, `detection`, `user`), what, why (`note`), when (UTC text), by whom."""

    key: str
    detection: str
    user: str
    verdict: str
    note: str
    time: str
    by: str


def key_of(detection: str, user: str, row_ids: Iterable[str]) -> str:
    """The stable name of a finding: the same in every run, in any order of loading, while its records are the same."""
    records = sorted({_CONFLICT.sub("", row) for row in row_ids})
    mark = hashlib.sha256("\n".join(records).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{detection}|{user.lower()}|{mark}"


def short_of(key: str) -> str:
    """A finding's name as a person types it: the detection and some characters, e.g. `OA-01-3f9c2a71`."""
    mark = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:SHORT]
    return f"{key.partition('|')[0]}-{mark}"


def meant_by(text: str, keys: Iterable[str]) -> str:
    """The key among `keys` that a person means by a short name (upper or lower case) or by the key itself.

    Raises:
        UsageError: none, or several.
    """
    known = dict.fromkeys(keys)
    if text in known:
        return text
    found = [key for key in known if short_of(key).lower() == text.strip().lower()]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{text[:80]!r} may be each of these findings: name one in full: {', '.join(found)}.")
    raise UsageError(f"There is no finding {text[:80]!r} in this case; `triage` prints the name of each beside it.")


def give(case: Case, key: str, verdict: str, note: str = "", by: str = "") -> Verdict:
    """Write a verdict on the finding of this key; one given before stays in the journal and no longer counts.

    `by` is who decides; without it the name of this computer's user.

    Raises:
        UsageError: `verdict` is not one of `CHOICES`, or the key is none.
    """
    if verdict not in CHOICES:
        raise UsageError(f"“{verdict}” is no verdict; it may be {', '.join(CHOICES)}.")
    return _write(case, key, verdict, note, by)


def take_back(case: Case, key: str, note: str = "", by: str = "") -> None:
    """Take the verdict on this finding back; that it was given stays in the journal."""
    _write(case, key, "", note, by)


def verdicts(case: Case) -> dict[str, Verdict]:
    """The verdict that counts now on each finding's key: the last one given and not taken back."""
    found: dict[str, Verdict] = {}
    for entry in case.journal.entries(KIND):
        given = entry.fields
        found.pop(given["key"], None)
        if given["verdict"]:
            found[given["key"]] = _verdict(given, entry.time)
    return found


def _write(case: Case, key: str, verdict: str, note: str, by: str) -> Verdict:
    parts = key.split("|")
    if len(parts) < 3:
        raise UsageError(f"“{key}” is no key of a finding.")
    fields = {
        "key": key, "detection": parts[0], "user": "|".join(parts[1:-1]), "verdict": verdict, "note": note.strip(),
        "by": by or operator(),
    }  # fmt: skip
    return _verdict(fields, case.journal.append(KIND, **fields).time)


def _verdict(given: dict[str, str], time: str) -> Verdict:
    return Verdict(given["key"], given["detection"], given["user"], given["verdict"], given["note"], time, given["by"])


def operator() -> str:
    """The name that this computer's user goes by; empty where the system knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
