"""The panel driven without a browser: the same clicks, the queue drained by hand."""

from __future__ import annotations

import queue
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import DOMAIN, OPERATOR, VICTIM, Room
from toolkit import contain
from toolkit.case import open_case
from toolkit.errors import CaseNotFound
from toolkit.views.containment import ContainmentPanel, containment_panel
from toolkit.views.containment_card import StepCard
from toolkit.views.containment_work import Event


class Driver:
    """Clicks, waits for the worker and takes its events off the queue."""

    def __init__(self, panel: ContainmentPanel) -> None:
        self.panel = panel
        self.sent: list[Any] = []
        panel.screen.secret.send = lambda content, buffers=None: self.sent.append(content)

    def click(self, button: Any) -> None:
        if not button.disabled:
            button.click()
        self.panel.desk.wait()

    def preview(self) -> None:
        self.click(self.panel.screen.preview)

    def confirm(self, typed: str) -> None:
        self.panel.screen.typed.value = typed
        self.click(self.panel.screen.confirm)

    def card(self, key: str) -> StepCard:
        return next(card for name, card in self.panel.screen.cards.items() if name.startswith(key))

    def pill(self, key: str) -> str:
        """What the card of a step says in its corner."""
        found = re.search(r"containment-state[^>]*>([^<]*)<", self.card(key)._html.value)
        return found[1] if found else ""

    def now(self, key: str) -> str:
        """What the card of a step says about how it stands."""
        found = re.search(r"<dt>now</dt><dd>([^<]*)<", self.card(key)._html.value)
        return found[1] if found else ""

    def text(self) -> str:
        """Everything that the panel shows as HTML."""
        return "\n".join(str(getattr(w, "value", "")) for w in _all(self.panel.screen.widget))

    def seen(self) -> None:
        """As if a page showed what was sent to it."""
        for message in self.sent:
            self.panel.screen.secret._heard(None, {"type": "shown", "run": message["run"]}, None)
        self.panel.desk.drain()


REAL_RUN = contain.run


class OneByOne:
    """Holds each step just before its first reading, so that a test can look at the panel while it runs."""

    def __init__(self, driver: Driver) -> None:
        self._driver, self._go = driver, queue.Queue[contain.Outcome | None]()
        self._held: queue.Queue[str] = queue.Queue()

    def run(self, plan: contain.Plan, key: str, *given: Any, **more: Any) -> contain.Outcome:
        self._held.put(key)
        return self._go.get(timeout=60) or REAL_RUN(plan, key, *given, **more)

    def begun(self) -> str:
        """The key of the step that begins next, with all that was told until then on the screen."""
        key = self._held.get(timeout=60)
        self._driver.panel.desk.drain()
        return key

    def go_on(self, instead: contain.Outcome | None = None) -> None:
        self._go.put(instead)


@contextmanager
def one_by_one(driver: Driver) -> Iterator[OneByOne]:
    with pytest.MonkeyPatch.context() as patched:
        held = OneByOne(driver)
        patched.setattr(contain, "run", held.run)
        yield held


def _all(widget: Any) -> list[Any]:
    return [widget, *[inner for child in getattr(widget, "children", ()) for inner in _all(child)]]


@pytest.fixture
def driver(room: Room) -> Driver:
    return Driver(containment_panel(room.case, [VICTIM], sleep=room.sleep))


def test_showing_the_panel_sends_nothing(room: Room) -> None:
    before = len(room.service.requests())
    containment_panel(room.case, [VICTIM]).twin()
    assert len(room.service.requests()) == before


def test_run_works_only_after_the_name_was_typed_exactly(room: Room, driver: Driver) -> None:
    driver.preview()
    assert all(card.run.disabled for card in driver.panel.screen.cards.values())
    driver.confirm("katrin")
    assert f"Type {VICTIM} exactly: what you typed is not the name of this account, and nothing was sent." in (
        driver.panel.screen.name_refused.shown.value
    )
    assert driver.panel.screen.message.value == ""
    driver.card("block").run.click()
    driver.panel.desk.wait()
    assert all(card.run.disabled for card in driver.panel.screen.cards.values())
    assert room.writes() == []
    driver.confirm(VICTIM)
    assert not any(card.run.disabled for card in driver.panel.screen.cards.values())
    assert room.writes() == []


