"""The collection panel and the sign-in row, driven without a browser: the same clicks, the queues drained by hand."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from tests.contain.room import DOMAIN, VICTIM, Room, room, unconfirmed_room
from tests.needs import ROOT
from tests.tenant.signing import Answering
from toolkit import collect, contain, open_case, practice
from toolkit.case import Case
from toolkit.case.verdicts import ATTACKER, give, key_of
from toolkit.collect.calls import CALLS
from toolkit.collect.ledger import COMPLETE, FAILED, NOT_AVAILABLE, UNASKED, Line
from toolkit.collect.signed import note_options, options_said
from toolkit.collect.state import ACCOUNT
from toolkit.collect.work import Collection, _alone
from toolkit.detect import triage
from toolkit.practice.login import APPROVES, DECLINES, WAITS
from toolkit.practice.scenario import CLIENT_ID
from toolkit.tenant import clouds
from toolkit.tenant.clouds import practice_cloud
from toolkit.tenant.person import PersonTokenSource
from toolkit.views import signing_in, timeline
from toolkit.views.collecting import CollectingPanel, collecting
from toolkit.views.collecting_words import counted, ended_html
from toolkit.views.containment import containment_panel
from toolkit.views.coverage import coverage
from toolkit.views.emergency import emergency_stop
from toolkit.views.hardening import hardening_page

__all__ = ["room", "unconfirmed_room"]


@pytest.fixture(autouse=True)
def nobody_is_signed_in() -> Iterator[None]:
    yield
    signing_in._signed.clear()


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def until(panel: Any, true: Callable[[], bool], seconds: float = 60) -> None:
    """Drain the panel's queues until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, words(panel.sign_in.message.value)
        panel.sign_in.desk.drain()
        panel.desk.drain()
        time.sleep(0.02)


def settled(panel: Any) -> None:
    panel.sign_in.desk.wait()
    panel.desk.wait(120)


def signed_in(room: Room) -> CollectingPanel:
    room.service.login.interval = 1
    panel = collecting(room.case, VICTIM, sleep=room.sleep)
    panel.sign_in.start.click()
    settled(panel)
    return panel


def test_showing_the_panel_asks_nobody_and_offers_only_the_sign_in(room: Room) -> None:
    before = len(room.service.requests())
    panel = collecting(room.case, VICTIM)
    assert len(room.service.requests()) == before
    assert panel._live.layout.display == "none"
    assert not panel.sign_in.ready
    panel.begin()
    settled(panel)
    assert "Sign in first" in words(panel.message.value)
    assert collect.lines(room.case) == []


def test_the_code_is_shown_and_a_sign_in_that_waits_can_be_cancelled(room: Room) -> None:
    room.service.login.interval = 1
    room.service.login.behaviour = WAITS
    panel = collecting(room.case, VICTIM, sleep=room.sleep)
    panel.sign_in.start.click()
    until(panel, lambda: "enter the code" in words(panel.sign_in.message.value))
    assert re.search(r"enter the code\s+\S{6,}", words(panel.sign_in.message.value))
    assert panel.sign_in.start.disabled
    panel.sign_in.start.click()  # a second click begins no second sign-in
    panel.sign_in.cancel.click()
    until(panel, lambda: "cancelled" in words(panel.sign_in.message.value))
    settled(panel)
    assert not panel.sign_in.ready
    assert not panel.sign_in.start.disabled
    room.service.login.behaviour = APPROVES
    panel.sign_in.start.click()
    settled(panel)
    assert "Signed in to the practice tenant as jonas.reuter@contoso.com with the code" in words(
        panel.sign_in.message.value
    )


