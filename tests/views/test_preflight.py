"""What is shown before the first call: hindrances first, with their reasons, and everything escaped."""

from __future__ import annotations

import re
from html import unescape

from tests.contain.room import Room, room, unconfirmed_room
from toolkit.tenant import Preflight, preflight
from toolkit.tenant.directory_roles import ROLES
from toolkit.tenant.needs import NEEDS
from toolkit.tenant.preflight import REFUSED, WORKS, Check, TokenFacts
from toolkit.tenant.ways import DeviceCodeMessage
from toolkit.views.preflight import about_html, counted, device_code_html, in_short, needs_html, preflight_html

__all__ = ["room", "unconfirmed_room"]

HOSTILE = "<img src=x onerror=alert(1)>"


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def test_a_reader_sees_first_what_will_be_refused_and_why(room: Room) -> None:
    room.service.give_roles(ROLES["Global Reader"])
    text = words(preflight_html(preflight(room.connect())))
    assert "jonas.reuter@contoso.com (a person)" in text
    assert "directory roles: Global Reader" in text
    assert re.search(r"Revoke sessions\s+will answer 403\s+missing a directory role: User Administrator or", text)
    assert re.search(r"\d+ of \d+ will work", text)


def test_tiles_and_headline_count_the_same_and_say_what_is_the_case(room: Room) -> None:
    result = preflight(room.connect(), ("graph", "exchange", "management"))
    reading = [check for check in result.checks if check.kind != "action"]
    numbers = dict(counted(reading))
    assert sum(numbers.values()) == len(reading)
    assert numbers["not started yet"] == 1
    assert "will answer 403" not in numbers
    others = f"1 not started yet; {numbers['not known']} not known"
    assert in_short(reading) == (
        f"Before the first call: {numbers[WORKS]} of {len(reading)} sources and states will work; {others}"
    )
    shown = words(preflight_html(result))
    assert "1 permission" in shown
    assert "1 permissions" not in shown


def test_nothing_from_outside_becomes_markup() -> None:
    token = TokenFacts("graph", who=HOSTILE, roles=(HOSTILE,))
    checks = (Check("source:a", HOSTILE, REFUSED, HOSTILE), Check("state:b", HOSTILE, WORKS, HOSTILE))
    shown = preflight_html(Preflight(checks, {"graph": token, "exchange": TokenFacts("exchange", problem=HOSTILE)}))
    assert "<img" not in shown
    assert shown.count("&lt;img") >= 6
    assert "<img" not in device_code_html(DeviceCodeMessage("", HOSTILE, f"https://x/{HOSTILE}"))


def test_only_a_secure_page_becomes_a_link_for_the_code() -> None:
    good = device_code_html(DeviceCodeMessage("", "ABC123", "https://login.microsoft.com/device"))
    assert 'href="https://login.microsoft.com/device"' in good
    assert "ABC123" in good
    assert "href" not in device_code_html(DeviceCodeMessage("", "ABC123", "javascript:alert(1)"))


def test_what_the_sign_in_asks_for_is_said_before_it(room: Room) -> None:
    assert "Before you sign in" in about_html(room.tenant.tokens)
    assert "no permission that only reads" in words(about_html(room.tenant.tokens))


def test_what_is_needed_is_one_folded_table() -> None:
    shown = needs_html()
    assert shown.startswith("<details><summary>What each source and action needs")
    assert shown.count("<tr>") == len(NEEDS) + 1
    assert "Directory.AccessAsUser.All" in shown
