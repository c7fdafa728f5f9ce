"""Sign-ins of applications and managed identities: only Graph beta lists them, each kind in a call of its own."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from toolkit.practice.background import DAYS
from toolkit.practice.intrusion import ROGUE_APP, ROGUE_PRINCIPAL
from toolkit.practice.names import Record, utc
from toolkit.practice.people import DRAW, people, places
from toolkit.practice.scenario import INSTANT
from toolkit.practice.signin_records import App, apps, sign_in

_BACKUP = App(
    DRAW.uuid("backup app"),
    "Payroll Export",
    "00000003-0000-0000-c000-000000000000",
    "Microsoft Graph",
    "",
)
_FROM = {"servicePrincipal": places()["office"], "managedIdentity": places()["office"]}


@cache
def app_sign_ins() -> tuple[Record, ...]:
    """Beta `signIn` records, newest first: an innocent app each night, a managed identity each week, and the rogue app
    once without a person."""
    found = [_one(_BACKUP, DRAW.uuid("backup principal"), "servicePrincipal", back) for back in range(DAYS)]
    found += [_one(_BACKUP, DRAW.uuid("managed"), "managedIdentity", back) for back in range(0, DAYS, 7)]
    rogue = _one(ROGUE_APP, ROGUE_PRINCIPAL, "servicePrincipal", 0)
    moment = "2026-09-17T12:47:31Z"
    found.append(rogue | {"id": DRAW.uuid("rogue sign-in"), "createdDateTime": moment, "ipAddress": _reuse()})
    return tuple(sorted(found, key=lambda row: (row["createdDateTime"], row["id"]), reverse=True))


def _reuse() -> str:
    return places()["reuse"].address("victim")


def _one(app: App, principal: str, kind: str, back: int) -> Record:
    moment = utc(f"{(INSTANT - timedelta(days=back)).date()} 01:10:00") + timedelta(
        seconds=DRAW.number(0, 900, kind, app.app_id, back)
    )
    known = apps()["office_home"]
    used = App(app.app_id, app.name, app.resource_id or known.resource_id, app.resource_name, "", app.owner_tenant)
    key = f"{kind}/{app.app_id}/{back}"
    made = sign_in(people()["operator"], moment, _FROM[kind], used, key=key, session="", interactive=False, mfa="none")
    nobody: Record = dict.fromkeys(("userDisplayName", "userPrincipalName", "userId", "sessionId"), "")
    return (
        made
        | nobody
        | {
            "signInEventTypes": [kind],
            "isInteractive": False,
            "servicePrincipalName": app.name,
            "servicePrincipalId": principal,
            "clientCredentialType": "clientSecret" if kind == "servicePrincipal" else "none",
            "userAgent": "",
            "userType": "member",
            "deviceDetail": dict.fromkeys(("deviceId", "displayName", "operatingSystem", "browser", "trustType"), "")
            | {"isCompliant": False, "isManaged": False},
        }
    )
