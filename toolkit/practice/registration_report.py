"""The report of who registered which methods: made anew every few hours, so that it lags behind the methods."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolkit.practice.directory_methods import PHONE_METHODS, kind_of
from toolkit.practice.names import Record
from toolkit.practice.signin_records import stamp

EVERY = timedelta(hours=6)
"""How often the report is made here. The real one is some hours old; how many is not published."""
OLD = timedelta(hours=5)
"""How old it is at the scenario's instant."""
_NAMES = {
    "email": ("email",),
    "external": ("externalAuthMethod",),
    "fido2": ("passKeyDeviceBound",),
    "microsoftAuthenticator": ("microsoftAuthenticatorPush", "softwareOneTimePasscode"),
    "platformCredential": ("macOsSecureEnclaveKey",),
    "softwareOath": ("softwareOneTimePasscode",),
    "temporaryAccessPass": ("temporaryAccessPass",),
    "windowsHelloForBusiness": ("windowsHelloForBusiness",),
}
"""How the report names each kind of method. The app on a phone counts as two. Source: userRegistrationDetails."""
_PHONES = {"mobile": "mobilePhone", "alternateMobile": "alternateMobilePhone", "office": "officePhone"}
_NO_SECOND_FACTOR = frozenset({"email", "temporaryAccessPass"})
_PASSWORDLESS = frozenset({"passKeyDeviceBound", "windowsHelloForBusiness", "macOsSecureEnclaveKey"})
_SECOND = {"push": "push", "oath": "oath", "sms": "sms"}


def first_report(state: Record, instant: datetime) -> Record:
    """The report as it stands at the scenario's instant: without what was registered in its last hours."""
    return report(state, instant - OLD)


def keep_up(state: Record, now: datetime) -> None:
    """Makes the report anew if it is due."""
    made = datetime.fromisoformat(state["registration_report"]["updated"])
    due = (now - made) // EVERY
    if due > 0:
        state["registration_report"] = report(state, made + due * EVERY)


def report(state: Record, made: datetime) -> Record:
    """`updated` and `rows`: `userRegistrationDetails` objects. Disabled accounts are not in it."""
    admins = {row["principalId"] for row in state["role_assignments"]}
    rows = [
        _details(user, state, user["id"] in admins, made) for user in state["users"].values() if user["accountEnabled"]
    ]
    return {"updated": stamp(made), "rows": rows}


def _details(user: Record, state: Record, admin: bool, made: datetime) -> Record:
    names = sorted({name for one in state["authentication_methods"][user["id"]] for name in _named(one, made)})
    strong = [name for name in names if name not in _NO_SECOND_FACTOR]
    preferred = state["sign_in_preferences"][user["id"]]["userPreferredMethodForSecondaryAuthentication"]
    return {
        "id": user["id"],
        "userPrincipalName": user["userPrincipalName"],
        "userDisplayName": user["displayName"],
        "userType": str(user["userType"]).lower(),
        "isAdmin": admin,
        "isSsprRegistered": bool({"email", "mobilePhone"} & set(names)),
        "isSsprEnabled": False,
        "isSsprCapable": False,
        "isMfaRegistered": bool(strong),
        "isMfaCapable": bool(strong),
        "isPasswordlessCapable": bool(_PASSWORDLESS & set(names)),
        "methodsRegistered": names,
        "isSystemPreferredAuthenticationMethodEnabled": False,
        "systemPreferredAuthenticationMethods": [],
        "userPreferredMethodForSecondaryAuthentication": _SECOND.get(str(preferred), "none") if strong else "none",
        "lastUpdatedDateTime": stamp(made),
    }


def _named(method: Record, made: datetime) -> tuple[str, ...]:
    created = method["createdDateTime"]
    if created is not None and datetime.fromisoformat(created) > made:
        return ()
    if kind_of(method) == "phone":
        return tuple(name for kind, name in _PHONES.items() if PHONE_METHODS[kind] == method["id"])
    return _NAMES.get(kind_of(method), ())
