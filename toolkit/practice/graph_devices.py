"""Graph: devices of the directory, and whose they are."""

from __future__ import annotations

from toolkit.practice import odata
from toolkit.practice.change_records import object_change, parts_of
from toolkit.practice.graph_users import DEFAULT_PROPERTIES, find_user
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation

_FILTERS = ("id", "deviceId", "displayName", "accountEnabled", "trustType", "operatingSystem")


def list_devices(request: Request, situation: Situation, version: str) -> Answer:
    """GET /devices"""
    return _listed(request, situation, version, None)


def devices_of_user(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/registeredDevices and /users/{id}/ownedDevices"""
    return _listed(request, situation, version, find_user(situation.state, user_id)["id"])


def get_device(request: Request, situation: Situation, version: str, device_id: str) -> Answer:
    """GET /devices/{id}: by object id, not by the deviceId of sign-ins."""
    options = odata.only(request, ("$select",))
    row = _public(_find(situation.state, device_id))
    context = f"{situation.base}/{version}/$metadata#devices/$entity"
    return Answer(200, {"@odata.context": context} | odata.select(row, options.get("$select"), row, "device"))


def update_device(request: Request, situation: Situation, version: str, device_id: str) -> Answer:
    """PATCH /devices/{id}: `accountEnabled`; a delegated caller needs Directory.AccessAsUser.All."""
    row = _find(situation.state, device_id)
    _may_change(situation)
    body = request.json_object()
    unknown = [name for name in body if name not in _public(row)]
    if unknown:
        raise Refused(400, "Request_BadRequest", f"Invalid property '{unknown[0]}'.")
    if set(body) != {"accountEnabled"} or not isinstance(body["accountEnabled"], bool):
        raise Refused(400, "Request_BadRequest", "One or more properties contains invalid values.")
    row["accountEnabled"] = body["accountEnabled"]
    _recorded(situation, "Update device.", row)
    return Answer(204)


def delete_device(request: Request, situation: Situation, version: str, device_id: str) -> Answer:
    """DELETE /devices/{id}: cannot be undone."""
    row = _find(situation.state, device_id)
    _may_change(situation)
    del situation.state["devices"][row["id"]]
    situation.state["deleted"].append({"kind": "device", "id": row["id"]})
    _recorded(situation, "Delete device.", row)
    return Answer(204)


def people_of(request: Request, situation: Situation, version: str, device_id: str) -> Answer:
    """GET /devices/{id}/registeredOwners and /registeredUsers"""
    odata.only(request, ())
    owner = situation.state["users"].get(_find(situation.state, device_id)["_owner"])
    rows = (
        [{"@odata.type": "#microsoft.graph.user"} | {name: owner[name] for name in DEFAULT_PROPERTIES}] if owner else []
    )
    return Answer(200, {"@odata.context": f"{situation.base}/{version}/$metadata#directoryObjects", "value": rows})


def _listed(request: Request, situation: Situation, version: str, owner: str | None) -> Answer:
    options = odata.only(request, ("$select", "$filter", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), _FILTERS, kinds=False, entity="device")
    rows = [row for row in situation.state["devices"].values() if owner in (None, row["_owner"]) and test(row)]
    shown = [odata.select(_public(row), options.get("$select"), row, "device") for row in rows]
    context = ""
    if owner:
        shown = [{"@odata.type": "#microsoft.graph.device"} | row for row in shown]
        context = "directoryObjects"
    path, size = request.path.strip("/").partition("/")[2], odata.top(options, 100, 999)
    return Answer(200, odata.page(shown, situation.base, version, path, options, size, context=context))


def _find(state: Record, device_id: str) -> Record:
    found: Record | None = state["devices"].get(device_id.lower())
    if found is None:
        raise odata.missing(device_id)
    return found


def _public(row: Record) -> Record:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _may_change(situation: Situation) -> None:
    if not situation.scopes & {"Device.ReadWrite.All" if situation.app_only else "Directory.AccessAsUser.All"}:
        raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _recorded(situation: Situation, operation: str, row: Record) -> None:
    target = parts_of("Device", row["id"], row["displayName"])
    object_change(situation, operation, f"Device_{row['id']}", target, category="Device")
