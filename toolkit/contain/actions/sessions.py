"""Revoke sessions: refresh tokens and browser cookies of the account stop working."""

from __future__ import annotations

from toolkit.contain.action import MovesATime
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud
from toolkit.tenant.graph import revoke_call


class RevokeSessions(MovesATime):
    """`POST /users/{id}/revokeSignInSessions`, Microsoft Graph v1.0, answered 200. Needs no undo.

    Done means: this case's own call was answered, and `signInSessionsValidFromDateTime` moved since the reading
    just before it; the service may take minutes to show it.
    """

    kind = key = "revoke-sessions"
    title = "Revoke sessions"
    reason = "After the new password: from here on a stolen refresh token or cookie is worth nothing."
    effect = "Every refresh token and browser session of the account ends; its owner signs in again everywhere."
    does_not = (
        "It does not take back access tokens already issued, does not end sessions that a third-party app keeps "
        "with its own cookie, and does not touch devices, app passwords or consents."
    )
    residual = (
        "Ordinary access tokens live on for 60 to 90 minutes. Clients with continuous access evaluation hold "
        "theirs up to 28 hours, but lose them by this event, usually within 15 minutes. Documents "
        "open for co-authoring stay open until they are closed."
    )
    permission = "User.RevokeSessions.All"
    role = "User Administrator or Helpdesk Administrator"
    undo_note = "Nothing to undo: people sign in again. Repeat it once after devices, methods and grants are done."
    field = "signInSessionsValidFromDateTime"
    patience = 300.0

    def call(self, cloud: Cloud, target: Target) -> Call:
        return revoke_call(cloud, target.object_id)

    def changed(self, before: dict[str, object], now: dict[str, object]) -> list[str]:
        # The time also moves when the password is reset; ending sessions again is never wrong.
        return []


class RevokeAgain(RevokeSessions):
    """The same once more, after devices, methods, consents and roles: each may have made tokens meanwhile."""

    kind = key = "revoke-sessions-again"
    title = "Revoke sessions again"
    reason = "Each door that was closed above may have given out tokens meanwhile."
    undo_note = "Nothing to undo: people sign in again."
