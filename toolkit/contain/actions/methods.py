"""Sign-in methods: each removed on its own, and a Temporary Access Pass for the way back."""

from __future__ import annotations

from typing import Any

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.actions.shapes import Removed, Row
from toolkit.contain.target import Target
from toolkit.tenant import Answer, Call, Cloud, Secret, Tenant
from toolkit.tenant.graph import graph_call

# `@odata.type` without its prefix → collection that its DELETE goes to, and what a person calls it
COLLECTIONS = {
    "phoneAuthenticationMethod": ("phoneMethods", "telephone"),
    "emailAuthenticationMethod": ("emailMethods", "mail address for resets"),
    "fido2AuthenticationMethod": ("fido2Methods", "passkey"),
    "microsoftAuthenticatorAuthenticationMethod": ("microsoftAuthenticatorMethods", "Authenticator app"),
    "softwareOathAuthenticationMethod": ("softwareOathMethods", "code app"),
    "windowsHelloForBusinessAuthenticationMethod": ("windowsHelloForBusinessMethods", "Windows Hello"),
    "temporaryAccessPassAuthenticationMethod": ("temporaryAccessPassMethods", "Temporary Access Pass"),
    "platformCredentialAuthenticationMethod": ("platformCredentialMethods", "platform credential"),
    "externalAuthenticationMethod": ("externalAuthenticationMethods", "external method"),
}
# Microsoft's name of a preferred method, in lower case → the methods it may be
ASKED_FIRST = {
    "push": ("microsoftAuthenticatorAuthenticationMethod",),
    "oath": ("softwareOathAuthenticationMethod",),
    **dict.fromkeys(("sms", "voicemobile", "voicealternatemobile", "voiceoffice"), ("phoneAuthenticationMethod",)),
}
_HELD = ("displayName", "phoneNumber", "emailAddress", "model")


class RemoveMethod(Removed):
    """`DELETE /users/{id}/authentication/{collection}/{id}`, Microsoft Graph v1.0, answered 204. No undo."""

    kind = "remove-method"
    titled = "Remove the sign-in method {name}"
    reading = "methods"
    reason = "A method that the intruder added passes the new requirement, and resets the password by itself."
    effect = "The method no longer signs in. Ask the owner by voice first which methods are theirs."
    does_not = "It ends no session. The default method cannot be removed while others stay: the service refuses."
    residual = "Sessions made with it go on until they are revoked: revoke again afterwards."
    permission = "UserAuthenticationMethod.ReadWrite.All"
    role = "Authentication Administrator; for an administrator's account Privileged Authentication Administrator"
    undo_note = "There is no undo: its keys are gone. The owner registers it again."

    def __init__(self, identity: str, name: str = "", why: str = "", collection: str = "") -> None:
        super().__init__(identity, name, why)
        self.collection = collection

    @property
    def about(self) -> dict[str, Any]:
        return super().about | {"collection": self.collection}

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("id"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        path = f"/users/{target.object_id}/authentication/{self.collection}/{self.identity}"
        return graph_call(cloud, "DELETE", path)

    def in_words(self, row: Row) -> str:
        return method_in_words(row)


def collection_of(row: Row) -> str:
    """The collection that a method's DELETE goes to; "" for one that cannot be removed (the password)."""
    return COLLECTIONS.get(str(row.get("@odata.type", "")).rpartition(".")[2], ("", ""))[0]


def method_in_words(row: Row) -> str:
    kind = str(row.get("@odata.type", "")).rpartition(".")[2]
    held = ", ".join(str(row[name]) for name in _HELD if row.get(name))
    since = f", since {str(row['createdDateTime'])[:19].replace('T', ' ')} UTC" if row.get("createdDateTime") else ""
    return f"{COLLECTIONS.get(kind, ('', kind))[1]}{f' {held}' if held else ''}{since}"


def is_asked_first(row: Row, preferences: Row) -> bool:
    """Whether a method is the one that beta `signInPreferences` names as asked for first."""
    kind = str(row.get("@odata.type", "")).rpartition(".")[2]
    by_system = preferences.get("isSystemPreferredAuthenticationMethodEnabled") is True
    system = preferences.get("systemPreferredAuthenticationMethod") if by_system else None
    named = str(system or preferences.get("userPreferredMethodForSecondaryAuthentication") or "")
    wanted = ASKED_FIRST.get(named.lower(), ())
    return kind in wanted and (kind != "phoneAuthenticationMethod" or row.get("phoneType") == _phone(named))


def _phone(named: str) -> str:
    return {"voicealternatemobile": "alternateMobile", "voiceoffice": "office"}.get(named.lower(), "mobile")


class IssueAccessPass(Action):
    """`POST …/temporaryAccessPassMethods`, Microsoft Graph v1.0, answered 201 with the pass, once."""

    kind = key = "issue-access-pass"
    title = "Make a Temporary Access Pass"
    reason = "The owner's way back: they sign in with it once and register a method of their own."
    effect = "A pass that signs in once within an hour, shown to you once. Say it by telephone or in person."
    does_not = "It removes no method, and asks nobody for a second factor later: that is another step."
    residual = "Until it is used or runs out, whoever has it can sign in: never mail it."
    permission = "UserAuthenticationMethod.ReadWrite.All"
    role = "Authentication Administrator; for an administrator's account Privileged Authentication Administrator"
    undo_note = "Undo is to remove the method “Temporary Access Pass”."
    settles = False
    repeatable = True
    makes_secret = True
    shown_as = "Temporary Access Pass"
    last = True

    def read(self, tenant: Tenant, target: Target) -> State:
        rows = tenant.graph.rows(f"/users/{target.object_id}/authentication/temporaryAccessPassMethods")
        return State({"passes": sorted(str(row.get("id")) for row in rows.rows)}, rows.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        path = f"/users/{target.object_id}/authentication/temporaryAccessPassMethods"
        return graph_call(cloud, "POST", path, {"lifetimeInMinutes": 60, "isUsableOnce": True})

    def before(self, values: dict[str, Any]) -> str:
        return "there is a pass already" if values.get("passes") else "no pass"

    def after(self) -> str:
        return "one pass, good once within 60 minutes"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        if sent is None or sent.answered_date is None:
            return False
        return bool(set(now.values.get("passes", [])) - set(sent.before.get("passes", [])))

    def warnings(self, values: dict[str, Any]) -> list[str]:
        return ["There is a pass already: the service makes no second one."] if values.get("passes") else []

    def secret_in(self, answer: Answer) -> Secret | None:
        made = answer.data.get("temporaryAccessPass")
        return Secret(str(made)) if made else None
