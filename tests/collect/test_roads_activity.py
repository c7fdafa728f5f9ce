"""The Management Activity API: nothing without a person's yes, then everybody's records, by when they were there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.collect.pulling import days_back, loaded, pull, sent_to, truth
from tests.contain.room import VICTIM, Room
from toolkit import collect, contain, harden, practice
from toolkit.collect.ledger import COMPLETE, FAILED, NOT_AVAILABLE, PROVISIONAL, UNCONFIRMED
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Pull
from toolkit.collect.roads.activity import (
    BEFORE,
    BEGAN,
    BY_AVAILABILITY,
    FEEDS,
    PAUSED,
    QUIET,
    ActivityExchange,
    ActivityFeed,
)
from toolkit.collect.roads.road import Options
from toolkit.collect.subscriptions import with_starts
from toolkit.collect.window import DAY, Window
from toolkit.contain.actions import StartActivitySubscription
from toolkit.errors import GuardRefused, WriteRefused
from toolkit.practice.faults import Fault
from toolkit.tenant.activity import CONTENT_TYPES, activity_call
from toolkit.tenant.clouds import CLOUDS

CONTENT = "/subscriptions/content"


def start(room: Room, *types: str) -> contain.Plan:
    """Start subscriptions the way a person does: preview, typed domain, run."""
    wanted = types or tuple(CONTENT_TYPES)
    plan = harden.hardening_plan(room.case, room.tenant, [StartActivitySubscription(one) for one in wanted])
    yes = contain.confirm(plan, room.tenant.domain)
    for one in wanted:
        assert contain.run(plan, f"start-activity-subscription:{one}", yes).status == "done"
    return plan


@pytest.fixture
def feeding(room: Room) -> Room:
    """Subscriptions that were started two days ago, with something that happened since."""
    start(room)
    room.service.clock.advance(2 * 86_400)
    return room


def since(room: Room) -> Window:
    """The two days since, up to the tenant's midnight tonight."""
    return days_back(room, 2, -1)


def options(room: Room) -> Options:
    """As a collection makes them: with what the journal knows of subscriptions."""
    return with_starts(room.case, Profile("feed", (7,), twice=False, roads=FEEDS)).options


def all_of(room: Room, kind: type[ActivityFeed]) -> tuple[set[str], list[Pull]]:
    road = kind(options(room))
    pulls = [pull(room, road, window, "")[0] for window in since(room).cut(DAY)]
    return set().union(*(one.ids for one in pulls)), pulls


def test_without_a_subscription_it_says_what_starting_one_means_and_changes_nothing(room: Room) -> None:
    found, _ = pull(room, ActivityExchange(), days_back(room, 1), "")
    assert not found.available
    assert "Of Audit.Exchange there is no subscription. Starting one changes the tenant" in found.reason
    assert sent_to(room, "/subscriptions/start") == []
    assert room.writes() == []


def test_every_feed_is_a_line_of_its_own_and_none_is_an_abort(room: Room) -> None:
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=Profile("feed", (7,), twice=True, roads=FEEDS))
    assert {line.state for line in done.lines} == {NOT_AVAILABLE}
    assert len({line.road for line in done.lines}) == 4
    assert {line.account for line in done.lines} == {""}


def test_a_subscription_starts_only_after_the_domain_was_typed_and_stops_by_undo(room: Room) -> None:
    one = "Audit.Exchange"
    call = activity_call(room.tenant.cloud, room.tenant.tenant_id, "POST", "/subscriptions/start", contentType=one)
    with pytest.raises(WriteRefused):
        room.tenant.session.write(call, None)
    plan = harden.hardening_plan(room.case, room.tenant, [StartActivitySubscription(one)])
    [step] = plan.steps
    assert step.action.before(step.before.values) == "subscription: not set"
    with pytest.raises(GuardRefused):
        contain.confirm(plan, "wrong.example")
    assert room.writes() == []

    start(room, one)
    again = harden.hardening_plan(room.case, room.tenant, [StartActivitySubscription(one)])
    assert again.steps[0].status in {"done", "already so"}
    yes = contain.confirm(again, room.tenant.domain)
    assert contain.undo(again, f"start-activity-subscription:{one}", yes).status == "done"
    found, _ = pull(room, ActivityExchange(), days_back(room, 1), "")
    assert "the subscription was stopped" in found.reason
    assert [w["path"].rpartition("/")[2] for w in room.writes()] == ["start", "stop"]
    assert room.case.verify() == []


def test_what_became_available_is_everybodys_and_becomes_audit_records(feeding: Room) -> None:
    room = feeding
    held: set[str] = set()
    for kind in FEEDS:
        found, pulls = all_of(room, kind)
        # The day after the start is the first that says more than what came.
        assert all(one.whole for one in pulls)
        assert {one.reason for one in pulls} <= {BY_AVAILABILITY, BEGAN, QUIET}
        assert pulls[0].reason == BY_AVAILABILITY
        held |= found
    # Microsoft packs what happened up to a day before the start, and a record needs up to an hour.
    began = room.service.clock.now() - timedelta(days=2, hours=20)
    arrived = Window(began, room.service.clock.now() - timedelta(hours=2))
    assert truth(room, arrived, None) <= held
    assert held
    found, path = pull(room, ActivityExchange(), days_back(room, 2, 1), "")
    if found.ids:
        [account] = loaded(room, path)
        assert (account.table, account.rejected) == ("audit", 0)


