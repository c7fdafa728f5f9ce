"""Secure Score as the service reports it: its newest day, the trend, who it is compared with, and its controls.

The total is `currentScore` of `maxScore`, as Microsoft Graph (`secureScore`, v1.0) or a CSV file says it. It is never
made of the controls: they do not add up to it. The score follows a change after one or two days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from toolkit.case import Case
from toolkit.contain.snapshot import Snapshot
from toolkit.errors import CaseDamaged
from toolkit.harden import portal_list
from toolkit.harden.control import NO_CATEGORY, Control, join
from toolkit.harden.licences import Licences, licences
from toolkit.harden.score_rows import (
    Row,
    Told,
    number_of,
    rows_in,
    text_of,
    texts_in,
    told_by_files,
    told_by_tenant,
)
from toolkit.harden.state import kept_cloud
from toolkit.tenant import Cloud

WITHOUT_SECURE_SCORE = ("china",)
GET_IT = (
    "Read the organisation from the tenant, or load the JSON of Microsoft Graph's GET /v1.0/security/secureScores?"
    "$top=90 and /v1.0/security/secureScoreControlProfiles."
)
NO_SCORE = f"Secure Score: not checked: the case has no score. {GET_IT}"
NO_PROFILES = (
    "What each control is worth, and how it is put right: not checked: there are no control profiles. " + GET_IT
)
NO_CONTROLS = "Which controls are on: not checked: the scores that are here have no points for each control. " + GET_IT
NO_CLOUD = "The cloud of 21Vianet (China) has no Secure Score, so there is none to read from this tenant."
GROUPS = {
    "alltenants": "All tenants",
    "totalseats": "Tenants of this size",
    "industrytypes": "Tenants of this industry",
}
NOT_SAID_OF_WHOM = "An average; the file does not say of whom"


@dataclass(frozen=True)
class Day:
    """One day's score in points (UTC); `source` says where it was read."""

    time: datetime
    current: float | None
    maximum: float | None
    source: str = ""

    @property
    def percent(self) -> float | None:
        """The day's own points in per cent of its own maximum, as the portal shows it."""
        return 100 * self.current / self.maximum if self.current is not None and self.maximum else None


@dataclass(frozen=True)
class Comparison:
    """An average that the service compares with: whose (`group`), how much, and what else it says of the group.

    `average` is a percentage today; pages of before 2020 gave points. None where it is not told.
    """

    group: str
    average: float | None
    further: Row = field(default_factory=dict)

    @property
    def named(self) -> str:
        """The group with the band of sizes that the service compares with, where it says it."""
        told = {name.lower(): text_of(value) for name, value in self.further.items()}
        low, high = (told.get(f"seatsizerange{end}value", "") for end in ("lower", "upper"))
        if low and high:
            return f"{self.group} ({low} to {high} seats)"
        if low:
            return f"{self.group} ({low} seat{'' if low == '1' else 's'} or more)"
        return f"{self.group} (up to {high} seats)" if high else self.group


@dataclass(frozen=True)
class Category:
    """The points of one category's controls: reached and still open, as far as told; never a part of the total.

    `untold` is how many of its `controls` have no such numbers.
    """

    name: str
    reached: float
    open: float
    controls: int
    untold: int


@dataclass
class ScoreReport:
    """Secure Score of the organisation. Times are UTC.

    `current` of `maximum` points on `day`, from `source`; `trend` has every day known, oldest first; `controls` every
    control that is not deprecated, as the newest score that has controls (`controls_day`), the profiles and the
    portal's list tell; `deprecated` how many were left out as such; `licences` what the organisation has; `further`
    what the newest score says besides. `not_checked` are sentences about missing input, `notes` about the rest. Where
    there is no score, `current` is None.
    """

    source: str = ""
    day: datetime | None = None
    current: float | None = None
    maximum: float | None = None
    licensed_users: int | None = None
    services: list[str] = field(default_factory=list)
    trend: list[Day] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    controls_day: datetime | None = None
    deprecated: int = 0
    licences: Licences | None = None
    further: Row = field(default_factory=dict)
    not_checked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def percent(self) -> float | None:
        return 100 * self.current / self.maximum if self.current is not None and self.maximum else None

    def control(self, control_id: str) -> Control | None:
        """The control of an id, whatever its case; None if the report has none."""
        return next((c for c in self.controls if c.id.lower() == control_id.lower()), None)


