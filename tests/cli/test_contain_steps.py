"""`contain` beside a tenant that runs: plans, undo, what is legitimate, the way back; signing in to a real tenant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.cli.test_contain_command import PASSWORD
from tests.contain.room import DOMAIN, VICTIM, Room, room, unconfirmed_room
from tests.contain.test_whole_plan import INSIDE, carry_out
from toolkit import cli_contain_run, contain, open_case, practice
from toolkit.case import Case
from toolkit.cli import cli
from toolkit.errors import SignInFailed
from toolkit.practice.scenario import CLIENT_ID
from toolkit.tenant import Secret, clouds
from toolkit.tenant.clouds import practice_cloud
from toolkit.tenant.permissions import delegated_permissions
from toolkit.tenant.person import PersonTokenSource

__all__ = ["room", "unconfirmed_room"]


def command(room: Room, *arguments: object, typed: str | None = None) -> Result:
    """Run `contain` on the room's case; `typed` is what a person answers, None where nobody is there."""
    words = ["contain", "--case", room.case.folder, *arguments]
    return CliRunner().invoke(cli, list(map(str, words)), input=f"{typed}\n" if typed is not None else None)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the terminal showed once: under which name, and the secret."""
    shown: list[tuple[str, str]] = []

    def screen(name: str) -> Any:
        def show(secret: Secret, run: str) -> bool:
            shown.append((name, secret.reveal()))
            return True

        return show

    monkeypatch.setattr(cli_contain_run, "screen", screen)
    return shown


def shortened(room: Room, path: Path, *keys: str) -> str:
    """A plan file with these steps alone; returns its digest."""
    contain.write_plan(room.plan(), path)
    told = contain.read_plan(path)
    told["steps"] = [step for step in told["steps"] if step["key"] in keys]
    path.write_text(json.dumps(told))
    return contain.digest_of(told)


def test_what_the_plan_left_out_is_listed_and_taken_in_by_its_key(room: Room) -> None:
    shown = command(room, "--account", VICTIM)
    plan, _, left = shown.stdout.partition("Found, and not in the plan")
    keys = dict(re.findall(r"--with '?(\S+?)'?\n +([^:\n]+)", left))
    key, title = next((k, t) for k, t in keys.items() if t.startswith("Disable the inbox rule"))
    assert title not in plan
    again = command(room, "--account", VICTIM, "--with", key)
    plan, _, left = again.stdout.partition("Found, and not in the plan")
    assert title in plan
    assert key not in left
    wrong = command(room, "--account", VICTIM, "--with", "nothing:1")
    assert "'nothing:1'" in str(wrong.exception)


def test_evidence_of_another_tenant_is_asked_about_before_an_emergency_too(
    unconfirmed_room: Room, seen: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = unconfirmed_room
    other = "11111111-1111-1111-1111-111111111111"
    monkeypatch.setattr(Case, "tenant_ids", property(lambda case: [other]))
    nobody = command(room, "--emergency", VICTIM, typed=VICTIM)
    assert f"Nothing was done: name the tenant with --tenant {DOMAIN}" in str(nobody.exception)
    monkeypatch.setattr("toolkit.cli_connected.is_asked", lambda: True)
    done = command(room, "--emergency", VICTIM, typed=f"{DOMAIN}\n{VICTIM}")
    assert done.exit_code == 0, done.output
    assert done.stderr.index(other) < done.stderr.index("revokeSignInSessions")
    assert len(room.writes()) == 3


def test_an_emergency_whose_doors_cannot_be_read_says_so(
    room: Room, seen: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.errors import TenantUnreachable

    def unreachable(*_: object, **__: object) -> None:
        raise TenantUnreachable("Graph does not answer.")

    monkeypatch.setattr(contain, "look_at_doors", unreachable)
    done = command(room, "--emergency", VICTIM, typed=VICTIM)
    assert done.exit_code == 0, done.output
    assert "The doors were not read: Graph does not answer." in done.stdout
    assert done.stdout.count("DONE") == 3


def test_an_approved_plan_is_told_step_by_step_to_programs_with_the_doors(room: Room, tmp_path: Path) -> None:
    digest = shortened(room, tmp_path / "plan.json", "block-sign-in", "revoke-sessions")
    done = command(room, "--plan", tmp_path / "plan.json", "--approve", digest, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [(s["key"], s["status"]) for s in told["steps"]] == [("block-sign-in", "done"), ("revoke-sessions", "done")]
    assert told["not_begun"] == 0
    doors = {door["name"]: door["state"] for door in told["doors"]}
    assert (doors["sign-in"], doors["forwarding"]) == ("closed", "open")


def test_where_both_forwarding_fields_cannot_be_cleared_the_way_on_is_named(room: Room, tmp_path: Path) -> None:
    digest = shortened(room, tmp_path / "plan.json", "clear-forwarding", "close-protocols")
    room.service.refuse_next("Set-Mailbox", "The operation could not be performed.")
    done = command(room, "--plan", tmp_path / "plan.json", "--approve", digest)
    assert done.exit_code == 2, done.output
    assert "REFUSED   Clear the mailbox's forwarding" in done.stdout
    assert "offers to clear that address alone, with `--with clear-outside-forwarding`" in done.stderr
    assert "leave it out with `--without clear-forwarding`" in done.stderr
    assert "1 step was not begun" in done.stderr
    # What it names works.
    ways = ("--with", "clear-outside-forwarding", "--without", "clear-forwarding")
    again = command(room, "--account", VICTIM, *ways, "--json")
    steps = [step["key"] for step in json.loads(again.stdout)["steps"]]
    assert "clear-outside-forwarding" in steps
    assert "clear-forwarding" not in steps


def test_steps_are_left_out_by_their_key_as_far_as_others_do_not_need_them(room: Room) -> None:
    keys = ("--without", "block-sign-in", "--without", "require-mfa", "--without", "auto-reply-off")
    steps = [step["key"] for step in json.loads(command(room, "--account", VICTIM, *keys, "--json").stdout)["steps"]]
    assert not {"block-sign-in", "require-mfa", "auto-reply-off"} & set(steps)
    assert "revoke-sessions" in steps
    for key in ("revoke-sessions", "nothing:1"):
        refused = command(room, "--account", VICTIM, "--without", key)
        assert str(refused.exception) == f"{key!r} is no step that can be left out of this plan."


def test_one_step_is_undone_after_the_typed_name(room: Room) -> None:
    assert room.run("clear-forwarding").status == "done"
    nothing = command(room, "--account", VICTIM, "--undo", "auto-reply-off", typed=VICTIM)
    assert "has nothing to undo" in str(nothing.exception)
    sent = len(room.writes())
    wrong = command(room, "--account", VICTIM, "--undo", "clear-forwarding", typed="yes")
    assert f"Type {VICTIM} exactly" in str(wrong.exception)
    assert len(room.writes()) == sent
    done = command(room, "--account", VICTIM, "--undo", "clear-forwarding", typed=VICTIM)
    assert done.exit_code == 0, done.output
    assert "Afterwards: ForwardingAddress: not set; ForwardingSmtpAddress: smtp:accounts@" in done.stderr
    assert "DONE      Undo: Clear the mailbox's forwarding" in done.stdout
    assert "OPEN         forwarding" in done.stdout
    assert len(room.writes()) == sent + 1


def test_what_is_legitimate_holds_no_door_open_until_it_is_suspected_again(room: Room) -> None:
    key = "auto-reply-off"
    assert room.door("automatic replies").state == "open"
    wrong = command(room, "--account", VICTIM, "--legitimate", "nothing:1", "--note", "asked")
    assert "'nothing:1'" in str(wrong.exception)
    said = command(room, "--account", VICTIM, "--legitimate", key, "--note", "Katrin, by telephone")
    assert said.exit_code == 0, said.output
    assert "Called legitimate, as it stands now: Switch off automatic replies" in said.stdout
    assert "CLOSED       automatic replies" in said.stdout
    assert "Katrin, by telephone" in said.stdout
    [entry] = contain.said_legitimate(room.case, VICTIM).values()
    offer = next(o for o in room.plan().offers if o.action.key == key)
    assert entry.what == offer.text
    back = command(room, "--account", VICTIM, "--suspect", key)
    assert "OPEN         automatic replies" in back.stdout
    again = command(room, "--account", VICTIM, "--suspect", key)
    assert "was called legitimate" in str(again.exception)
    assert room.writes() == []


def test_the_account_is_given_back_and_may_send_again_only_behind_closed_doors(
    room: Room, seen: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_contain_run, "suspicion_of", lambda case, user: INSIDE)
    for way in ("--give-back", "--unblock-sender"):
        refused = command(room, way, VICTIM, typed=VICTIM)
        assert "while a door is not closed" in str(refused.exception)
    carry_out(room, also=("disable-transport-rule", "disable-inbound-connector", "disable-outbound-connector"))
    sent = len(room.writes())
    other = command(room, "--give-back", VICTIM, typed="yes")
    assert f"Type {VICTIM} exactly" in str(other.exception)
    assert len(room.writes()) == sent
    done = command(room, "--give-back", VICTIM, typed=VICTIM)
    assert done.exit_code == 0, done.output
    assert "Afterwards: accountEnabled: true" in done.stderr
    assert done.stdout.count("DONE") == 4
    assert "given back by this case" in done.stdout
    assert room.user()["accountEnabled"] is True
    assert [name for name, _ in seen] == [f"New password of {VICTIM}", f"Temporary Access Pass of {VICTIM}"]
    for _, secret in seen:
        assert secret not in done.output
    sender = command(room, "--unblock-sender", VICTIM, "--json", typed=VICTIM)
    assert sender.exit_code == 0, sender.output
    assert [step["status"] for step in json.loads(sender.stdout)["steps"]] == ["done"]
    assert not room.tenant.exchange.read("Get-BlockedSenderAddress", {}, VICTIM).rows
    nothing = command(room, "--unblock-sender", VICTIM, typed=VICTIM)
    assert "not on the list of restricted senders" in str(nothing.exception)


def test_without_a_screen_for_the_password_the_account_is_not_given_back(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_contain_run, "suspicion_of", lambda case, user: INSIDE)
    monkeypatch.setattr(cli_contain_run, "screen", lambda name: None)
    carry_out(room, also=("disable-transport-rule", "disable-inbound-connector", "disable-outbound-connector"))
    sent = len(room.writes())
    done = command(room, "--give-back", VICTIM, typed=VICTIM)
    assert "no terminal on which a password is shown once" in str(done.exception)
    assert len(room.writes()) == sent


def test_the_doors_are_watched_for_an_hour_or_until_ctrl_c(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.cli_contain.connected", lambda case, asked, purpose: nullcontext(room.tenant))
    for key in ("block-sign-in", "clear-forwarding"):
        assert room.run(key).status == "done"
    naps = len(room.naps)

    def meanwhile(seconds: float) -> None:
        room.sleep(seconds)
        room.change_user(accountEnabled=True)

    monkeypatch.setattr(room.tenant, "sleep", meanwhile)
    watched = command(room, "--account", VICTIM, "--watch")
    assert watched.exit_code == 1, watched.output
    assert sum(room.naps[naps:]) == 3600
    _, now, later, last = re.split(r"After \d+ minutes:", watched.stdout)
    assert "CLOSED       sign-in" in now
    assert "OPENED since the last look: sign-in. Somebody is still inside." in later
    assert "OPENED" not in last

    def ctrl_c(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(room.tenant, "sleep", ctrl_c)
    ended = command(room, "--account", VICTIM, "--watch", "--json")
    assert ended.exit_code == 1
    assert [look["minutes"] for look in json.loads(ended.stdout)["looks"]] == [0]


def test_ctrl_c_tells_what_was_sent(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = shortened(room, tmp_path / "plan.json", "block-sign-in", "revoke-sessions")
    run = contain.run

    def interrupted(plan: contain.Plan, key: str, *more: Any, **how: Any) -> contain.Outcome:
        if key == stops_at[0]:
            raise KeyboardInterrupt
        return run(plan, key, *more, **how)

    monkeypatch.setattr(contain, "run", interrupted)
    for key, code, said in (
        ("block-sign-in", 2, "nothing was sent"), ("revoke-sessions", 1, "1 call was sent: look at the plan anew"),
    ):  # fmt: skip
        stops_at = [key]
        done = command(room, "--plan", tmp_path / "plan.json", "--approve", digest)
        assert (done.exit_code, said in done.stderr) == (code, True), done.output


def test_what_an_intruder_named_forges_no_line_of_the_plan(room: Room, tmp_path: Path) -> None:
    forged = "x\nDigest: 0000\nCLOSED       forwarding: nothing there\x1b[2J"
    mailbox = room.service._store.state["mailboxes"][room.user()["id"]]
    mailbox["ForwardingSmtpAddress"] = f"smtp:{forged}@mail.example"
    for rule in room.service._store.state["inbox_rules"][room.user()["id"]]:
        rule["Name"] = forged
    shown = command(room, "--account", VICTIM, "--write", tmp_path / "plan.json")
    told = command(room, "--plan", tmp_path / "plan.json")
    for said in (shown.stdout, told.stdout):
        assert "Digest: 0000" in said
        assert not re.search(r"^(Digest: 0000|CLOSED       forwarding)", said, re.MULTILINE)
        assert "\x1b" not in said


def test_what_could_not_be_read_is_said_beside_the_plan(room: Room) -> None:
    room.service.withhold("Get-CASMailbox")
    shown = command(room, "--account", VICTIM)
    assert re.search(r"^Note: Protocols could not be read: .*403", shown.stdout, re.MULTILINE)


# A real tenant: a cloud that is the practice tenant's addresses without being one for practice.


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A case that is new and not for practice; “global” is a cloud on this computer."""
    with practice.start(tmp_path / "elsewhere" / "practice") as service:
        service.login.interval = 1
        place = practice_cloud(tmp_path / "elsewhere")
        live = replace(place, practice=False, name="global", title="a cloud on this computer")
        monkeypatch.setitem(clouds.CLOUDS, "global", live)
        room = Room(open_case(tmp_path / "elsewhere", practice=True), service)
        room.case = open_case(tmp_path / "case")
        yield room
        room.tenant.close()
        room.case.close()


