"""What to collect, as a small file that a team can keep: which sources, how far back, and whether to ask twice."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from toolkit.collect.roads.activity import ActivityEntra, ActivityExchange, ActivityGeneral, ActivitySharePoint
from toolkit.collect.roads.app_sign_ins import ApplicationSignIns
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.graph_lists import DirectoryChanges, InteractiveSignIns, MessageTrace, NonInteractiveSignIns
from toolkit.collect.roads.log_analytics import (
    WorkspaceDirectoryChanges,
    WorkspaceNonInteractive,
    WorkspaceOfficeActivity,
    WorkspaceSignIns,
)
from toolkit.collect.roads.message_trace import EitherTrace, TraceCmdlet
from toolkit.collect.roads.risk import AccountRisk, RiskDetections
from toolkit.collect.roads.road import NO_OPTIONS, Options, Road
from toolkit.collect.roads.scores import SecureScore
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.roads.trace_details import TraceDetails
from toolkit.errors import UsageError

NAMES = ("quick", "standard", "everything")
# The name of a road in a profile → the road.
ROADS: dict[str, type[Road]] = {
    "interactive-sign-ins": InteractiveSignIns,
    "non-interactive-sign-ins": NonInteractiveSignIns,
    "directory-changes": DirectoryChanges,
    "search-audit-log": SearchLog,
    "graph-audit-search": AuditSearch,
    "message-trace": EitherTrace,
    "message-trace-graph": MessageTrace,
    "message-trace-cmdlet": TraceCmdlet,
    "message-trace-details": TraceDetails,
    "secure-score": SecureScore,
    "risk-detections": RiskDetections,
    "account-risk": AccountRisk,
    "application-sign-ins": ApplicationSignIns,
    "activity-exchange": ActivityExchange,
    "activity-entra": ActivityEntra,
    "activity-sharepoint": ActivitySharePoint,
    "activity-general": ActivityGeneral,
    "workspace-sign-ins": WorkspaceSignIns,
    "workspace-non-interactive": WorkspaceNonInteractive,
    "workspace-directory-changes": WorkspaceDirectoryChanges,
    "workspace-office-activity": WorkspaceOfficeActivity,
}


@dataclass(frozen=True)
class Profile:
    """`days`: how far back, in steps (the newest first); `twice`: whether each window is asked for a second time.

    `options`: what a person named, for the roads that need it. `as_kept`: the audit log is asked for further back than
    `days`, as far as the licences say that it is kept. `helps_out`: where a road to the audit log is not available,
    another one is gone.
    """

    name: str
    days: tuple[int, ...]
    twice: bool
    roads: tuple[type[Road], ...]
    options: Options = NO_OPTIONS
    as_kept: bool = False
    helps_out: bool = True
    states: tuple[str, ...] | None = None
    """Of `state.STATES` those that are read with it; None: all of them."""


def with_every_road(chosen: Profile) -> Profile:
    """The same profile with all roads: what is to be asked for again may have come by any of them."""
    return replace(chosen, roads=tuple(ROADS.values()))


def profile(name_or_file: str) -> Profile:
    """A profile by its name (quick, standard, everything), or from a TOML file of the same shape.

    Raises:
        UsageError: there is no such profile, or the file is none; the text says what is wrong.
    """
    if name_or_file in NAMES:
        text = resources.files("toolkit.collect").joinpath("profiles", f"{name_or_file}.toml").read_text("utf-8")
    else:
        try:
            text = Path(name_or_file).expanduser().read_text("utf-8")
        except OSError as error:
            raise UsageError(
                f"There is no profile {name_or_file!r}: name one of {', '.join(NAMES)}, or a TOML file."
            ) from error
    try:
        told = tomllib.loads(text)
        days = tuple(int(day) for day in told["days"])
        roads = tuple(ROADS[name] for name in told["roads"])
        options = Options(str(told.get("workspace", "")), tuple(str(app) for app in told.get("apps", ())))
        twice, as_kept = bool(told.get("twice", False)), bool(told.get("as_kept", False))
        made = Profile(str(told.get("name", name_or_file)), days, twice, roads, options, as_kept)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{name_or_file} is no profile ({error}): it needs days (a list of numbers), roads (from "
            f"{', '.join(ROADS)}) and, if wanted, twice, as_kept (true or false), workspace (a GUID) and apps (a list)."
        ) from error
    if not days or sorted(days) != list(days) or days[0] < 1 or not roads:
        raise UsageError(f"{name_or_file}: days must grow, from 1 on, and there must be a road.")
    return made
