"""A profile as a person chose it: by name or file, and with a workspace of Log Analytics named beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolkit.collect.ledger import Line
from toolkit.collect.names import GUID
from toolkit.collect.profile import Profile, profile
from toolkit.collect.roads.activity import ActivityFeed
from toolkit.collect.roads.log_analytics import (
    WorkspaceDirectoryChanges,
    WorkspaceNonInteractive,
    WorkspaceOfficeActivity,
    WorkspaceSignIns,
)
from toolkit.errors import UsageError

WORKSPACE_ROADS = (
    WorkspaceSignIns,
    WorkspaceNonInteractive,
    WorkspaceDirectoryChanges,
    WorkspaceOfficeActivity,
)


def with_workspace(chosen: Profile, workspace: str) -> Profile:
    """The same with the roads to a workspace of Log Analytics, where one is named; `workspace` is its id, a GUID.

    Raises:
        UsageError: it is no GUID.
    """
    if not workspace:
        return chosen
    if not GUID.fullmatch(workspace):
        raise UsageError(
            f"{workspace[:60]} is no workspace's id, which is a GUID: Azure portal, Log Analytics workspaces, "
            "Overview, Workspace ID."
        )
    roads = (*chosen.roads, *(road for road in WORKSPACE_ROADS if road not in chosen.roads))
    return replace(chosen, roads=roads, options=replace(chosen.options, workspace=workspace.lower()))


def chosen_by(name: str, more: str) -> Profile:
    """The profile of that name; or, by `more`, of a file in its place, or with a workspace beside it.

    Raises:
        UsageError: `more` is neither a profile's file nor a GUID.
    """
    text = more.strip().strip("\"'")
    if not text:
        return profile(name)
    if GUID.fullmatch(text):
        return with_workspace(profile(name), text)
    return profile(text)


def asked_again(chosen: Profile, known: Sequence[Line]) -> Profile:
    """The profile with only those of its roads on which the ledger's lines leave something to be asked for again."""
    still = {(line.source, line.road) for line in known if line.needs_asking}
    return replace(chosen, roads=tuple(road for road in chosen.roads if (road.source, road.name) in still))


def workspace_unnamed(chosen: Profile) -> str:
    """That the roads to Log Analytics are not gone, as no workspace is named; "" where it is, or none is wanted."""
    if chosen.options.workspace or not any(road in WORKSPACE_ROADS for road in chosen.roads):
        return ""
    return (
        "Log Analytics was not asked, as no workspace was named: name its id with --workspace, in the profile's file, "
        "or in notebook 0."
    )


def services_of(chosen: Profile) -> tuple[str, ...]:
    """The services that a profile asks, by their names in `clouds.RESOURCES`: what a preflight has to look at."""
    feeds = any(issubclass(road, ActivityFeed) for road in chosen.roads)
    workspace = bool(chosen.options.workspace) and any(road in WORKSPACE_ROADS for road in chosen.roads)
    return ("graph", "exchange", *["management"] * feeds, *["log-analytics"] * workspace)