def test_it_collects_with_progress_findings_and_the_ledger_drawn_anew(room: Room) -> None:
    confirming = {r["client_request_id"] for r in room.service.requests()}
    panel = signed_in(room)
    assert "sources and states will work" in words(panel.expected.value)
    assert collect.lines(room.case) == []
    calls = {r["client_request_id"] for r in room.service.requests() if r["kind"] != "sign-in"}
    named = {one for entry in room.case.journal.entries(CALLS) for one in entry.fields["request_ids"]}
    assert len(calls) > 2
    assert calls - named <= confirming
    panel.profile.value = "quick"
    panel.start.click()
    panel.start.click()  # a second click begins no second collection
    until(panel, lambda: not panel.stop.disabled)
    assert panel.progress.layout.display is None
    settled(panel)
    assert panel.stop.disabled
    assert re.search(r"\d+ windows and \d+ lists, [\d,]+ records", words(panel.message.value))
    assert "Run the cells above again" in words(panel.message.value)
    assert "<svg" in panel.ledger.value
    assert "How far back anything can be known" in panel.ledger.value
    assert "provisional" in words(panel.ledger.value)
    assert re.search(r"\d+ findings: \d+ critical", words(panel.found.value))
    assert room.writes() == []
    assert len([line for line in collect.lines(room.case) if line.source == "audit log"]) == 8
    # What was read is dated by the services' clock, which is not this computer's.
    read = [moment for moment in coverage(room.case)["read"] if isinstance(moment, str)]
    assert read
    assert {moment[:7] for moment in read} == {f"{room.service.clock.now():%Y-%m}"}


def test_how_a_collection_ended_is_told_with_what_to_do_next_however_it_went() -> None:
    whole, broken = (
        Line(source, "", "2026-09-01", "2026-09-02", "", "2026-09-03", state)
        for source, state in (("audit log", COMPLETE), (ACCOUNT, FAILED))
    )
    assert counted([whole, whole, broken]) == "2 windows and 1 list, 0 records"
    assert counted([]) == "nothing yet, 0 records"
    for done in (Collection([whole]), Collection([whole, broken]), Collection([whole], stopped=True)):
        assert "Run the cells above again, and the other notebooks" in words(ended_html(done))
    assert "1 did not come whole" in words(ended_html(Collection([whole, broken])))


def test_progress_and_message_stand_directly_under_the_buttons(room: Room) -> None:
    panel = collecting(room.case, VICTIM)
    below = panel.widget.children[panel.widget.children.index(panel._live) + 1 :]
    assert panel._live.children[-1].children == (panel.start, panel.refresh, panel.stop)
    assert below[:2] == (panel.progress, panel.message)
    panel._collecting = True
    panel._draw()
    assert "How far back" not in panel.ledger.value


