"""The Management Activity API: nothing without a person's yes, then everybody's records, by when they were there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.collect.pulling import days_back, loaded, pull, sent_to, truth
from tests.contain.room import VICTIM, Room
from toolkit import collect, contain, harden, practice
from toolkit.collect.ledger import COMPLETE, NOT_AVAILABLE, PROVISIONAL
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Pull
from toolkit.collect.roads.activity import BY_AVAILABILITY, FEEDS, ActivityExchange, ActivityFeed
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


def all_of(room: Room, road: ActivityFeed) -> tuple[set[str], list[Pull]]:
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
        found, pulls = all_of(room, kind())
        assert all(one.whole and one.reason == BY_AVAILABILITY for one in pulls)
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
    expected, _ = all_of(room, ActivityExchange())
    room.service._faults.order(Fault(CONTENT, effect=effect))
    found, pulls = all_of(room, ActivityExchange())
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
    _, pulls = all_of(room, ActivityExchange())
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
    expected, _ = all_of(room, ActivityExchange())
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
