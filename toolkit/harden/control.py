"""One control of Secure Score, as its profile and the newest score tell of it together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from toolkit.contain.actions.secure_score import current
from toolkit.harden import portal_list
from toolkit.harden.score_rows import Row, Told, moment_of, number_of, rows_in, text_of, texts_in, truth_of

ON, PARTLY, OFF = "on", "partly on", "off"
NOT_ASSESSED = "not licensed or not assessed"
NOT_TOLD = "not told"
NO_CATEGORY = "Category not told"
_ENTRY = ("controlName", "controlCategory", "score", "scoreInPercentage", "implementationStatus", "on", "description")
_STATUS = ("implementationstatus", "status")  # how CSV files head it


@dataclass(frozen=True)
class Said:
    """What somebody of the organisation says of a control: Default, Ignored, ThirdParty or Reviewed (UTC)."""

    state: str
    note: str
    by: str
    time: datetime | None


@dataclass(frozen=True)
class Control:
    """One control. `points` and `maximum` are the service's; None where it does not tell them.

    `state` is on, partly on, off, “not licensed or not assessed” (a profile without a score: never a zero) or “not
    told”. `status` is the service's own sentence, `effect` on users and `remediation` (HTML, not sanitised) too.
    `scored` and `profiled` say which of the two tell of it, `listed` that its points are those of the portal's list;
    `licensed` is the portal's word on whether the licence is there; `further` is what they tell besides.
    """

    id: str
    title: str
    category: str
    state: str
    points: float | None = None
    maximum: float | None = None
    percent: float | None = None
    status: str = ""
    service: str = ""
    rank: int | None = None
    tier: str = ""
    cost: str = ""
    impact: str = ""
    effect: str = ""
    remediation: str = ""
    address: str = ""
    threats: tuple[str, ...] = ()
    said: Said | None = None
    scored: bool = False
    profiled: bool = False
    deprecated: bool = False
    listed: bool = False
    licensed: bool | None = None
    source: str = ""
    further: Row = field(default_factory=dict)

    @property
    def open(self) -> float | None:
        """Points that can still be reached; None where one of the two numbers is missing or they do not fit."""
        if self.points is None or self.maximum is None or self.points > self.maximum + 1e-9:
            return None
        return max(0.0, self.maximum - self.points)

    @property
    def share_open(self) -> float | None:
        """The open part of its points, 0 to 1."""
        if self.open is not None and self.maximum:
            return self.open / self.maximum
        return None if self.percent is None or not 0 <= self.percent <= 100 else 1 - self.percent / 100


def join(entries: Iterable[Row], profiles: Iterable[Told]) -> tuple[list[Control], list[str]]:
    """Every control that the newest score or a profile names, each once, and sentences about what did not fit."""
    scores: dict[str, Row] = {}
    twice = 0
    for entry in entries:
        name = text_of(entry.get("controlName"))
        twice += name.lower() in scores
        scores.setdefault(name.lower(), entry)
    known, contradicting, renewed = _profiles(profiles)
    notes = []
    if twice:
        notes.append(f"{twice} of the controls stand twice in the newest score; the first of each is shown.")
    if contradicting:
        notes.append(f"{contradicting} of the control profiles came in several versions; the newest of each is shown.")
    if renewed:
        notes.append(f"{renewed} of the actions stand differently in several lists; the list loaded last is shown.")
    names = [*scores, *(name for name in known if name not in scores)]
    found = [_control(scores.get(name), known.get(name), bool(scores)) for name in names]
    odd = sum(c.state == NOT_TOLD and c.share_open is not None for c in found)
    if odd:
        notes.append(
            f"Of {odd} of the actions the portal's list gives a status that its points contradict; whether they are "
            "on is not told."
        )
    return found, notes


def _profiles(told: Iterable[Told]) -> tuple[dict[str, Told], int, int]:
    """The profile of each control by its id in lower case: the tenant's over files', Graph's over a CSV's, newest.

    And of how many the versions differ: of Graph, and of the portal's list.
    """
    ordered = sorted(told, key=lambda t: (t.of_graph, t.live, _changed(t), t.loaded if not t.of_graph else 0))
    found: dict[str, Told] = {}
    contradicting, renewed = 0, 0
    titles = {text_of(t.row.get("title")).lower(): text_of(t.row.get("id")).lower() for t in ordered if t.of_graph}
    for one in ordered:
        name = text_of(one.row.get("id")).lower()
        if not one.of_graph and " " in name:
            name = titles.get(name, name)  # the portal's file has no ids
        before = found.get(name)
        if before is not None and before.of_graph and (before.row != one.row) and before.live == one.live:
            contradicting += 1
        if before is not None and {portal_list.AS_LISTED} <= before.row.keys() & one.row.keys():
            if before.loaded == one.loaded and before.row != one.row:
                name += f" ({text_of(one.row.get('service'))})"  # two products have an action of that name
            else:
                renewed += before.row != one.row
            before = None  # a later list counts as a whole: a note that is gone is gone
        merged = one if before is None else _over(before, one)
        found[name] = merged
    return found, contradicting, renewed


def _over(before: Told, one: Told) -> Told:
    """The later record, with what only the earlier one tells."""
    return Told(before.row | one.row, before.further | one.further, one.source, one.live, one.of_graph, one.loaded)


def _changed(told: Told) -> str:
    updates = [str(row.get("updatedDateTime") or "") for row in rows_in(told.row.get("controlStateUpdates"))]
    modified = moment_of(told.row.get("lastModifiedDateTime"))
    return max([*updates, modified.isoformat() if modified else ""], default="")


def _control(entry: Row | None, profile: Told | None, assessed: bool) -> Control:
    row = profile.row if profile else {}
    further = dict(profile.further) if profile else {}
    listed = portal_list.entry_of(row)
    if entry is not None and listed is not None:
        further |= row[portal_list.AS_LISTED]  # Graph's own points count; what the list says stays to be seen
    entry = listed if entry is None else entry
    scored = entry or {}
    points, maximum = number_of(scored.get("score")), number_of(row.get("maxScore"))
    if portal_list.MAXIMUM in scored:
        maximum = number_of(scored[portal_list.MAXIMUM])
    percent = number_of(scored.get("scoreInPercentage"))
    status = text_of(scored.get("implementationStatus"))
    if profile and not profile.of_graph:
        status = status or next((text_of(v) for k, v in further.items() if k.strip().lower() in _STATUS), "")
    further |= {k: v for k, v in scored.items() if k not in _ENTRY and k != portal_list.MAXIMUM}
    name = text_of(row.get("id")) or text_of(scored.get("controlName"))
    rank = number_of(row.get("rank"))
    updates = current(row.get("controlStateUpdates"))
    return Control(
        id=name,
        title=text_of(row.get("title")) or text_of(scored.get("description")) or name,
        category=text_of(scored.get("controlCategory")) or text_of(row.get("controlCategory")) or NO_CATEGORY,
        state=_state(entry, profile, points, maximum, percent, assessed, listed is not None and entry is listed),
        points=points,
        maximum=maximum,
        percent=percent,
        status=status,
        service=text_of(row.get("service")),
        rank=int(rank) if rank is not None else None,
        tier=text_of(row.get("tier")),
        cost=text_of(row.get("implementationCost")),
        impact=text_of(row.get("userImpact")),
        effect=text_of(row.get("remediationImpact")),
        remediation=text_of(row.get("remediation")),
        address=text_of(row.get("actionUrl")),
        threats=tuple(texts_in(row.get("threats"))),
        said=_said(updates),
        scored=entry is not None,
        profiled=profile is not None,
        deprecated=truth_of(row.get("deprecated")) is True,
        listed=listed is not None and entry is listed,
        licensed=_yes_or_no(row.get(portal_list.LICENSED)),
        source=profile.source if profile else "",
        further=further,
    )


def _state(
    entry: Row | None,
    profile: Told | None,
    points: float | None,
    maximum: float | None,
    percent: float | None,
    assessed: bool,
    listed: bool,
) -> str:
    if entry is None:
        return NOT_ASSESSED if assessed and profile is not None and profile.of_graph else NOT_TOLD
    if points is not None and maximum:
        share = points / maximum
    elif percent is not None:
        share = percent / 100
    else:
        flag = truth_of(entry.get("on"))
        if flag is None and listed and text_of(entry.get("implementationStatus")).lower() == portal_list.COMPLETED:
            return ON
        return NOT_TOLD if flag is None else ON if flag else OFF
    if listed and portal_list.contradicts(entry, share):
        return NOT_TOLD
    return ON if share >= 1 - 1e-9 else OFF if share <= 0 else PARTLY


def _yes_or_no(value: Any) -> bool | None:
    return {"yes": True, "no": False}.get(text_of(value).lower(), truth_of(value))


def _said(update: dict[str, Any]) -> Said | None:
    state = text_of(update.get("state"))
    if not state or (state.lower() == "default" and not text_of(update.get("comment"))):
        return None
    when = moment_of(update.get("updatedDateTime"))
    return Said(state, text_of(update.get("comment")), text_of(update.get("updatedBy")), when)
