"""Reset the password: what the attacker knows no longer works."""

from __future__ import annotations

import secrets
import string

from toolkit.contain.action import MovesATime
from toolkit.contain.target import Target
from toolkit.tenant import Answer, Call, Cloud, Secret, Tenant
from toolkit.tenant.gate import PLACEHOLDER
from toolkit.tenant.graph import graph_call, user_call

LENGTH = 24
PASSWORD_METHOD = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105 - the id of the method "password" in every tenant
POLLS = (1.0, 2.0, 5.0, 10.0, 10.0, 10.0, 10.0, 10.0)  # seconds
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

    kind = key = "reset-password"
    title = "Reset the password"
    reason = "Before the sessions end: else whoever knows the password signs in again in the gap."
    effect = (
        f"A new random password of {LENGTH} characters, shown to you once; the owner must change it at the next "
        f"sign-in. Hand it over by telephone or in person, never by mail: the attacker may read the mailbox."
    )
    does_not = "It does not end sessions, and app passwords, consents, rules and registered devices survive it."
    residual = "Sessions and tokens issued before it go on until they are revoked or run out."
    permission = "User-PasswordProfile.ReadWrite.All, or Directory.AccessAsUser.All"
    role = (
        "a role that may reset passwords and ranks above the account, e.g. User Administrator; for an administrator's "
        "account Privileged Authentication Administrator"
    )
    undo_note = "There is no undo: the old password is not known to anybody here."
    field = "lastPasswordChangeDateTime"
    patience = 120.0
    makes_secret = True

    def call(self, cloud: Cloud, target: Target) -> Call:
        profile = {"password": PLACEHOLDER, "forceChangePasswordNextSignIn": True}
        return user_call(cloud, "PATCH", target.object_id, {"passwordProfile": profile})


class ResetWithWriteback(ResetPassword):
    """`POST …/authentication/methods/{password}/resetPassword`, Graph v1.0, answered 202, for a synchronised account.

    The service writes the password back to Active Directory; what it says in the end is in the outcome. Whether the
    directory on premises has it is not confirmed by that.
    """

    kind = key = "reset-password-writeback"
    title = "Reset the password and write it back on premises"
    does_not = ResetPassword.does_not + " It does not prove that Active Directory has the new password."
    residual = "If the hash may be stolen, reset it in Active Directory twice. " + ResetPassword.residual
    permission = "UserAuthenticationMethod.ReadWrite.All (delegated only)"
    role = "Authentication Administrator; for an administrator's account Privileged Authentication Administrator"

    def call(self, cloud: Cloud, target: Target) -> Call:
        path = f"/users/{target.object_id}/authentication/methods/{PASSWORD_METHOD}/resetPassword"
        return graph_call(cloud, "POST", path, {"newPassword": PLACEHOLDER})

    def outcome(self, tenant: Tenant, answer: Answer) -> tuple[bool, str]:
        """Ask how the operation ended that the answer names."""
        for pause in POLLS:
            if not answer.location:
                return True, "The service names no operation to ask about; not confirmed on premises."
            found = tenant.graph.operation(answer.location)
            status = str(found.data.get("status", ""))
            if status == "failed":
                detail = str(found.data.get("statusDetail") or "no reason given")[:200]
                return False, f"The reset failed: {detail}"
            if status == "succeeded":
                return True, "The service says that it is written back; not confirmed on premises."
            left = tenant.session.time_left()
            if left <= 0:
                break
            tenant.sleep(min(pause, left))
        return True, "The service has not said yet how it ended; not confirmed on premises."


def new_password() -> Secret:
    """A random password from the system's secure source: 24 characters, each of the four kinds at least once."""
    every = LOWER + UPPER + DIGITS + SIGNS
    while True:
        text = "".join(secrets.choice(every) for _ in range(LENGTH))
        if all(set(kind) & set(text) for kind in (LOWER, UPPER, DIGITS, SIGNS)):
            return Secret(text)
