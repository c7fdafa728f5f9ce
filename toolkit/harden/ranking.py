"""The controls of Secure Score in the order in which they help after this incident.

Rank = weight × open share of its points × evidence ÷ effort. Weight: how much the control matters to a taken mailbox
(`reference/control_weights.csv`). Evidence: 2.0 where it would have stopped something that a person confirmed, 1.5
where one of the two is unsure (it could have stopped it; nobody judged it yet), 1.0 otherwise. Effort: cost × effect on
users, each Low 1, Moderate 1.5, High 2, unknown 1.5.
Points are shown, never the order: they say what Microsoft counts, not what happened here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pandas as pd

from toolkit.case.export import write_frame
from toolkit.case.verdicts import Verdict
from toolkit.detect import Finding
from toolkit.harden.control import ON, Control
from toolkit.harden.licences import Licences, licence_said
from toolkit.harden.remediation import text_without_markup
from toolkit.harden.score import ScoreReport
from toolkit.harden.weights import HINDERS, STOPS, Standing, Weight, answer_to, standing, weight_of

CONFIRMED, UNSURE, NONE = 2.0, 1.5, 1.0
EFFORT = {"low": 1.0, "moderate": 1.5, "medium": 1.5, "high": 2.0}
UNKNOWN_EFFORT = 1.5
MICROSOFT = ("microsoft.com", "office.com", "azure.com", "cloud.microsoft", "azure.us", "office365.us", "microsoft.us")
SHORT_LINKS = ("aka.ms",)
LONGEST_LINK = 2000
NO_WEIGHT = "Not known to matter to a taken mailbox; in Microsoft's own order."
COLUMNS = (
    "place", "control", "title", "category", "state", "points", "maximum", "open", "weight", "evidence", "effort",
    "rank", "why", "limits", "what_to_do", "cost", "impact", "effect_on_users", "licence", "licensed", "link", "said",
    "said_note", "said_by", "said_time", "status", "microsoft_rank", "tier", "service", "threats", "source",
    "also_told",
)  # fmt: skip


@dataclass(frozen=True)
class RankedControl:
    """One control in its place (from 1). `name` is its title, in our words where a file has only its id.

    `value` is its rank; None where its points or its weight are not known. `why` is one sentence; `what_to_do` the
    service's own text without markup; `licence` what it needs ("" where not known), and `licensed` whether the
    organisation has that (see `licence_said`); `link` an https address of Microsoft, or "". `limits`: what it would not
    have stopped.
    """

    place: int
    name: str
    control: Control
    weight: int | None
    evidence: float
    effort: float
    value: float | None
    why: str
    limits: str
    what_to_do: str
    licence: str
    licensed: str
    link: str


def ranked_controls(
    report: ScoreReport, findings: Iterable[Finding], given: Mapping[str, Verdict] | None = None
) -> list[RankedControl]:
    """Every control of the report, the most useful first.

    Controls with something open come first, by rank; then those whose open points are not told, by weight and
    evidence; then those that the table does not know, by Microsoft's rank; last those that are on. `given` are the
    analyst's verdicts; findings that somebody judged the owner's do not count.
    """
    counted = standing(findings, given)
    found = [_ranked(control, weight_of(control), counted, report.licences) for control in report.controls]
    found.sort(key=_order)
    return [replace(one, place=number) for number, one in enumerate(found, 1)]


def ranked_frame(ranked: Sequence[RankedControl]) -> pd.DataFrame:
    """One row a control, in order. Columns: `COLUMNS`; `said` is what the organisation says of it (time in UTC).

    `also_told` has every field besides as its source heads it, as JSON.
    """
    rows = []
    for one in ranked:
        c, said = one.control, one.control.said
        rows.append((
            one.place, c.id, one.name, c.category, c.state, c.points, c.maximum, c.open, one.weight, one.evidence,
            one.effort, one.value, one.why, one.limits, one.what_to_do, c.cost, c.impact,
            text_without_markup(c.effect), one.licence, one.licensed, one.link, said.state if said else "",
            said.note if said else "", said.by if said else "", said.time if said else None, c.status, c.rank,
            c.tier, c.service, ", ".join(c.threats), c.source,
            json.dumps(c.further, ensure_ascii=False, default=str) if c.further else "",
        ))  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("place", "weight", "microsoft_rank"):
        frame[name] = frame[name].astype("Int64")
    for name in ("points", "maximum", "open", "rank"):
        frame[name] = frame[name].astype("Float64")
    frame["said_time"] = pd.to_datetime(frame["said_time"], utc=True)
    return frame


def export_controls(ranked: Sequence[RankedControl], to: str | os.PathLike[str]) -> int:
    """Write the ranked controls to a .csv, .jsonl, .parquet or .xlsx; returns the number of rows. Times are UTC.

    Raises:
        UsageError: another ending, or the file cannot be written.
    """
    return write_frame(ranked_frame(ranked), to, sheet="Secure Score controls")


def link_of(address: str) -> str:
    """The address, if it is https and leads to a host of Microsoft; "" otherwise."""
    text = address.strip()
    if not text.isprintable() or " " in text or "\\" in text or len(text) > LONGEST_LINK:
        return ""
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or parts.username is not None or parts.password is not None or port not in (None, 443):
        return ""
    ours = host in (*MICROSOFT, *SHORT_LINKS) or host.endswith(tuple(f".{name}" for name in MICROSOFT))
    return text if ours else ""


def _ranked(control: Control, weight: Weight | None, counted: list[Standing], held: Licences | None) -> RankedControl:
    evidence, why = _evidence(weight, counted)
    effort = _effort(control.cost) * _effort(control.impact)
    share = control.share_open
    value = weight.weight * share * evidence / effort if weight is not None and share is not None else None
    only_id = control.title == control.id and " " not in control.id
    name = weight.name if weight is not None and only_id else control.title
    licence = weight.licence if weight else ""
    return RankedControl(
        0, name, control, weight.weight if weight else None, evidence, effort, value, why,
        weight.limits if weight else "", text_without_markup(control.remediation), licence,
        licence_said(licence, held, control.licensed), link_of(control.address),
    )  # fmt: skip


def _evidence(weight: Weight | None, counted: list[Standing]) -> tuple[float, str]:
    if weight is None:
        return NONE, NO_WEIGHT
    answered = [(answer_to(weight, s), s) for s in counted]
    kinds = (
        (CONFIRMED, [s for a, s in answered if a == STOPS and s.confirmed], STOPS, "confirmed"),
        (UNSURE, [s for a, s in answered if a == STOPS], STOPS, "not judged yet"),
        (UNSURE, [s for a, s in answered if a == HINDERS and s.confirmed], HINDERS, "confirmed"),
        (NONE, [s for a, s in answered if a == HINDERS], HINDERS, "not judged yet"),
    )
    for factor, hits, how, word in kinds:
        if hits:
            names = list(dict.fromkeys(f"“{s.finding.title}” ({s.finding.id})" for s in hits))
            more = f" and {len(names) - 2} more" if len(names) > 2 else ""
            said = " and ".join(names) if not more else f"{', '.join(names[:2])}{more}"
            return factor, f"{how.capitalize()} {said}: {word}."
    return NONE, f"No finding of this case; it closes {weight.closes}."


def _effort(word: str) -> float:
    return EFFORT.get(word.lower(), UNKNOWN_EFFORT)


def _order(one: RankedControl) -> tuple[int, float, int, str]:
    rank = one.control.rank if one.control.rank is not None else 1_000_000
    if one.control.state == ON or one.control.share_open == 0:
        return 3, 0.0, rank, one.control.id.lower()
    if one.weight is None:
        return 2, 0.0, rank, one.control.id.lower()
    if one.value is None:
        return 1, -one.weight * one.evidence / one.effort, rank, one.control.id.lower()
    return 0, -one.value, rank, one.control.id.lower()