@pytest.mark.parametrize("effect", ["loop", "repeat", "reset", "truncated"])
def test_a_list_of_content_that_goes_wrong_is_asked_again_or_called_incomplete(feeding: Room, effect: str) -> None:
    room = feeding
    expected, _ = all_of(room, ActivityExchange)
    room.service._faults.order(Fault(CONTENT, effect=effect))
    found, pulls = all_of(room, ActivityExchange)
    assert found == expected
    assert all(one.whole for one in pulls)


def test_throttling_by_403_is_waited_for_and_not_taken_for_a_missing_permission(feeding: Room) -> None:
    room = feeding
    room.service.refuse_next("/activity/feed/", "Too many requests.", status=403, code="AF429", times=3)
    found, _ = pull(room, ActivityExchange(), days_back(room, 2, 1), "")
    assert found.available
    assert found.whole
    assert len(room.naps) >= 3


def test_a_missing_permission_is_one_sentence(feeding: Room) -> None:
    room = feeding
    room.service.withhold("ActivityFeed.Read")
    room.tenant = room.connect()
    found, _ = pull(room, ActivityExchange(), days_back(room, 2, 1), "")
    assert not found.available
    assert "AF10001" in found.reason


def test_a_blob_that_cannot_be_had_makes_the_window_partial(feeding: Room) -> None:
    room = feeding
    room.service.refuse_next("/feed/audit/", "It does not exist.", status=404, code="AF20050", times=99)
    _, pulls = all_of(room, ActivityExchange)
    assert not all(one.whole for one in pulls)
    assert any("AF20050" in one.reason for one in pulls)


def test_in_china_there_is_no_such_api(room: Room) -> None:
    room.tenant.cloud = CLOUDS["china"]
    found, _ = pull(room, ActivityExchange(), days_back(room, 2, 1), "")
    assert not found.available
    assert "Purview portal" in found.reason


@pytest.mark.parametrize("seed", range(4))
def test_trouble_never_makes_a_window_complete_that_lacks_a_record(feeding: Room, seed: int) -> None:
    room = feeding
    expected, _ = all_of(room, ActivityExchange)
    plan = practice.FaultPlan.collecting(seed, slowness=0.001, without=("late records",))
    room.service.follow(plan)
    wanted = Profile("feed", (3,), twice=True, roads=(ActivityExchange,))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    room.service.follow(None)
    assert plan.happened
    ids = {str(one).lower() for one in room.case.sql("SELECT record_id FROM audit").record_id}
    if {line.state for line in done.lines} <= {COMPLETE, PROVISIONAL}:
        assert expected <= ids
    assert all(line.reason for line in done.lines)


HALF_A_DAY = 43_000  # seconds
TWICE = Profile("feed", (7,), twice=True, roads=(ActivityExchange,))


@pytest.fixture
def paused(room: Room) -> Room:
    """A subscription that was started now, and whose first content takes half a day."""
    room.service.arrange(first_content_seconds=HALF_A_DAY)
    start(room, "Audit.Exchange")
    return room


def test_until_the_first_content_came_nothing_is_said_to_be_complete(paused: Room) -> None:
    room = paused
    room.service.clock.advance(6 * 3600)
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=TWICE)
    assert {line.state for line in done.lines} <= {FAILED, NOT_AVAILABLE}
    assert PAUSED in {line.reason for line in done.lines}
    assert all(line.received == 0 for line in done.lines)

    # Once it delivers, the day of the start is said to be quiet, and the next to be that of the first content.
    room.service.clock.advance(3 * 86_400)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=TWICE)
    known = collect.lines(room.case)
    *before, quiet, first = [line for line in known if line.start[:10] <= "2026-09-19"]
    assert (quiet.state, quiet.reason, quiet.records) == (UNCONFIRMED, QUIET, 0)
    assert (first.state, first.reason) == (UNCONFIRMED, BEGAN)
    assert first.records > 0
    assert {line.state for line in before} == {NOT_AVAILABLE}
    assert all(line.reason.startswith(BEFORE.partition("{")[0]) for line in before)
    assert COMPLETE not in {line.state for line in known}


def test_a_subscription_of_somebody_else_that_lists_nothing_is_not_believed(paused: Room) -> None:
    """Who started it and when stands nowhere: what is empty may be quiet, or not have begun."""
    room = paused
    found, _ = pull(room, ActivityExchange(), days_back(room, 0, -1), "")
    assert (found.whole, found.reason) == (False, PAUSED)
    room.service.clock.advance(2 * 86_400)
    # The day of the first content, the day after it (empty, and believed), and a day before it.
    pulls = {back: pull(room, ActivityExchange(), days_back(room, back, back - 1), "")[0] for back in (2, 1, 0, 4)}
    began = next(one for one in pulls.values() if one.ids)
    assert (began.whole, began.proven, began.reason) == (True, False, BEGAN)
    assert pulls[0].whole
    assert pulls[0].reason == BY_AVAILABILITY
    assert (pulls[4].whole, pulls[4].reason) == (False, PAUSED)


def test_days_long_after_the_start_may_be_complete(feeding: Room) -> None:
    room = feeding
    room.service.clock.advance(2 * 86_400)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=TWICE)
    assert COMPLETE in {line.state for line in collect.lines(room.case)}
