"""A collection that is killed at any moment goes on where it stopped: no record lost, none doubled."""

from __future__ import annotations

import multiprocessing
import random
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.collect import killed
from tests.collect.room import EVENTS, lies
from tests.contain.room import DOMAIN, VICTIM, Room
from toolkit import collect, contain, practice
from toolkit.case import Case, open_case
from toolkit.tables import TABLES

TIMES = 50
LONGEST = 1.2  # seconds; an undisturbed run takes about twice as long
LONGEST_OF_STATES = 0.8


def tables(case: Case) -> dict[str, pd.DataFrame]:
    """What the case has, without where it was read from: that depends on how often it was begun."""
    return {
        name: case.frame(name).drop(columns=["file", "position"]).sort_values("row_id", ignore_index=True)
        for name in TABLES
        if case.count(name)
    }


def killed_again_and_again(case: Case, seed: int, longest: float, *, states: bool = False) -> None:
    """Begin a collection `TIMES` times, each in a process that is killed at a moment of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.collect.killed"])
    at_random, codes = random.Random(seed), []
    for _ in range(TIMES):
        seconds = at_random.uniform(0.02, longest)
        child = context.Process(target=killed.run, args=(str(case.folder), VICTIM, seconds, states))
        child.start()
        child.join(60)
        codes.append(child.exitcode)
    assert codes.count(-9) > TIMES / 2
    assert case.journal.verify() == []


def the_same(often: Case, once: Case) -> set[str]:
    """Compare tables and ledger; gives the names of the tables."""
    killed_often, undisturbed = tables(often), tables(once)
    assert set(killed_often) == set(undisturbed)
    for name, frame in undisturbed.items():
        pd.testing.assert_frame_equal(killed_often[name], frame, obj=name)
    assert [p for p in often.verify() if "torn" not in p] == []
    states = {line.key: line.state for line in collect.lines(often)}
    assert states == {line.key: line.state for line in collect.lines(once)}
    return set(undisturbed)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are killed there by other means")
@pytest.mark.parametrize(("states", "longest"), [(False, LONGEST), (True, LONGEST_OF_STATES)])
def test_killed_fifty_times_it_comes_to_the_same_tables(tmp_path: Path, states: bool, longest: float) -> None:
    often, once = (open_case(tmp_path / name, practice=True) for name in ("often", "once"))
    with practice.start(often.folder / "practice", events=EVENTS) as service:
        room = Room(often, service)
        for case in (often, once):
            contain.confirm_tenant(case, room.tenant, DOMAIN)
        killed_again_and_again(often, 18 if states else 17, longest, states=states)
        for case in (often, once):
            killed.work(case, room.tenant, VICTIM, states=states)
            assert states or lies(room) == []
        room.tenant.close()
    filled = {"inbox_rules", "mailboxes", "tenant_settings", "mfa_registration"}
    assert the_same(often, once) >= (filled if states else {road.table for road in killed.ROADS})
    often.close()
    once.close()
