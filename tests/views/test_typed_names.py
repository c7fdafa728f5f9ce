"""A name typed wrongly: each panel says so at its field, and nothing is sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contain.room import DOMAIN, VICTIM, Room, room, unconfirmed_room
from toolkit.views.containment_typed import not_taken
from toolkit.views.emergency import emergency_stop
from toolkit.views.hardening import hardening_page

__all__ = ["room", "unconfirmed_room"]


def click(panel: Any, button: Any) -> None:
    button.click()
    panel.desk.wait()


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "the field was empty"),
        ("  ", "the field was empty"),
        (f" {VICTIM}", "there was a space before or after it"),
        ("Katrin Vogel", "what you typed is not the name of this account"),
        (VICTIM.upper(), "what you typed is not the name of this account"),
    ],
)
def test_the_sentence_says_what_was_expected_and_why_it_was_not_taken(typed: str, why: str) -> None:
    sentence = not_taken(typed, VICTIM, "the name of this account")
    assert sentence == f"Type {VICTIM} exactly: {why}, and nothing was sent."


def test_the_emergency_stop_says_it_under_its_field_until_the_right_name_stands_there(unconfirmed_room: Room) -> None:
    panel = emergency_stop(unconfirmed_room.case, sleep=unconfirmed_room.sleep)
    panel.user.value = VICTIM
    click(panel, panel.look)
    evil = '<img src=x onerror="alert(1)">'
    panel.typed.value = evil
    click(panel, panel.stop)
    assert "what you typed is not the name of this account, and nothing was sent" in panel.said.value
    assert "onerror" not in panel.said.value
    below = panel._live.children[panel._live.children.index(panel._row) + 1]
    assert below is panel.said
    assert unconfirmed_room.writes() == []
    panel.typed.value = VICTIM
    panel.desk.drain()
    assert panel.said.value == ""
    panel.user.value = ""
    click(panel, panel.look)
    panel.typed.value = "yes"
    panel.typed.value = VICTIM
    panel.desk.drain()
    assert "Name the account first" in panel.said.value  # another sentence stays


def test_a_repair_says_it_at_its_field_and_a_wrong_domain_takes_the_yes_back(room: Room) -> None:
    page = hardening_page(room.case, sleep=room.sleep)
    click(page, page.read)
    repairs = page.audit_repairs
    click(repairs, repairs.preview)
    repairs.typed.value = "contoso"
    click(repairs, repairs.confirm)
    refused = repairs.refused.shown
    assert f"Type {DOMAIN} exactly: what you typed is not the domain of this organisation" in refused.value
    assert repairs.run_all.disabled
    repairs.typed.value = DOMAIN
    repairs.desk.drain()
    assert refused.value == ""
    click(repairs, repairs.confirm)
    assert not repairs.run_all.disabled
    repairs.typed.value = "contoso.org"
    click(repairs, repairs.confirm)
    assert repairs.run_all.disabled
    assert all(card.run.disabled for card in repairs.cards.values())
    assert "The domain was typed" not in repairs.heading.value
    assert room.writes() == []


def test_hardening_keeps_its_question_about_the_tenant_and_refuses_at_the_field(unconfirmed_room: Room) -> None:
    page = hardening_page(unconfirmed_room.case, sleep=unconfirmed_room.sleep)
    click(page, page.read)
    page.domain.value = "contoso.org"
    click(page, page.confirm_tenant)
    assert f"Type {DOMAIN} exactly: what you typed is not the domain" in page.domain_refused.shown.value
    assert "does not say which tenant it is of" in page.message.value
    assert "has not been read yet" in page.about.value
    page.domain.value = DOMAIN
    click(page, page.confirm_tenant)
    assert page.domain_refused.shown.value == ""
    assert "settings and lists were read" in page.about.value