def test_a_run_whose_time_is_up_says_so_and_goes_on_later(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = signed_in(room)
    monkeypatch.setattr(panel, "_seconds", lambda: 0.5 if panel.minutes.value == 5 else None)
    panel.minutes.value = 5
    panel.start.click()
    settled(panel)
    assert "The time that was given is up" in words(panel.message.value)
    assert "Stopped by you" not in words(panel.message.value)
    assert [line for line in collect.lines(room.case) if line.state == UNASKED]
    panel.minutes.value = None
    panel.profile.value = "quick"
    panel.start.click()
    settled(panel)
    assert "is up" not in words(panel.message.value)


def test_a_stop_keeps_what_came(room: Room) -> None:
    panel = signed_in(room)
    panel.start.click()
    until(panel, lambda: bool(panel._fresh))
    panel.stop.click()
    settled(panel)
    assert "Stopped by you" in words(panel.message.value)
    kept = collect.lines(room.case)
    assert kept
    assert room.case.verify() == []
    panel.profile.value = "quick"
    panel.start.click()
    settled(panel)
    assert "Stopped" not in words(panel.message.value)


def test_marks_that_nobody_looked_for_yet_are_named_and_looked_for_by_one_click(room: Room) -> None:
    room.case.load(ROOT / "data" / "samples" / "contoso-bec")
    finding = next(f for f in triage(room.case).findings if f.id.startswith("TK"))
    give(room.case, key_of(finding.id, finding.user, finding.evidence), ATTACKER)
    open_before = collect.pivots_open(room.case)
    panel = signed_in(room)
    assert panel._open_row.layout.display is None
    assert f"not looked for in the other accounts yet: {open_before[0]}" in words(panel.open_marks.value)
    panel.profile.value = "quick"
    panel.pivot.click()
    settled(panel)
    assert {line.account for line in collect.lines(room.case)} == {str(mark) for mark in open_before}
    assert collect.pivots_open(room.case) == []
    assert panel._open_row.layout.display == "none"
    assert f"{open_before[0]}: in records of {VICTIM} (" in words(panel.found.value)
    assert room.case.verify() == []


def test_what_a_person_names_is_noted_and_offered_to_be_looked_for(room: Room) -> None:
    panel = signed_in(room)
    assert panel._open_row.layout.display == "none"
    asked = len(room.service.requests())
    panel.mark.value.value = "evil.example"
    panel.mark.button.click()
    settled(panel)
    assert "'evil.example' is no IP address." in words(panel.message.value)
    panel.mark.value.value = " 198.51.100.77"
    panel.mark.button.click()
    settled(panel)
    assert "address 198.51.100.77 is noted as the attacker's" in words(panel.message.value)
    assert panel.mark.value.value == ""
    assert panel._open_row.layout.display is None
    assert "Named as the attacker's, and not looked for in the other accounts yet: address 198.51.100.77" in words(
        panel.open_marks.value
    )
    assert [str(mark) for mark in collect.pivots_open(room.case)] == ["address 198.51.100.77"]
    assert len(room.service.requests()) == asked


def test_the_timeline_says_what_nobody_looked_for_yet(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(timeline, "show", lambda html, *more: shown.append(html))
    monkeypatch.setattr(timeline, "show_panel", lambda *panel: None)
    room.case.load(ROOT / "data" / "samples" / "contoso-bec")
    timeline.show_timeline(room.case)
    assert not any("not looked for" in words(html) for html in shown)
    finding = next(f for f in triage(room.case).findings if f.id.startswith("TK"))
    give(room.case, key_of(finding.id, finding.user, finding.evidence), ATTACKER)
    before = len(room.service.requests())
    timeline.show_timeline(room.case)
    [told] = [words(html) for html in shown if "not looked for" in words(html)]
    assert str(collect.pivots_open(room.case)[0]) in told
    assert "--pivot-open" in told
    assert len(room.service.requests()) == before


def test_a_collection_in_another_kernel_is_told(room: Room) -> None:
    panel = signed_in(room)
    with _alone(room.case):
        panel.start.click()
        settled(panel)
    assert "Another collection into this case is going on" in words(panel.message.value)


def test_which_tenant_is_asked_before_anything_is_collected(unconfirmed_room: Room) -> None:
    panel = signed_in(unconfirmed_room)
    assert f"Type {DOMAIN}" in words(panel.message.value)
    panel.profile.value = "quick"
    panel.start.click()
    settled(panel)
    assert collect.lines(unconfirmed_room.case) == []
    panel.domain.value = DOMAIN
    panel.confirm_tenant.click()
    settled(panel)
    assert "confirmed" in words(panel.message.value)
    assert contain.tenant_question(unconfirmed_room.case, unconfirmed_room.tenant) is None


# Real cases: a cloud that is the practice tenant's addresses without being one for practice.


@pytest.fixture
def real(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A case of real evidence, and a live cloud to sign in to; its tenant was confirmed before."""
    with practice.start(tmp_path / "elsewhere" / "practice") as service:
        service.login.interval = 1
        place = practice_cloud(tmp_path / "elsewhere")
        live = replace(place, practice=False, name="loopback", title="a cloud on this computer")
        monkeypatch.setitem(clouds.CLOUDS, "loopback", live)
        rehearsal = open_case(tmp_path / "elsewhere", practice=True)
        room = Room(rehearsal, service)
        room.case = open_case(tmp_path / "case")
        yield room
        room.tenant.close()


def sign_in_to(panel: Any) -> None:
    row = panel.sign_in
    row.cloud.value, row.way.value = "loopback", "device-code"
    row.client.value = CLIENT_ID
    row.start.click()
    until(panel, lambda: row.ready)
    settled(panel)


def test_a_sign_in_that_waits_in_the_browser_is_cancelled_by_a_click(
    real: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(sys.modules["toolkit.tenant.sign_in"], "browser_is_elsewhere", lambda environ: "")
    monkeypatch.setattr("webbrowser.open", lambda address: not opened.append(address))
    panel = collecting(real.case, VICTIM, sleep=real.sleep)
    row = panel.sign_in
    row.cloud.value, row.way.value, row.client.value = "loopback", "browser", CLIENT_ID
    row.start.click()
    until(panel, lambda: bool(opened) and not row.cancel.disabled)
    row.cancel.click()
    settled(panel)
    until(panel, lambda: not row.start.disabled)
    assert "cancelled; nobody is signed in" in words(row.message.value)
    assert not row.ready


def test_a_case_of_files_has_a_plan_without_buttons_until_somebody_signs_in(real: Room) -> None:
    panel = containment_panel(real.case, [VICTIM], sleep=real.sleep)
    stop, page = emergency_stop(real.case, sleep=real.sleep), hardening_page(real.case, sleep=real.sleep)
    assert "own application" not in words(panel.sign_in.about.value)
    assert "An administrator has to consent" in words(panel.sign_in.about.value)
    assert panel.screen.cards == {}
    assert stop._live.layout.display == page._live.layout.display == "none"
    assert page.audit_repairs.widget.layout.display == "none"

    sign_in_to(panel)
    for other in (stop, page):
        other.sign_in.desk.drain()
        assert other.sign_in.ready
        assert other._live.layout.display is None
        assert "Signed in to a cloud on this computer as jonas.reuter@contoso.com" in words(other.sign_in.message.value)
    assert page.audit_repairs.widget.layout.display is None

    # All guards hold: whose tenant it is has to be typed, then the name.
    panel.preview()
    settled(panel)
    assert f"Type {DOMAIN}" in panel.screen.message.value
    panel.screen.domain.value = DOMAIN
    panel.confirm_tenant()
    settled(panel)
    panel.preview()
    settled(panel)
    assert panel.screen.cards
    assert all(card.run.disabled for card in panel.screen.cards.values())
    panel.screen.typed.value = VICTIM
    panel.confirm()
    settled(panel)
    assert real.writes() == []
    panel.run("block-sign-in")
    settled(panel)
    assert real.user()["accountEnabled"] is False

    # Signed out, nothing more is sent.
    sent = len(real.writes())
    panel.sign_in.out.click()
    panel.sign_in.desk.drain()
    assert not panel.sign_in.ready
    stop.sign_in.desk.drain()
    assert stop._live.layout.display == "none"
    stop.user.value = VICTIM
    stop.preview()
    settled(stop)
    assert "Sign in first" in words(stop.said.value)
    assert len(real.writes()) == sent


def test_a_real_case_is_collected_from_the_panel(real: Room) -> None:
    panel = collecting(real.case, VICTIM, sleep=real.sleep)
    assert "PRACTICE" not in panel.widget.children[0].value
    sign_in_to(panel)
    panel.domain.value = DOMAIN
    panel.confirm_tenant.click()
    settled(panel)
    panel.profile.value = "quick"
    panel.start.click()
    settled(panel)
    assert real.case.count("audit")
    assert not real.case.practice
    assert real.writes() == []


def test_no_token_is_in_a_widget_or_a_file(real: Room) -> None:
    panel = collecting(real.case, VICTIM, sleep=real.sleep)
    sign_in_to(panel)
    source, _ = signing_in._signed[str(real.case.folder)]
    token = source.token("graph")

    def every(widget: Any) -> Iterator[Any]:
        yield widget
        for child in getattr(widget, "children", ()):
            yield from every(child)

    assert not any(token in str(widget.get_state()) for widget in every(panel.widget))
    files = [path for path in real.case.folder.rglob("*") if path.is_file()]
    assert not any(token.encode() in path.read_bytes() for path in files)


def test_a_choice_that_cannot_be_is_told_before_the_click(tmp_path: Any) -> None:
    case: Case = open_case(tmp_path / "case")
    row = signing_in.SignIn(case)
    row.way.value = "certificate"
    assert "Name the certificate's file" in words(row.about.value)
    row.way.value = "secret"
    assert "name it under Tenant, and the app under Application" in words(row.about.value)
    row.start.click()
    row.desk.drain()
    assert "name it under Tenant, and the app under Application" in words(row.message.value)


def test_who_gets_no_sign_in_to_exchange_is_told_and_not_asked_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.service.login.interval = 1
    person = Answering(room.service, exchange=DECLINES)
    row = collecting(room.case, VICTIM, sleep=room.sleep)
    monkeypatch.setattr(row.sign_in, "_source", lambda: lambda: (person.source(), clouds.PRACTICE))
    row.sign_in.start.click()
    settled(row)
    row.sign_in.desk.drain()
    assert "You are signed in. There is no sign-in to Exchange: The sign-in was declined" in words(
        row.sign_in.message.value
    )
    settled(row)  # the preflight has looked at it too
    assert person.asked == ["graph", "exchange"]
    assert "There is no sign-in to Exchange" in words(row.expected.value)


def test_a_second_application_is_named_for_containment_and_kept_for_the_next_command(tmp_path: Any) -> None:
    case: Case = open_case(tmp_path / "case")
    row = signing_in.SignIn(case)
    row.way.value, row.client.value, row.containment.value = "device-code", "11", " 22 "
    assert row.containment.layout.display is None
    source = row._chosen()
    assert isinstance(source, PersonTokenSource)
    assert (source._clients.evidence, source._clients.containment) == ("11", "22")
    note_options(case, row.options)
    assert options_said(case).endswith("--client-id 11 --containment-client-id 22")
    # An app on its own is one application.
    row.way.value, row.certificate.value, row.named.value = "certificate", "app.pem", DOMAIN
    assert row.containment.layout.display == "none"
    assert repr(row._chosen()) == "ApplicationTokenSource(global, 11, certificate)"
    assert row.options["containment_client_id"] == ""


def test_a_person_is_asked_before_a_collection_and_a_stop_ends_the_question(room: Room, tmp_path: Any) -> None:
    room.service.login.interval = 1
    person = Answering(room.service, WAITS)
    source = person.source()
    assert source.token("graph")
    assert source.token("exchange")
    signing_in._signed[str(room.case.folder)] = source, clouds.PRACTICE
    file = tmp_path / "feeds.toml"
    file.write_text('days = [1]\nroads = ["activity-exchange", "interactive-sign-ins"]\n')
    panel = collecting(room.case, VICTIM, sleep=room.sleep)
    panel.more.value = str(file)
    settled(panel)
    assert person.asked == ["graph", "exchange"]  # choosing asks nobody
    panel.start.click()
    until(panel, lambda: person.asked[2:] == ["management"] and not panel.stop.disabled)
    panel.stop.click()
    settled(panel)
    panel.desk.drain()
    assert "Stopped by you; nothing was asked for." in words(panel.message.value)
    assert collect.lines(room.case) == []
    # Whoever was signed in still is; what is declined then is said by the ledger, and the rest comes.
    person.about_management = DECLINES
    panel.start.click()
    settled(panel)
    assert person.asked[2:] == ["management", "management"]
    states = {line.source: (line.state, line.reason) for line in collect.lines(room.case)}
    assert states["audit log"][0] == NOT_AVAILABLE
    assert "to the Management Activity API: The sign-in was declined" in states["audit log"][1]
    assert states["sign-ins, interactive"][0] != NOT_AVAILABLE
    panel.start.click()
    settled(panel)
    assert person.asked[2:] == ["management", "management"]  # once is enough