def test_the_right_name_in_the_field_takes_the_sentence_away_and_a_wrong_one_takes_the_yes_back(
    room: Room, driver: Driver
) -> None:
    driver.preview()
    screen = driver.panel.screen
    refused = screen.name_refused.shown
    driver.confirm(f"{VICTIM} ")
    assert "there was a space before or after it, and nothing was sent" in refused.value
    screen.typed.value = VICTIM[:-1]
    driver.panel.desk.drain()
    assert refused.value != ""
    screen.typed.value = VICTIM
    driver.panel.desk.drain()
    assert refused.value == ""
    driver.confirm(VICTIM)
    assert not driver.card("block").run.disabled
    driver.confirm("")
    assert "the field was empty" in refused.value
    assert "The name was typed" not in driver.text()
    assert driver.card("block").run.disabled
    driver.panel.run("block-sign-in")
    driver.panel.desk.wait()
    assert room.writes() == []
    driver.confirm(VICTIM)
    assert refused.value == ""


def test_what_was_typed_by_mistake_stands_nowhere_but_in_its_field(driver: Driver) -> None:
    driver.preview()
    evil = '<img src=x onerror="alert(1)">'
    driver.confirm(evil)
    html = "".join(w.value for w in _all(driver.panel.screen.widget) if type(w).__name__ == "HTML")
    assert "and nothing was sent" in html
    assert "onerror" not in html


