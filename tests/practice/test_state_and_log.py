"""What a practice tenant keeps: state, clock and request log, over restarts and without secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from tests.practice.analyst import VICTIM, Client, Clock, client_of
from toolkit import practice
from toolkit.errors import PracticeError
from toolkit.practice import PracticeTenant

INSTANT = datetime(2026, 9, 18, 14, 0, 0, tzinfo=UTC)
PASSWORD = "Correct-Horse-7-Battery"


def test_change_survives_a_restart(begin: Callable[[], PracticeTenant]) -> None:
    first = begin()
    assert client_of(first).graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": False}).ok
    first.stop()
    path = f"/v1.0/users/{VICTIM}?$select=accountEnabled"
    assert client_of(begin()).graph("GET", path).json()["accountEnabled"] is False


def test_change_is_on_disk_before_the_answer_goes_out(client: Client) -> None:
    client.graph("POST", f"/v1.0/users/{VICTIM}/revokeSignInSessions")
    kept = json.loads((client.tenant.folder / "state.json").read_text(encoding="utf-8"))
    assert kept["changes"] == 1
    assert kept["audit"][-1]["Operation"] == "Update StsRefreshTokenValidFrom Timestamp."


def test_state_of_an_earlier_version_is_filled_up(begin: Callable[[], PracticeTenant]) -> None:
    first = begin()
    first.stop()
    path = first.folder / "state.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    users = dict(kept["users"])
    path.write_text(json.dumps({name: kept[name] for name in kept if name != "devices"}), encoding="utf-8")
    second = begin()
    assert second.state()["devices"] == kept["devices"]
    assert second.state()["users"] == users


def test_clock_starts_at_the_instant_and_runs_with_real_time(client: Client, clock: Clock) -> None:
    client.token("graph")
    assert parsedate_to_datetime(client.graph("GET", "/v1.0/organization").headers["Date"]) == INSTANT
    clock.seconds += 61
    assert (parsedate_to_datetime(client.graph("GET", "/v1.0/nowhere").headers["Date"]) - INSTANT).seconds == 61


def test_clock_goes_on_after_a_restart_and_never_back(begin: Callable[[], PracticeTenant], clock: Clock) -> None:
    first = begin()
    clock.seconds += 3600
    first.stop()
    clock.seconds = 0.0
    second = begin()
    assert (second.clock.now() - INSTANT).total_seconds() == 3600
    clock.seconds -= 50
    assert (second.clock.now() - INSTANT).total_seconds() == 3600


def test_clock_goes_on_even_after_a_crash(begin: Callable[[], PracticeTenant], clock: Clock) -> None:
    first = begin()
    clock.seconds += 600
    client_of(first).graph("GET", "/v1.0/users")
    told = first.clock.now()
    before = (first.folder / "state.json").read_bytes()
    first.stop()
    (first.folder / "state.json").write_bytes(before)  # as if it had never come to its end
    assert begin().clock.now() >= told


def test_each_request_is_logged_with_its_kind(client: Client) -> None:
    client.graph("GET", "/v1.0/users", headers={"client-request-id": "my-id"})
    client.cmdlet("Get-InboxRule", Mailbox=VICTIM)
    client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": True})
    client.cmdlet("Disable-InboxRule", Mailbox=VICTIM, Identity="nothing")
    client.cmdlet("Remove-Mailbox", Identity=VICTIM)
    lines = [line for line in client.tenant.requests() if line["kind"] != "sign-in"]
    assert [(line["method"], line["cmdlet"], line["kind"], line["status"]) for line in lines] == [
        ("GET", None, "read", 200),
        ("POST", "Get-InboxRule", "read", 200),
        ("PATCH", None, "write", 204),
        ("POST", "Disable-InboxRule", "write", 400),
        ("POST", "Remove-Mailbox", "write", 403),
    ]
    assert lines[0]["client_request_id"] == "my-id"
    assert {line["kind"] for line in client.tenant.requests() if "oauth2" in line["path"]} == {"sign-in"}


def test_log_of_changes_names_what_was_sent_but_no_value(client: Client) -> None:
    profile = {"password": PASSWORD, "forceChangePasswordNextSignIn": True}
    body = {"passwordProfile": profile, "accountEnabled": False}
    client.graph("PATCH", f"/v1.0/users/{VICTIM}", json=body, headers={"client-request-id": "first"})
    client.cmdlet("Disable-InboxRule", Mailbox=VICTIM, Identity="nothing", Confirm=False)
    first, second = client.tenant.writes()
    assert first["fields"] == ["accountEnabled", "passwordProfile"]
    assert (first["client_request_id"], first["changed"], first["status"]) == ("first", True, 204)
    assert second["fields"] == ["Confirm", "Identity", "Mailbox"]
    assert (second["target"], second["changed"], second["status"]) == (VICTIM, False, 400)


def test_reading_changes_nothing(client: Client) -> None:
    before = client.tenant.state()
    client.rules()
    for path in ("users", "auditLogs/signIns", "security/secureScores", "organization", "domains"):
        assert client.graph("GET", f"/v1.0/{path}").ok
    assert client.tenant.state() == before
    assert not [line for line in client.tenant.requests() if line["kind"] == "write"]


def test_no_password_and_no_token_reaches_the_disk(client: Client) -> None:
    profile = {"password": PASSWORD, "forceChangePasswordNextSignIn": True}
    assert client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"passwordProfile": profile}).status_code == 204
    token = client.token("graph")
    client.tenant.stop()
    for path in client.tenant.folder.iterdir():
        content = path.read_bytes()
        assert PASSWORD.encode() not in content, path.name
        assert token.encode() not in content, path.name
        assert b"PRIVATE KEY" not in content, path.name


def test_endpoint_file_is_there_while_it_runs(begin: Callable[[], PracticeTenant]) -> None:
    tenant = begin()
    about = json.loads(tenant.endpoint_file.read_text(encoding="utf-8"))
    assert about["url"] == tenant.url
    assert Path(about["ca_file"]) == tenant.ca_file
    assert set(about) == {
        *("url", "ca_file", "tenant_id", "tenant_domain", "client_id", "scenario"),
        *("graph", "exchange", "login", "manage", "loganalytics", "workspace_id"),
    }
    tenant.stop()
    tenant.stop()
    assert not tenant.endpoint_file.exists()


def test_second_tenant_on_the_same_folder_is_refused(begin: Callable[[], PracticeTenant]) -> None:
    first = begin()
    with pytest.raises(PracticeError, match="already running"):
        practice.start(first.folder)
    with pytest.raises(PracticeError, match="already running"):
        practice.reset(first.folder)


def test_reset_goes_back_to_the_beginning(begin: Callable[[], PracticeTenant], clock: Clock) -> None:
    first = begin()
    beginning = first.state()
    client_of(first).graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": False})
    clock.seconds += 100
    first.stop()
    practice.reset(first.folder)
    second = begin()
    assert second.state() == beginning
    assert second.requests() == []


def test_unknown_scenario_and_damaged_state_are_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(PracticeError, match="no practice scenario"):
        practice.start(tmp_path / "a", scenario="nothing")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "state.json").write_text("{", encoding="utf-8")
    with pytest.raises(PracticeError, match="reset the practice tenant"):
        practice.start(tmp_path / "b")
    practice.reset(tmp_path / "b")
    practice.start(tmp_path / "b").stop()


def test_port_that_is_taken_is_said_clearly(begin: Callable[[], PracticeTenant], tmp_path: Path) -> None:
    port = int(begin().url.rpartition(":")[2])
    with pytest.raises(PracticeError, match=f"Port {port}"):
        practice.start(tmp_path / "other", port=port)
    practice.start(tmp_path / "other").stop()


def test_many_callers_at_once_lose_nothing(client: Client) -> None:
    path = f"/v1.0/users/{VICTIM}/revokeSignInSessions"
    headers = {"Authorization": f"Bearer {client.token('graph')}"}

    def revoke(_: int) -> int:
        with requests.Session() as own:
            own.trust_env = False
            own.verify = str(client.tenant.ca_file)
            return own.post(client.about["graph"] + path, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(revoke, range(24)))
    assert answers == [200] * 24
    assert client.tenant.state()["changes"] == 24
    assert len({record["Id"] for record in client.tenant.state()["audit"]}) == 24
    assert [line["status"] for line in client.tenant.requests() if line["kind"] == "write"] == [200] * 24
