"""Devices: what the intruder registered holds tokens of its own, which outlive a new password."""

from __future__ import annotations

from toolkit.contain.actions.shapes import Removed, Row, SwitchedOff, cmdlet
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud
from toolkit.tenant.graph import graph_call


class DisableDevice(SwitchedOff):
    """`PATCH /devices/{id} {"accountEnabled": false}`, Microsoft Graph v1.0, answered 204. Undo: true."""

    kind = "disable-device"
    titled = "Disable the device {name}"
    reading = "devices"
    flag = "accountEnabled"
    reason = "A device registered through a stolen session has a token that is said to survive reset and revoke."
    effect = "The device gets no new tokens. It stays in the directory, as evidence."
    does_not = "It does not wipe it, and does not remove the keys it has (BitLocker) from the directory."
    residual = "Its token goes on to its next renewal."
    permission = "Device.ReadWrite.All (application), Directory.AccessAsUser.All (delegated)"
    role = "Cloud Device Administrator or Intune Administrator"
    undo_note = "Undo enables the device again: whoever has it signs in with it again."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("id"))

    def switch(self, cloud: Cloud, target: Target, *, on: bool) -> Call:
        return graph_call(cloud, "PATCH", f"/devices/{self.identity}", {"accountEnabled": on})

    def in_words(self, row: Row) -> str:
        since = str(row.get("registrationDateTime") or "")[:19].replace("T", " ")
        system = " ".join(str(row[n]) for n in ("operatingSystem", "operatingSystemVersion") if row.get(n))
        return f"{system or 'device'}{f', registered {since} UTC' if since else ''}"


class RemoveMobileDevice(Removed):
    """`Remove-MobileDevice -Identity -Confirm:$false`. No undo; the telephone is not wiped."""

    kind = "remove-mobile-device"
    titled = "Remove the mobile partnership {name}"
    reading = "mobile devices"
    reason = "A mail app that the intruder set up goes on fetching mail by its partnership."
    effect = "The partnership ends; the app has to sign in anew."
    does_not = "It wipes nothing: Clear-MobileDevice, which can wipe a whole telephone, is never called here."
    residual = "What the app has fetched stays on the telephone."
    permission = "Exchange.Manage"
    role = "Exchange Administrator or Exchange Recipient Administrator"
    undo_note = "There is no undo: the owner's app makes the partnership anew by itself."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("Identity"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        return cmdlet(cloud, target, "Remove-MobileDevice", Identity=self.identity, Confirm=False)

    def in_words(self, row: Row) -> str:
        told = (row.get("FriendlyName") or row.get("DeviceModel"), row.get("DeviceOS"), row.get("ClientType"))
        return ", ".join(str(t) for t in told if t) or "a device"
