"""Reset the password: what the attacker knows no longer works."""

from __future__ import annotations

import secrets
import string

from toolkit.contain.action import MovesATime
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Secret
from toolkit.tenant.gate import PLACEHOLDER
from toolkit.tenant.graph import user_call

LENGTH = 24
# Without the characters that are mixed up when a password is read out over the telephone.
LOWER = "".join(c for c in string.ascii_lowercase if c not in "lo")
UPPER = "".join(c for c in string.ascii_uppercase if c not in "IO")
DIGITS = "23456789"
SIGNS = "!#%+-=?@_"


class ResetPassword(MovesATime):
    """`PATCH /users/{id} {"passwordProfile": …}`, Microsoft Graph v1.0, answered 204. No undo.

    Done means: this case's own call was answered, and `lastPasswordChangeDateTime` moved since the reading just
    before it.
    """

    key = "reset-password"
    title = "Reset the password"
    reason = "Before the sessions end: else whoever knows the password signs in again in the gap."
    effect = (
        f"A new random password of {LENGTH} characters, shown to you once; the owner must change it at the next "
        f"sign-in. Hand it over by telephone or in person, never by mail: the attacker may read the mailbox."
    )
    does_not = "It does not end sessions, and app passwords, consents, rules and registered devices survive it."
    residual = "Sessions and tokens issued before it go on until they are revoked or run out."
    permission = "User-PasswordProfile.ReadWrite.All, or Directory.AccessAsUser.All"
    role = "a role that may reset passwords and ranks above the account, e.g. User Administrator"
    undo_note = "There is no undo: the old password is not known to anybody here."
    field = "lastPasswordChangeDateTime"
    patience = 120.0
    makes_secret = True

    def call(self, cloud: Cloud, target: Target) -> Call:
        profile = {"password": PLACEHOLDER, "forceChangePasswordNextSignIn": True}
        return user_call(cloud, "PATCH", target.object_id, {"passwordProfile": profile})


def new_password() -> Secret:
    """A random password from the system's secure source: 24 characters, each of the four kinds at least once."""
    every = LOWER + UPPER + DIGITS + SIGNS
    while True:
        text = "".join(secrets.choice(every) for _ in range(LENGTH))
        if all(set(kind) & set(text) for kind in (LOWER, UPPER, DIGITS, SIGNS)):
            return Secret(text)