def secure_score(case: Case, state: Snapshot | None = None, *, cloud: Cloud | None = None) -> ScoreReport:
    """Secure Score from the case's files and, where the organisation was read, from its `state` (`read_state`).

    Days of both make one trend; on a day that both have, and for the controls, the tenant counts. `cloud` is that of
    the tenant, if one is connected, else the one that the case's was read in: not every cloud has Secure Score. Bad or
    missing input is a sentence in `not_checked` or `notes`, never an exception.
    """
    report = ScoreReport(licences=licences(case, state))
    missing = no_secure_score(case, cloud)
    if missing:
        report.not_checked.append(NO_CLOUD)
    scores, profiles = _told(case, state, report, missing)
    if missing and not scores and not profiles:
        return report
    scores, profiles = _of_one_tenant(scores, profiles, state, report)
    _newest(scores, report)
    _controls(scores, profiles, report)
    return report


def no_secure_score(case: Case, cloud: Cloud | None = None) -> bool:
    """Whether the cloud of the tenant, or else the one that the case's organisation was read in, has none at all."""
    return (cloud.name if cloud is not None else kept_cloud(case)) in WITHOUT_SECURE_SCORE


def _told(case: Case, state: Snapshot | None, report: ScoreReport, missing: bool) -> tuple[list[Told], list[Told]]:
    scores: list[Told] = []
    profiles: list[Told] = []
    try:
        scores += told_by_files(case, "secure_scores")
        profiles += told_by_files(case, "secure_score_controls")
    except CaseDamaged as error:
        report.not_checked.append(f"Secure Score in the files of this case: not checked: {error}")
    if state is not None:
        scores += told_by_tenant(state, "scores")
        profiles += told_by_tenant(state, "controls")
        for reading, title in (("scores", "Secure Score"), ("controls", "The controls of Secure Score")):
            if reading in state.problems and not missing:
                report.not_checked.append(f"{title} of the tenant: not checked: {state.problems[reading]}")
    return scores, profiles


def _of_one_tenant(
    scores: list[Told], profiles: list[Told], state: Snapshot | None, report: ScoreReport
) -> tuple[list[Told], list[Told]]:
    """What is of the connected tenant, or of the one with the newest score; a CSV that names none is taken along."""
    named = [t for t in scores if t.tenant] or [t for t in profiles if t.tenant]
    if not named:
        return scores, profiles
    newest = max(named, key=lambda t: t.time.timestamp() if t.time else 0.0)
    ours = state.target.tenant_id.lower() if state is not None else newest.tenant
    others = sorted({t.tenant for t in (*scores, *profiles) if t.tenant and t.tenant != ours})
    if others:
        report.notes.append(f"Not shown here: what is of other tenants ({', '.join(others[:5])}).")
    kept = [[t for t in told if t.tenant in ("", ours)] for told in (scores, profiles)]
    nameless = sorted({t.source for t in kept[0] if not t.tenant})
    if nameless:
        report.notes.append(f"Which tenant it is of is not told by {', '.join(nameless)}; it is taken as this one.")
    return kept[0], kept[1]


def _newest(scores: list[Told], report: ScoreReport) -> None:
    dated = sorted((t for t in scores if t.time), key=lambda t: (t.time, t.live, t.of_graph))
    undated = [t for t in scores if not t.time]
    if undated:
        report.notes.append(f"{len(undated)} of the scores carry no day, so they are not in the trend.")
    if not scores:
        if not any(text.startswith("Secure Score of the tenant") for text in report.not_checked):
            report.not_checked.append(NO_SCORE)
        return
    days: dict[object, Day] = {}
    contradicting = 0
    for told in dated:
        assert told.time is not None
        here = Day(told.time, number_of(told.row.get("currentScore")), number_of(told.row.get("maxScore")), told.source)
        before = days.get(told.time.date())
        contradicting += before is not None and (before.current, before.maximum) != (here.current, here.maximum)
        days[told.time.date()] = here
    if contradicting:
        report.notes.append(
            f"On {contradicting} of the days two sources give different scores; the later one is shown."
        )
    report.trend = sorted(days.values(), key=lambda day: day.time)
    newest = (dated or undated)[-1]
    report.source, report.day = newest.source, newest.time
    report.current, report.maximum = number_of(newest.row.get("currentScore")), number_of(newest.row.get("maxScore"))
    users = number_of(newest.row.get("licensedUserCount"))
    report.licensed_users = int(users) if users is not None else None
    report.services = texts_in(newest.row.get("enabledServices"))
    report.comparisons = _comparisons(newest)
    if number_of(newest.row.get("averageAllTenants")) == 0 and not newest.of_graph:
        report.notes.append(f"The average in {newest.source} is 0. No group has that, so nothing is compared.")
    report.further = newest.further
    if report.current is None or report.maximum is None:
        report.not_checked.append(f"The total: not checked: {newest.source} gives no numbers for it.")
    if any((c.average or 0) > 100 for c in report.comparisons):
        report.notes.append("Averages above 100 are points, as the service gave them before 2020, not percentages.")


