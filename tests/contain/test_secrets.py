"""A password and the tokens are nowhere: not in the case, not in output, logs, errors or representations."""

from __future__ import annotations

import logging
import pickle
import traceback

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import contain
from toolkit.contain.actions.password import new_password
from toolkit.errors import TenantUnreachable
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
