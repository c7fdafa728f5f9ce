"""What each profile collects, as the table of the README: what, by which service, how far back, and whether twice."""

from __future__ import annotations

from datetime import timedelta

from toolkit.collect.further import AS_KEPT
from toolkit.collect.profile import NAMES, ROADS, Profile, profile
from toolkit.collect.roads.activity import ActivityFeed
from toolkit.collect.roads.road import NO_OPTIONS, Road
from toolkit.collect.state import ACCOUNT, ORGANISATION

NOT_ASKED = "–"
NOW = "as it stands"


def profiles_markdown() -> str:
    """The table as Markdown; what is asked alike by one service shares a line."""
    profiles = [profile(name) for name in NAMES]
    lines: dict[tuple[str, ...], list[str]] = {}
    for source in (ACCOUNT, ORGANISATION):
        cells = (NOW if one.states is None or source in one.states else NOT_ASKED for one in profiles)
        lines.setdefault(("Microsoft Graph, Exchange", *cells), []).append(source)
    for road in ROADS.values():
        if any(road in one.roads for one in profiles):
            key = (_service(road), *(_asked(road, one) for one in profiles))
            lines.setdefault(key, []).append(road.source)
    rows = [("; ".join(dict.fromkeys(sources)), *key) for key, sources in lines.items()]
    head = [("what", "by", *NAMES), ("---",) * (2 + len(NAMES))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [*head, *rows])


def _service(road: type[Road]) -> str:
    if issubclass(road, ActivityFeed):
        return "Management Activity API, once its feeds are started"
    return road.name if road(NO_OPTIONS).wanted else f"{road.name}, where a workspace is named"


def _asked(road: type[Road], chosen: Profile) -> str:
    """How far back a profile asks a road, and whether each window twice."""
    if road not in chosen.roads:
        return NOT_ASKED
    furthest = timedelta(days=chosen.days[-1])
    days = f"{(road.once or min(furthest, road.reach or furthest)).days} days"
    if chosen.as_kept and road in AS_KEPT:
        days += ", longer where it is kept"
    return f"{days}, twice" if chosen.twice and road.confirms else days
