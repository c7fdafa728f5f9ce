"""Authentication methods at the scenario's beginning, the intruder's among them."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolkit.practice.intrusion import METHOD_ADDED, METHOD_ID, METHOD_NAME
from toolkit.practice.last_hour import RECOVERY_ADDED, RECOVERY_MAIL
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, Person, people
from toolkit.practice.signin_records import stamp

PASSWORD_METHOD = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105
"""The id that the password method has in every account. Source: Graph, passwordAuthenticationMethod."""
EMAIL_METHOD = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
"""The same for the e-mail address. Source: Graph, emailAuthenticationMethod."""
PHONE_METHODS = {
    "mobile": "3179e48a-750b-4051-897c-87b9720928f7",
    "alternateMobile": "b6332ec1-7057-4abe-9331-3d72feddfe41",
    "office": "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}
"""The id of each kind of phone. Source: Graph, phoneAuthenticationMethod."""


def authentication_methods(instant: datetime) -> dict[str, list[Record]]:
    """Methods by object id, the password among them. `createdDateTime` is often null, as in Graph."""
    return {person.id: _methods(person, instant) for person in people().values()}


def sign_in_preferences() -> dict[str, Record]:
    """Beta `signInPreferences` by object id: which kind of second factor is the default."""
    return {
        person.id: {
            "isSystemPreferredAuthenticationMethodEnabled": False,
            "userPreferredMethodForSecondaryAuthentication": "push" if person.has_mailbox else None,
        }
        for person in people().values()
    }


def kind_of(method: Record) -> str:
    """`phone` for a phoneAuthenticationMethod, and so on."""
    return str(method["@odata.type"]).removeprefix("#microsoft.graph.").removesuffix("AuthenticationMethod")


def method(kind: str, method_id: str, created: str | None, **properties: object) -> Record:
    """One method as Graph lists it."""
    named = {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod", "id": method_id}
    return named | {"createdDateTime": created} | properties


def phone(kind: str, number: str, created: str | None) -> Record:
    """A phone number; only a mobile one may be used to sign in by text message."""
    ready = "notConfigured" if kind == "mobile" else "notSupported"
    return method("phone", PHONE_METHODS[kind], created, phoneNumber=number, phoneType=kind, smsSignInState=ready)


def _methods(person: Person, instant: datetime) -> list[Record]:
    changed = stamp(instant - timedelta(days=DRAW.number(60, 300, "password", person.key)))
    methods = [method("password", PASSWORD_METHOD, changed, password=None)]
    if person.key == "break_glass":
        methods.append(_security_key(person, instant))
    elif person.user_type != "Guest":
        methods.append(authenticator(DRAW.uuid("method", person.key), f"{person.given}'s phone", None))
    if person.key == "sales":
        methods.append(method("softwareOath", DRAW.uuid("oath", person.key), None, secretKey=None))
    if person.key == "director":
        methods.append(_on_computer("platformCredential", person, instant) | {"platform": "macOS"})
    if person.key == "victim":
        methods += [
            phone("mobile", "+49 1510000000", None),
            _on_computer("windowsHelloForBusiness", person, instant),
            authenticator(METHOD_ID, METHOD_NAME, stamp(METHOD_ADDED)),
            method("email", EMAIL_METHOD, stamp(RECOVERY_ADDED), emailAddress=RECOVERY_MAIL),
        ]
    return methods


def authenticator(method_id: str, name: str, created: str | None) -> Record:
    """The app on a phone of that name."""
    return method(
        "microsoftAuthenticator",
        method_id,
        created,
        displayName=name,
        deviceTag="SoftwareTokenActivated",
        phoneAppVersion="6.2508.5",
    )


def _on_computer(kind: str, person: Person, instant: datetime) -> Record:
    created = stamp(instant - timedelta(days=DRAW.number(100, 300, kind, person.key)))
    return method(kind, DRAW.uuid(kind, person.key), created, displayName=person.device, keyStrength="normal")


def _security_key(person: Person, instant: datetime) -> Record:
    return method(
        "fido2",
        DRAW.hexadecimal(22, "fido", person.key),
        stamp(instant - timedelta(days=390)),
        displayName="Safe, second floor",
        aaGuid="2fc0579f-8113-47ea-b116-bb5a8db9202a",
        model="Security key",
        attestationCertificates=[],
        attestationLevel="attested",
    )
