"""A password and the tokens are nowhere: not in the case, not in output, logs, errors or representations."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import Any

import pytest

from tests.contain.room import VICTIM, Room
from tests.contain.test_every_action import is_write
from toolkit import contain
from toolkit.contain.actions import IssueAccessPass
from toolkit.contain.actions.password import new_password
from toolkit.contain.plan import step_of
from toolkit.errors import TenantError, TenantUnreachable
from toolkit.tenant import Secret


def everything_in(room: Room) -> bytes:
    return b"\n".join(p.read_bytes() for p in room.case.folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("trouble", ["none", "dropped", "500", "400 that repeats it"])
def test_a_password_is_in_no_file_output_log_or_text(
    room: Room,
    trouble: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = new_password()
    monkeypatch.setattr("toolkit.contain.sending.new_password", lambda: secret)
    if trouble == "dropped":
        room.service.drop_next("PATCH", done_before=True)
    elif trouble != "none":
        repeated = {"error": {"code": "Bad", "message": f"The password {secret.reveal()} is not strong enough."}}
        room.service.fail_next("PATCH", status=int(trouble[:3]), body=repeated)
    outcome = room.run("reset-password", patience=0.0)
    texts = [str(outcome), repr(room.plan()), repr(contain.records(room.case)), repr(room.tenant)]
    output = capfd.readouterr()
    texts += [output.out, output.err, caplog.text, *[str(r.__dict__) for r in caplog.records]]
    word = secret.reveal()
    assert all(word not in text for text in texts)
    assert word.encode() not in everything_in(room)
    if trouble in {"none", "dropped"}:
        assert "set, length 24" in room.case.journal.path.read_text()


@pytest.mark.parametrize("trouble", ["none", "dropped", "500", "403", "too late", "not shown"])
def test_a_pass_is_in_no_file_output_log_or_text(
    room: Room, trouble: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The service makes it: whatever becomes of the call, nobody but the person's screen has it."""
    caplog.set_level(logging.DEBUG)
    made: list[str] = []

    def canary(length: int) -> str:
        made.append("canary-" + "".join("7aK"[n % 3] for n in range(length)))
        return made[-1]

    plan, yes = last_plan(room)
    monkeypatch.setattr("toolkit.practice.graph_methods.secrets.token_urlsafe", canary)
    if trouble in ("dropped", "500"):
        if trouble == "dropped":
            room.service.drop_next(is_write, done_before=True)
        else:
            room.service.fail_next(is_write, status=500, body=b"{}", done_before=True)
    elif trouble == "403":
        room.service.fail_next(is_write, status=403)
    elif trouble == "too late":
        monkeypatch.setattr(room.tenant.session, "_seconds", {"graph": 0.3, "exchange": 0.3})
        room.service.answer_late(is_write, 1.0)

    def breaks(secret: Secret, run: str) -> bool:
        raise RuntimeError(secret.reveal())

    show = breaks if trouble == "not shown" else room.show
    outcome = contain.run(plan, "issue-access-pass", yes, show_secret=show, patience=0.0)
    texts = [str(outcome), repr(plan), repr(contain.records(room.case)), repr(room.tenant)]
    output = capfd.readouterr()
    texts += [output.out, output.err, caplog.text, *[str(r.__dict__) for r in caplog.records]]
    assert made or trouble == "403"
    assert all(word not in text for text in texts for word in made)
    assert all(word.encode() not in everything_in(room) for word in made)
    assert room.shown == (made if trouble == "none" else [])


def last_plan(room: Room) -> tuple[contain.Plan, contain.Confirmation]:
    """A plan of one step, the pass; in a real one every door is closed before."""
    plan = contain.stop_plan(room.case, room.tenant, VICTIM)
    plan.steps = [step_of(room.tenant, plan.target, IssueAccessPass(), [])]
    return plan, contain.confirm(plan, VICTIM)


FAILING = [
    {"status": 400}, {"status": 401}, {"status": 403}, {"status": 429, "retry_after": 600}, {"status": 500},
    {"status": 503}, {"status": 302}, {"status": 200, "body": b"<html>"},
]  # fmt: skip


@pytest.mark.parametrize("how", [*FAILING, "dropped"])
def test_the_traceback_of_any_failing_call_holds_no_secret(
    room: Room, how: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Local variables of every frame below the test's own, the chain of causes, and what urllib3 logs at DEBUG."""
    caplog.set_level(logging.DEBUG)
    plan, yes = room.confirmed()
    call = plan.step("reset-password").call
    word = new_password().reveal()
    tokens = [room.tenant.session._tokens.token(resource) for resource in ("graph", "exchange")]
    if how == "dropped":
        room.service.drop_next("PATCH")
    else:
        body = how.get("body", {"error": {"code": "Bad", "message": f"The password {word} is too short."}})
        room.service.fail_next("PATCH", **(how | {"body": body}))
    with pytest.raises(TenantError) as caught:
        room.tenant.session.write(call, yes.approve(plan, call), secret=Secret(word))
    error = caught.value
    below = error.__traceback__.tb_next if error.__traceback__ else None
    shown = "".join(traceback.TracebackException(type(error), error, below, capture_locals=True).format())
    logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert word not in shown + logged + str(error)
    assert word.encode() not in everything_in(room)
    for token in tokens:
        assert token not in shown + logged + str(error)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_an_error_on_the_way_holds_neither_body_nor_token(room: Room) -> None:
    plan, yes = room.confirmed()
    call = plan.step("reset-password").call
    word = new_password().reveal()
    room.service.drop_next("PATCH")
    with pytest.raises(TenantUnreachable) as caught:
        room.tenant.session.write(call, yes.approve(plan, call), secret=Secret(word))
    error = caught.value
    below = error.__traceback__.tb_next if error.__traceback__ else None  # this test's own frame knows the word
    shown = "".join(traceback.TracebackException(type(error), error, below, capture_locals=True).format())
    token = room.tenant.session._tokens.token("graph")
    assert word not in shown
    assert token not in shown
    assert error.__cause__ is None
    assert error.__context__ is None


def test_tokens_are_in_no_file_and_no_representation(room: Room) -> None:
    room.run("block-sign-in")
    tokens = [room.tenant.session._tokens.token(resource) for resource in ("graph", "exchange")]
    seen = everything_in(room)
    assert all(token.encode() not in seen for token in tokens)
    assert all(token not in repr(vars(room.tenant)) for token in tokens)


def test_a_secret_hides_itself() -> None:
    secret = new_password()
    word = secret.reveal()
    assert word not in f"{secret} {secret!r} {[secret]} {vars(type(secret))}"
    with pytest.raises(TypeError, match="not stored"):
        pickle.dumps(secret)


def test_the_confirmation_shows_no_more_than_the_name(room: Room) -> None:
    _, yes = room.confirmed()
    assert repr(yes) == f"Confirmation({VICTIM})"