def test_the_domain_for_steps_that_hit_everybody_is_refused_at_its_field(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspicion = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
    monkeypatch.setattr(contain, "suspicion_from", lambda *_: suspicion)
    driver = Driver(containment_panel(room.case, [VICTIM], sleep=room.sleep))
    driver.preview()
    screen = driver.panel.screen
    for key, tick in screen.offers:
        tick.value = key.startswith("disable-transport-rule")
    driver.preview()
    refused = screen.everybody_refused.shown
    screen.everybody.value = "contoso.org"
    driver.click(screen.extend)
    assert "press Confirm first" in refused.value
    driver.confirm(VICTIM)
    driver.click(screen.extend)
    assert f"Type {DOMAIN} exactly: what you typed is not the domain of this tenant" in refused.value
    driver.click(driver.card("disable-transport-rule").run)
    assert room.writes() == []
    screen.everybody.value = DOMAIN
    driver.click(screen.extend)
    assert "steps that hit everybody can be run too" in refused.value
    driver.click(driver.card("disable-transport-rule").run)
    assert len(room.writes()) == 1


def test_each_card_says_that_it_waits_runs_and_how_it_stands_while_all_are_run(room: Room, driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    first, second, *others = list(driver.panel.screen.cards)
    with one_by_one(driver) as held:
        driver.panel.screen.run_all.click()
        assert held.begun() == first == "block-sign-in"
        assert [driver.pill(key) for key in (first, second)] == ["running …", "waiting"]
        assert driver.now(first) == "accountEnabled: true"
        held.go_on()
        assert held.begun() == second
        assert [driver.pill(key) for key in (first, second)] == ["done, read back", "running …"]
        assert driver.now(first) == "accountEnabled: false"
        assert {driver.pill(key) for key in others} == {"waiting"}
        assert driver.card(first).run.disabled
        assert driver.panel.plan is not None
        assert driver.panel.plan.step(second).status == "to do"
        held.go_on(contain.Outcome("refused", "It was refused for this test."))
        driver.panel.desk.wait()
    assert {driver.pill(key) for key in (second, *others)} == {"to do"}
    assert "It was refused for this test." in driver.text()
    assert len(room.writes()) == 1


def test_a_card_shows_its_own_reading_before_the_account_is_read_again(room: Room, driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    shown: list[tuple[str, str]] = []
    update = driver.panel.desk._update

    def watched(event: Event) -> None:
        update(event)
        if event.kind in {"began", "outcome"}:
            shown.append((driver.pill("require-mfa"), driver.now("require-mfa")))

    driver.panel.desk._update = watched
    driver.click(driver.card("require-mfa").run)
    driver.click(driver.card("require-mfa").undo)
    assert shown == [
        ("running …", "perUserMfaState: disabled"),
        ("done, read back", "perUserMfaState: enforced"),
        ("running …", "perUserMfaState: enforced"),
        ("to do", "perUserMfaState: disabled"),
    ]


def test_what_somebody_else_did_since_the_preview_is_shown_as_it_stands(room: Room, driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    room.change_user(accountEnabled=False)
    with one_by_one(driver) as held:
        driver.panel.screen.run_all.click()
        held.begun()
        held.go_on()
        held.begun()
        assert driver.pill("block") == "already so"
        assert driver.now("block") == "accountEnabled: false"
        held.go_on(contain.Outcome("refused", "Enough for this test."))
        driver.panel.desk.wait()
    assert room.writes() == []


def test_a_whole_walk_by_clicks(room: Room, driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    for key in list(driver.panel.screen.cards):
        driver.click(driver.card(key).run)
        driver.seen()
    assert room.user()["accountEnabled"] is False
    assert [rule["Enabled"] for rule in room.rules().values() if rule["Name"] in {"Sync Settings", ".", ".."}] == [
        False
    ] * 3
    text = driver.text()
    assert text.count("done, read back") == len(driver.panel.screen.cards)
    open_before = driver.panel.screen.doors.value.count('<td class="text">open</td>')
    assert "Revoke sessions" in driver.panel.screen.journal.value
    assert "password set, length 24, shown" in driver.panel.screen.journal.value
    assert driver.card("reset").undo.layout.display == "none"
    assert driver.card("block").undo.layout.display == "none"  # giving the account back is no undo
    mfa = driver.card("require-mfa")
    assert mfa.run.disabled
    assert mfa.run.layout.display is None
    assert not mfa.undo.disabled
    driver.click(mfa.undo)
    assert driver.panel.screen.doors.value.count('<td class="text">open</td>') == open_before + 1
    assert not re.search(r"\b(contained|clean)\b", driver.text().lower())


def test_the_password_leaves_only_as_a_message_and_is_in_no_widget_state(room: Room, driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    driver.click(driver.card("reset").run)
    [message] = driver.sent
    word = message["value"]
    assert len(word) == 24
    assert "to be done again" in driver.text()
    for widget in _all(driver.panel.screen.widget):
        assert word not in str(widget.get_state())
    assert word not in driver.text() + driver.panel.twin() + repr(vars(driver.panel))
    assert all(word.encode() not in p.read_bytes() for p in room.case.folder.rglob("*") if p.is_file())
    driver.seen()
    assert "to be done again" not in driver.text()


def test_a_password_shown_while_the_plan_is_being_read_counts_as_seen(room: Room, driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    driver.card("reset").run.click()
    thread = driver.panel.desk._thread
    assert thread is not None
    thread.join()
    run = contain.records(room.case)[-1].run
    driver.panel._update(Event("seen", run))
    driver.panel.desk.drain()
    assert "to be done again" not in driver.text()


def test_two_clicks_while_one_runs_send_one_call(room: Room, driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    run = driver.card("block").run
    run.click()
    run.click()
    driver.card("require").run.click()
    driver.panel.desk.wait()
    assert len(room.writes()) == 1


def test_a_refused_account_is_told_in_the_panel(room: Room) -> None:
    driver = Driver(containment_panel(room.case, [OPERATOR]))
    driver.preview()
    assert "signed in with" in driver.text()
    assert driver.panel.screen.cards == {}


def test_the_tenant_is_asked_for_first(unconfirmed_room: Room) -> None:
    driver = Driver(containment_panel(unconfirmed_room.case, [VICTIM]))
    driver.preview()
    screen = driver.panel.screen
    assert f"Type {DOMAIN}" in screen.message.value
    screen.domain.value = "contoso.org"
    driver.click(screen.confirm_tenant)
    assert f"Type {DOMAIN} exactly: what you typed is not the domain" in screen.domain_refused.shown.value
    assert "does not say which tenant it is of" in screen.message.value
    screen.domain.value = DOMAIN
    driver.panel.desk.drain()
    assert screen.domain_refused.shown.value == ""
    driver.click(screen.confirm_tenant)
    driver.preview()
    assert len(screen.cards) >= 7


def test_what_the_tenant_says_is_escaped(room: Room, driver: Driver) -> None:
    evil = '<img src=x onerror="alert(1)">'
    rules = room.service._store.state["inbox_rules"][room.user()["id"]]
    next(rule for rule in rules if rule["Name"] == "..")["Name"] = evil
    room.change_user(displayName=evil)
    driver.preview()
    html = "".join(w.value for w in _all(driver.panel.screen.widget) if type(w).__name__ == "HTML")
    assert evil not in html
    assert "&lt;img src=x" in html
    ticks = [tick for _, tick in driver.panel.screen.offers]
    assert any(evil in tick.description for tick in ticks)
    assert not any(tick.description_allow_html for tick in ticks)


def test_other_rules_can_be_chosen_and_the_name_has_to_be_typed_again(driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    for _, tick in driver.panel.screen.offers:
        tick.value = "Supplier news" in tick.description
    driver.preview()
    titles = [step.action.title for step in driver.panel.plan.steps] if driver.panel.plan else []
    assert [title for title in titles if "inbox rule" in title] == ["Disable the inbox rule “Supplier news”"]
    assert driver.card("block").run.disabled


def test_what_hits_everybody_is_named_at_the_list_and_at_its_open_door_until_it_is_ticked(room: Room) -> None:
    suspicion = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
    driver = Driver(containment_panel(room.case, [VICTIM], sleep=room.sleep))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contain, "suspicion_from", lambda *_: suspicion)
        driver.preview()
        screen = driver.panel.screen
        ticks = [tick for key, tick in screen.offers if key.startswith("disable-transport-rule")]
        assert len(ticks) > 1  # all that are on, so that a person can choose
        assert not any(tick.value for tick in ticks)
        assert re.search(
            "hit the whole organisation, so only you tick that: [^<]*Disable the transport rule", driver.text()
        )
        door = screen.doors.value.partition("mail flow of the organisation")[2].partition("</tr>")[0]
        assert "tick: Disable the transport rule" in door
        for _, tick in screen.offers:
            tick.value = True
        driver.preview()
        assert "only you tick that" not in driver.text()
        assert "No step of the plan closes it" not in screen.doors.value


def test_steps_change_places_by_a_click_as_far_as_that_is_safe(room: Room, driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    reset = driver.card("reset-password")
    assert reset.earlier.disabled
    assert "sign-in is stopped first" in reset.earlier.tooltip
    driver.click(driver.card("clear-forwarding").earlier)
    plan = driver.panel.plan
    assert plan is not None
    moved = plan.order
    assert moved.index("clear-forwarding") == room.plan().order.index("clear-forwarding") - 1
    assert driver.card("block").run.disabled  # it is another plan: its name is typed anew
    driver.preview()
    assert driver.panel.plan is not None
    assert driver.panel.plan.order == moved
    assert room.writes() == []


def test_a_case_of_files_shows_the_plan_with_a_reason_and_no_run(tmp_path: Path) -> None:
    case = open_case(tmp_path / "files")
    driver = Driver(containment_panel(case, [VICTIM]))
    assert "no live tenant" in driver.panel.twin()
    assert "PRACTICE" not in driver.panel.twin()
    assert f"PATCH https://graph.microsoft.com/v1.0/users/{VICTIM}" in driver.text()
    driver.panel.screen.user.value = "somebody.else@contoso.com"
    driver.preview()
    assert driver.panel.screen.cards == {}
    assert "PATCH https://graph.microsoft.com/v1.0/users/somebody.else@contoso.com" in driver.text()
    case.close()


def test_a_saved_notebook_keeps_the_banner_the_doors_and_the_journal(room: Room, driver: Driver) -> None:
    driver.preview()
    driver.confirm(VICTIM)
    driver.click(driver.card("block").run)
    assert "PRACTICE" in driver.panel.twin()
    kept = driver.panel._record().data
    assert "Block sign-in" in kept
    assert "accountEnabled: false" in kept


def test_an_unknown_case_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CaseNotFound, match="There is no case"):
        containment_panel(tmp_path / "nothing")


def test_doubt_left_by_another_kernel_is_settled_at_the_next_preview(room: Room, driver: Driver) -> None:
    room.service.drop_next("PATCH")
    room.run("block-sign-in", patience=0.0)
    assert contain.records(room.case)[-1].status == "in doubt"
    driver.preview()
    assert contain.records(room.case)[-1].status == "in doubt"  # the directory may not show it yet
    room.sleep(1800)
    driver.preview()
    assert contain.records(room.case)[-1].status == "not done"
    assert len(room.writes()) == 1


def test_what_the_owner_knows_is_called_legitimate_with_a_note_and_taken_back(room: Room, driver: Driver) -> None:
    driver.preview()
    screen = driver.panel.screen
    [(label, key)] = [(t, k) for t, k in screen.legitimate._list.options if k.startswith("disable-device")][:1]
    assert key in driver.panel.plan.order if driver.panel.plan else False
    screen.legitimate._list.value = (key,)
    screen.legitimate._note.value = "Katrin, by telephone"
    driver.click(screen.legitimate._say)
    assert driver.panel.plan is not None
    assert key not in driver.panel.plan.order
    assert "Katrin, by telephone" in screen.doors.value
    assert [k for _, k in screen.legitimate._said.options] == [key]
    assert room.writes() == []
    screen.legitimate._said.value = (key,)
    driver.click(screen.legitimate._back)
    assert key in driver.panel.plan.order
    assert tuple(screen.legitimate._said.options) == ()
    assert label in [text for text, _ in screen.legitimate._list.options]


def test_giving_back_and_unblocking_wait_for_closed_doors_and_say_which(driver: Driver) -> None:
    driver.preview()
    driver.click(driver.panel.screen.back)
    assert "not given back while a door is not closed" in driver.panel.screen.message.value
    driver.click(driver.panel.screen.unblock)
    assert "sender is not unblocked while a door is not closed" in driver.panel.screen.message.value


def test_the_account_is_given_back_by_clicks_and_the_sender_after_it(room: Room, driver: Driver) -> None:
    with pytest.MonkeyPatch.context() as patched:
        inside = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
        patched.setattr(contain, "suspicion_from", lambda *_: inside)
        driver.preview()
        for key, tick in driver.panel.screen.offers:
            tick.value = tick.value or key.startswith(("disable-transport", "disable-inbound", "disable-outbound"))
        driver.preview()
        driver.confirm(VICTIM)
        driver.panel.screen.everybody.value = DOMAIN
        driver.click(driver.panel.screen.extend)
        driver.click(driver.panel.screen.run_all)
        driver.seen()
        driver.click(driver.panel.screen.back)
        assert [s.action.kind for s in driver.panel.plan.steps][-1] == "give-back" if driver.panel.plan else False
        driver.confirm(VICTIM)
        driver.click(driver.panel.screen.run_all)
        driver.seen()
        assert room.user()["accountEnabled"] is True
        labels = [message["label"] for message in driver.sent[-2:]]
        assert [label.partition(" of ")[0] for label in labels] == ["New password", "Temporary Access Pass"]
        assert {driver.pill(key) for key in driver.panel.screen.cards} == {"done, read back"}
        assert "given back by this case" in driver.panel.screen.doors.value
        driver.click(driver.panel.screen.unblock)
        driver.confirm(VICTIM)
        driver.click(driver.panel.screen.run_all)
        assert not room.tenant.exchange.read("Get-BlockedSenderAddress", {}, VICTIM).rows


def test_the_other_person_sees_who_is_running_what_since_when(room: Room, driver: Driver) -> None:
    from toolkit.contain.runlock import running

    with running(room.case, OPERATOR, "Block sign-in"):
        text = contain.running_elsewhere(room.case)
        assert f"{OPERATOR} is running “Block sign-in” on this case since 20" in text
    assert contain.running_elsewhere(room.case) == ""
