"""Devices of the directory at the scenario's beginning: each person's computer, and the intruder's."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolkit.practice.last_hour import DEVICE_NAME, DEVICE_REGISTERED
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, Person, people
from toolkit.practice.signin_records import stamp


def devices(instant: datetime) -> dict[str, Record]:
    """`device` objects by object id, which is not the deviceId of sign-ins; `_owner` is the id of a user."""
    rows = [_computer(person, instant) for person in people().values() if person.device]
    victim = people()["victim"]
    rows.append(
        device(
            DRAW.uuid("device object", "intruder"),
            DRAW.uuid("device", "intruder"),
            DEVICE_NAME,
            "Windows",
            "10.0.19045.4291",
            "Workplace",
            stamp(DEVICE_REGISTERED),
            owner=victim.id,
        )
    )
    return {row["id"]: row for row in rows}


def device(
    object_id: str, device_id: str, name: str, system: str, version: str, trust: str, registered: str, *, owner: str
) -> Record:
    """One device; `trust` is AzureAd (joined), ServerAd (hybrid) or Workplace (registered)."""
    managed = trust != "Workplace"
    return {
        "id": object_id,
        "deletedDateTime": None,
        "accountEnabled": True,
        "alternativeSecurityIds": [],
        "approximateLastSignInDateTime": registered,
        "complianceExpirationDateTime": None,
        "deviceCategory": None,
        "deviceId": device_id,
        "deviceMetadata": None,
        "deviceOwnership": "Company" if managed else None,
        "deviceVersion": 2,
        "displayName": name,
        "enrollmentProfileName": None,
        "enrollmentType": None,
        "isCompliant": True if managed else None,
        "isManaged": True if managed else None,
        "isRooted": None,
        "managementType": "MDM" if managed else None,
        "manufacturer": None,
        "mdmAppId": None,
        "model": None,
        "onPremisesLastSyncDateTime": None,
        "onPremisesSyncEnabled": True if trust == "ServerAd" else None,
        "operatingSystem": system,
        "operatingSystemVersion": version,
        "physicalIds": [],
        "profileType": "RegisteredDevice",
        "registrationDateTime": registered,
        "systemLabels": [],
        "trustType": trust,
        "_owner": owner,
    }


def _computer(person: Person, instant: datetime) -> Record:
    registered = stamp(instant - timedelta(days=DRAW.number(200, 700, "device", person.key)))
    windows = person.os.startswith("Windows")
    made = device(
        DRAW.uuid("device object", person.key),
        person.device_id,
        person.device,
        "Windows" if windows else "MacMDM",
        "10.0.26100.4652" if windows else "15.5",
        "ServerAd" if person.synced else "AzureAd",
        registered,
        owner=person.id,
    )
    return made | {"approximateLastSignInDateTime": stamp(instant - timedelta(days=1, hours=5))}