def _comparisons(told: Told) -> list[Comparison]:
    groups = rows_in(told.row.get("averageComparativeScores"))
    if not groups:
        average = number_of(told.row.get("averageAllTenants"))
        return [Comparison(NOT_SAID_OF_WHOM, average)] if average else []
    found = []
    for group in groups:
        basis = text_of(group.get("basis"))
        further = {k: v for k, v in group.items() if k not in ("basis", "averageScore")}
        title = GROUPS.get(basis.lower(), basis or "A group that is not named")
        found.append(Comparison(title, number_of(group.get("averageScore")), further))
    return found


def _controls(scores: list[Told], profiles: list[Told], report: ScoreReport) -> None:
    with_controls = [t for t in scores if rows_in(t.row.get("controlScores"))]
    newest = max(with_controls, key=lambda t: (t.time.timestamp() if t.time else 0.0, t.live), default=None)
    entries = rows_in(newest.row.get("controlScores")) if newest else []
    report.controls_day = newest.time if newest else None
    found, notes = join(entries, profiles)
    report.notes += notes
    report.controls = [c for c in found if not c.deprecated]
    report.deprecated = len(found) - len(report.controls)
    report.categories = _categories(report.controls)
    if scores and not any(c.scored for c in found):
        report.not_checked.append(NO_CONTROLS)
    if not profiles and not any(text.startswith("The controls of Secure Score") for text in report.not_checked):
        report.not_checked.append(NO_PROFILES)
    report.notes += list(_of_lists([t for t in profiles if not t.of_graph], report.controls))
    if newest is not None and newest.time != report.day:
        day = f"{newest.time:%Y-%m-%d}" if newest.time else "a day that is not told"
        report.notes.append(f"The points of the controls are those of {day}: the newest score has none.")


def _of_lists(told: list[Told], controls: list[Control]) -> Iterator[str]:
    """What CSV lists of controls leave open, in sentences."""
    listed = [t for t in told if portal_list.AS_LISTED in t.row]
    others = sorted({t.source for t in told if portal_list.AS_LISTED not in t.row})
    if others:
        yield (
            f"Points for each control are not told by {', '.join(others)}: under such headings tools write points, "
            "percentages or zeros."
        )
    counted = sum(c.listed for c in controls)
    if counted:
        named = ", ".join(sorted({t.source for t in listed}))
        yield f"Points and state of {counted:,} of the actions are as {named} had them on the day of its export."
    if any(c.listed and not c.remediation for c in controls):
        yield f"How an action is put right, and what it costs, the portal's list does not tell. {GET_IT}"
    lost = [cell for t in listed if (cell := portal_list.unread_points(t.further))]
    if lost:
        yield (
            f"Under “Points achieved” {len(lost):,} of the actions have something else than points (“{lost[0][:40]}”), "
            "as a spreadsheet makes of 4/9; export the list again, and load it without opening it in a spreadsheet."
        )


def _categories(controls: Iterable[Control]) -> list[Category]:
    by_name: dict[str, list[Control]] = {}
    for control in controls:
        if control.scored:
            by_name.setdefault(control.category, []).append(control)
    found = [
        Category(
            name,
            sum(c.points for c in group if c.points is not None),
            sum(c.open for c in group if c.open is not None),
            len(group),
            sum(c.open is None for c in group),
        )
        for name, group in by_name.items()
    ]
    return sorted(found, key=lambda c: (c.name == NO_CATEGORY, -c.open, c.name))
