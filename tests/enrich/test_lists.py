"""What user agents, error codes, applications and words mean, by the tables that are shipped."""

from __future__ import annotations

import pytest

from toolkit.enrich.agents import families, system
from toolkit.enrich.apps import RISKS, apps_of_interest, risk_of
from toolkit.enrich.errors import codes, error_groups
from toolkit.enrich.keywords import folded, keywords

MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Windows 10", "Windows"),
        ("Windows11", "Windows"),
        ("Mac OS X", "macOS"),
        ("MacOs", "macOS"),
        ("MacOs 14.4", "macOS"),
        ("Ios 17.1", "iOS"),
        ("iPadOS", "iOS"),
        ("Android 14", "Android"),
        ("Ubuntu", "Linux"),
        ("Linux", "Linux"),
        ("Chrome OS", "ChromeOS"),
        ("ChromeOS 120", "ChromeOS"),
        ("Unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_a_system_has_one_name_in_every_log(name: str | None, known: str | None) -> None:
    assert system(name) == known


@pytest.mark.parametrize(
    ("agent", "known"),
    [
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0"
         " Safari/537.36", ("Windows", "Chrome")),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0"
         " Safari/537.36 Edg/138.0.0.0", ("Windows", "Edge")),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4"
         " Safari/605.1.15", ("macOS", "Safari")),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4"
         " Mobile/15E148 Safari/604.1", ("iOS", "Safari")),
        (f"{MOZILLA} (X11; Ubuntu; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0", ("Linux", "Firefox")),
        (f"{MOZILLA} (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0"
         " Mobile Safari/537.36", ("Android", "Chrome")),
        ("BAV2ROPC", (None, None)),
        ("", (None, None)),
    ],
)  # fmt: skip
def test_a_user_agent_tells_system_and_browser_and_not_their_versions(
    agent: str, known: tuple[str | None, str | None]
) -> None:
    assert families(agent) == known


def test_a_new_version_of_browser_and_system_is_the_same_pair() -> None:
    old = f"{MOZILLA} (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0 Safari/537.36"
    assert families(old) == families(old.replace("NT 6.1", "NT 10.0").replace("Chrome/90.0", "Chrome/138.0"))


@pytest.mark.parametrize(
    ("code", "group"),
    [(0, "success"), (50126, "bad_password"), (50053, "lockout"), (50034, "unknown_user"), (50076, "password_ok"),
     (50055, "password_ok"), (53003, "password_ok"), (500121, "mfa_failed"), (50140, "interrupt")],
)  # fmt: skip
def test_a_code_says_what_a_sign_in_tells_of_the_password(code: int, group: str) -> None:
    assert error_groups()[code] == group
    assert code in codes(group)


def test_codes_of_several_groups_and_of_none() -> None:
    assert {50126, 50053} <= set(codes("bad_password", "lockout"))
    assert 0 not in codes("bad_password", "lockout", "password_ok")
    assert codes() == codes("no such group") == []


@pytest.mark.parametrize(
    ("scope", "risk"),
    [("Mail.ReadWrite", "critical"), ("mail.read", "high"), ("Contacts.Read", "medium"), ("User.Read", "low"),
     ("offline_access", "none"), ("no.such.scope", "none"), ("", "none")],
)  # fmt: skip
def test_a_permission_is_worth_something_to_an_intruder_in_any_spelling(scope: str, risk: str) -> None:
    assert risk_of(scope) == risk
    assert risk in RISKS


def test_applications_known_from_mail_compromises_are_found_by_their_id() -> None:
    kinds = {app.kind for app in apps_of_interest().values()}
    assert kinds == {"malicious", "abused_legitimate", "watch_first_party", "watch_third_party"}
    assert all(app_id == app.app_id == app_id.lower() and app.why for app_id, app in apps_of_interest().items())
    perfect = apps_of_interest()["ff8d92dc-3d82-41d6-bcbd-b9174d163620"]
    assert (perfect.name, perfect.kind) == ("PerfectData Software", "malicious")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Your INVOICE is due", ["invoice"]),
        ("invoices", ["invoice"]),
        ("Überweisung", ["überweisung"]),
        ("UBERWEISUNG bitte", ["überweisung"]),
        ("U\u0308berweisung", ["überweisung"]),
        ("wire it", ["wire"]),
        ("wireless", []),
        ("re-wire", ["wire"]),
        ("golf", []),
        ("", []),
    ],
)
def test_words_about_money_are_found_without_case_and_accents(text: str, found: list[str]) -> None:
    assert [folded(term) for term in keywords(text, "finance")] == [folded(term) for term in found]


def test_lists_are_asked_by_name() -> None:
    text = "invoice: did you send this phish?"
    assert "invoice" in keywords(text, "finance")
    assert keywords(text, "security_mail") == []
    assert {"invoice", "phish"} <= set(keywords(text, "finance", "warning"))
    assert keywords(text) == []