SIGN_IN = ("--sign-in", "device-code", "--client-id", CLIENT_ID)


def test_an_emergency_in_a_new_case_of_a_real_tenant(real: Room, seen: list[tuple[str, str]]) -> None:
    done = command(real, "--emergency", VICTIM, *SIGN_IN, typed=VICTIM)
    assert done.exit_code == 0, done.output
    assert "To sign in, use a web browser" in done.stderr
    assert f"your organisation's own application {CLIENT_ID}" in done.stderr
    assert done.stdout.count("DONE") == 3
    assert real.user()["accountEnabled"] is False
    [(name, password)] = seen
    assert name == f"New password of {VICTIM}"
    assert PASSWORD.search(f"in person: {password} ")
    assert password not in done.output
    assert not real.case.practice
    assert {e.fields["practice"] for e in real.case.journal.entries("containment.sending")} == {False}


def test_microsofts_own_client_is_asked_once_for_what_containment_needs(
    real: Room, seen: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    login = real.service.login
    answer = type(login).answer

    def note(self: Any, request: Any) -> Any:
        if request.path.endswith("/devicecode"):
            asked.append(request.form["scope"])
        return answer(self, request)

    monkeypatch.setattr(type(login), "answer", note)
    done = command(real, "--emergency", VICTIM, "--sign-in", "device-code", typed=VICTIM)
    assert done.exit_code == 0, done.output
    graph = [scope for scope in asked if "User.RevokeSessions.All" in scope]
    assert len(graph) == 1
    assert len(asked) == 2  # and Exchange, through its own client
    before, _, after = done.stderr.partition("This will be sent")
    assert (before.count("To sign in, use"), after.count("To sign in, use")) == (2, 0)
    wanted = delegated_permissions("graph", "containment")
    assert all(name in graph[0] for name in wanted)
    assert "User.RevokeSessions.All" in done.stderr.partition("To sign in")[0]


def test_a_plan_asks_for_both_sign_ins_before_it_reads_and_for_reading_alone(real: Room) -> None:
    shown = command(real, "--account", VICTIM, "--sign-in", "device-code", "--tenant", DOMAIN, "--json")
    assert shown.exit_code == 1, shown.output
    before, _, after = shown.stderr.partition("… reading")
    assert (before.count("To sign in, use"), after.count("To sign in, use")) == (2, 0)
    assert "Permissions to change anything are asked for only before the first change." in before
    assert "User.RevokeSessions.All" not in shown.stderr


def test_without_exchange_the_three_calls_are_still_sent(
    real: Room, seen: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = PersonTokenSource.token

    def no_exchange(self: Any, resource: str, **how: Any) -> str:
        if resource == "exchange":
            raise SignInFailed("Exchange was not consented to.")
        return token(self, resource, **how)

    monkeypatch.setattr(PersonTokenSource, "token", no_exchange)
    done = command(real, "--emergency", VICTIM, *SIGN_IN, typed=VICTIM)
    assert done.exit_code == 0, done.output
    assert "Exchange was not consented to. Nothing in the mailbox can be read or changed." in done.stderr
    assert done.stdout.count("DONE") == 3
    assert "NOT CHECKED  inbox rules" in done.stdout


def test_a_plan_for_a_real_tenant_is_read_with_reading_rights_and_run_by_its_digest(
    real: Room, tmp_path: Path, seen: list[tuple[str, str]]
) -> None:
    path = tmp_path / "plan.json"
    shown = command(real, "--account", VICTIM, *SIGN_IN, "--tenant", DOMAIN, "--write", path)
    assert shown.exit_code == 1, shown.output
    found = re.search(r"digest is ([0-9a-f]{64})", shown.stdout)
    assert found
    assert real.writes() == []
    told = contain.read_plan(path)
    told["steps"] = [step for step in told["steps"] if step["key"] in ("block-sign-in", "reset-password")]
    path.write_text(json.dumps(told))
    done = command(real, "--plan", path, "--approve", contain.digest_of(told), *SIGN_IN)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("DONE") == 2


def test_tokens_that_are_ready_sign_in_too(real: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    class Then(datetime):
        """The tenant's own time, by which its tokens run out."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return real.service.clock.now()

    monkeypatch.setattr("toolkit.tenant.ready_token.datetime", Then)
    tokens = real.tenant.tokens
    monkeypatch.setenv("TOOLKIT_GRAPH_TOKEN", tokens.token("graph"))
    monkeypatch.setenv("TOOLKIT_EXCHANGE_TOKEN", tokens.token("exchange"))
    nobody = command(real, "--account", VICTIM)
    assert f"Nothing was done: name the tenant with --tenant {DOMAIN}" in str(nobody.exception)
    shown = command(real, "--account", VICTIM, "--tenant", DOMAIN, "--json")
    assert shown.exit_code == 1, shown.output
    assert "Tokens are taken as they are from TOOLKIT_GRAPH_TOKEN" in shown.stderr
    assert json.loads(shown.stdout)["steps"][0]["key"] == "block-sign-in"


def test_an_application_of_ones_own_is_registered_from_a_plan_file(real: Room, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    words = ["app", "create", "--case", str(real.case.folder), "--for", "evidence", "--tenant", DOMAIN]
    wrote = CliRunner().invoke(cli, [*words, "--write", str(path), *SIGN_IN])
    found = re.search(r"digest is ([0-9a-f]{64})", wrote.stdout)
    assert found, wrote.output
    done = command(real, "--plan", path, "--approve", found[1], *SIGN_IN)
    assert done.exit_code == 0, done.output
    assert "DONE      Register the application" in done.stdout


def test_a_practice_case_and_a_real_tenant_are_never_mixed(room: Room) -> None:
    shown = command(room, "--account", VICTIM, *SIGN_IN, "--json")
    assert shown.exit_code == 1, shown.output
    assert "127.0.0.1" in json.loads(shown.stdout)["steps"][0]["url"]
