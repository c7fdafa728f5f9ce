"""What to collect, as a small file that a team can keep: which sources, how far back, and whether to ask twice."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

from toolkit.collect.names import GUID
from toolkit.collect.roads.activity import ActivityEntra, ActivityExchange, ActivityGeneral, ActivitySharePoint
from toolkit.collect.roads.app_sign_ins import ApplicationSignIns
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.by_others import AuditSearchByOthers, SearchLogByOthers
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
KEYS = ("name", "days", "twice", "as_kept", "roads", "workspace", "apps")
MOST_DAYS = 3650  # ten years, as long as the audit log is kept under its longest retention
# The name of a road in a profile → the road.
ROADS: dict[str, type[Road]] = {
    "interactive-sign-ins": InteractiveSignIns,
    "non-interactive-sign-ins": NonInteractiveSignIns,
    "directory-changes": DirectoryChanges,
    "search-audit-log": SearchLog,
    "graph-audit-search": AuditSearch,
    "search-audit-log-by-others": SearchLogByOthers,
    "graph-audit-search-by-others": AuditSearchByOthers,
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
    text = text_of_profile(name_or_file) if name_or_file in NAMES else _text_of_file(name_or_file)
    try:
        told = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"The profile {name_or_file} is no TOML ({error}): `collect --print-profile standard` prints one that is."
        ) from error
    return _Reading(name_or_file, told).profile()


def text_of_profile(name: str) -> str:
    """A built-in profile as TOML, which `profile` reads back from a file as the same.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in NAMES:
        raise UsageError(f"There is no built-in profile {name[:60]!r}; there are {', '.join(NAMES)}.")
    return resources.files("toolkit.collect").joinpath("profiles", f"{name}.toml").read_text("utf-8")


def _text_of_file(name: str) -> str:
    try:
        return Path(name).expanduser().read_text("utf-8-sig")  # Windows Notepad puts a mark before the text
    except UnicodeDecodeError as error:
        raise UsageError(f"The profile {name} is not written in UTF-8: save it as UTF-8 in your editor.") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"There is no profile {name!r}: name one of {', '.join(NAMES)}, or a TOML file.") from error


@dataclass(frozen=True)
class _Reading:
    """What a profile's file says, checked strictly: what would be passed over in silence would not be asked for."""

    file: str
    told: dict[str, Any]

    def profile(self) -> Profile:
        for key in self.told:
            if key not in KEYS:
                near = get_close_matches(key, KEYS, 1)
                meant = f"perhaps you mean {near[0]}; " if near else ""
                raise self._wrong(f"has {key[:60]!r}, which no profile has: {meant}there are {', '.join(KEYS)}")
        workspace, apps = self._text("workspace"), self._list("apps", str, "application ids, which are GUIDs", ())
        for app in apps:
            if not GUID.fullmatch(app):
                raise self._wrong(f"has {app[:60]!r} in apps, which is no application's id: that is a GUID")
        if workspace and not GUID.fullmatch(workspace):
            raise self._wrong(
                f"has the workspace {workspace[:60]!r}, which is no workspace's id: that is a GUID (Azure portal, Log "
                "Analytics workspaces, Overview, Workspace ID)"
            )
        return Profile(
            self._text("name") or self.file, self._days(), self._yes("twice"), self._roads(),
            Options(workspace.lower(), tuple(app.lower() for app in apps)), self._yes("as_kept"),
        )  # fmt: skip

    def _days(self) -> tuple[int, ...]:
        days: tuple[int, ...] = self._list("days", int, "whole numbers, e.g. days = [7, 30]")
        if not days or days[0] < 1 or any(later <= before for before, later in pairwise(days)):
            raise self._wrong("has days that do not grow, from 1 on: write e.g. days = [7, 30]")
        if days[-1] > MOST_DAYS:
            raise self._wrong(f"goes back {days[-1]:,} days: no service keeps more than {MOST_DAYS:,}")
        return days

    def _roads(self) -> tuple[type[Road], ...]:
        names: tuple[str, ...] = self._list("roads", str, 'names, e.g. roads = ["interactive-sign-ins"]')
        unknown = [name for name in names if name not in ROADS]
        if unknown or not names:
            what = f"names the road {unknown[0][:60]!r}, which there is not" if unknown else "names no road"
            raise self._wrong(f"{what}: there are {', '.join(ROADS)}")
        return tuple(ROADS[name] for name in dict.fromkeys(names))

    def _list(self, key: str, of: type[Any], what: str, default: tuple[Any, ...] | None = None) -> tuple[Any, ...]:
        value = self.told.get(key, default)
        if value is None:
            raise self._wrong(f"has no {key}: it needs a list of {what}")
        # A truth value counts as a number in Python.
        if not isinstance(value, list | tuple) or any(type(one) is not of for one in value):
            raise self._wrong(f"has {key} that is no list of {what}")
        return tuple(value)

    def _text(self, key: str) -> str:
        value = self.told.get(key, "")
        if not isinstance(value, str):
            raise self._wrong(f"has {key} that is no text: write it within quotation marks")
        return value

    def _yes(self, key: str) -> bool:
        value = self.told.get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(f"has {key} that is neither true nor false: write {key} = true, without quotation marks")
        return value

    def _wrong(self, what: str) -> UsageError:
        return UsageError(f"The profile {self.file} {what}.")
