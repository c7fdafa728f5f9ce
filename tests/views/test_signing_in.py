"""Which fields the sign-in row shows for each way: those that the way needs, and always the way back to another."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from toolkit import open_case
from toolkit.tenant import sign_in_errors
from toolkit.views.signing_in import WAYS, SignIn, in_the_row

FIELDS = ("cloud", "way", "named", "client", "certificate", "keep", "containment")
ALWAYS = {"cloud", "way"}
ORGANISATION = {"named", "client"}
SHOWN = {
    "browser": ALWAYS | ORGANISATION | {"keep", "containment"},
    "device-code": ALWAYS | ORGANISATION | {"keep", "containment"},
    "certificate": ALWAYS | ORGANISATION | {"certificate"},
    "secret": ALWAYS | ORGANISATION,
    "token": ALWAYS,
}


def shown(row: SignIn) -> set[str]:
    return {name for name in FIELDS if getattr(row, name).layout.display != "none"}


def test_every_way_has_its_fields() -> None:
    assert [way for _, way in WAYS] == list(SHOWN)


@pytest.mark.parametrize("way", SHOWN)
def test_a_way_shows_the_fields_that_it_needs_and_no_others(way: str, tmp_path: Path) -> None:
    row = SignIn(open_case(tmp_path / "case"))
    for other in SHOWN:
        row.way.value = other
        row.way.value = way
        assert shown(row) == SHOWN[way]


def test_what_cannot_be_is_said_by_the_row_s_own_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["toolkit.tenant.sign_in"], "browser_is_elsewhere", lambda environ: "it is remote")
    row = SignIn(open_case(tmp_path / "case"))
    for way in SHOWN:
        row.way.value = way
        assert "`--" not in row.about.value
        assert "<code>--" not in row.about.value
        if way == "browser":
            assert "choose “Device code” under Way" in row.about.value


def test_the_errors_of_a_sign_in_name_no_option_of_the_command_line() -> None:
    for code in sign_in_errors._SAID:
        for way in (sign_in_errors.DEVICE_CODE, sign_in_errors.BROWSER):
            answer = {"error": "invalid_grant", "error_codes": [code]}
            said = in_the_row(sign_in_errors.sentence(answer, way=way, client="app", tenant="contoso.com"))
            assert "--" not in said, said


def test_the_application_of_an_app_sign_in_is_no_public_one(tmp_path: Path) -> None:
    row = SignIn(open_case(tmp_path / "case"))
    row.way.value = "device-code"
    assert "public" in row.client.placeholder
    row.way.value = "certificate"
    assert "public" not in row.client.placeholder
