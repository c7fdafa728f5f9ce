"""Graph: settings and folders of a mailbox, the same that Exchange's cmdlets show.

With a person's token only her own mailbox can be reached; an application reaches all.
"""

from __future__ import annotations

from toolkit.practice import odata
from toolkit.practice.change_records import user_change
from toolkit.practice.graph_users import find_user
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation

_STATES = {"Disabled": "disabled", "Enabled": "alwaysEnabled", "Scheduled": "scheduled"}
_AUDIENCES = {"None": "none", "Known": "contactsOnly", "All": "all"}
_TEXTS = {"internalReplyMessage": "InternalMessage", "externalReplyMessage": "ExternalMessage"}
_TIMES = {"scheduledStartDateTime": "StartTime", "scheduledEndDateTime": "EndTime"}


def get_settings(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/mailboxSettings"""
    odata.only(request, ())
    user = mailbox_owner(situation, user_id)
    return Answer(200, _settings(situation, version, user))


def update_settings(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """PATCH /users/{id}/mailboxSettings: the automatic replies; enumeration members in any case."""
    user = mailbox_owner(situation, user_id)
    body = {name: value for name, value in request.json_object().items() if not name.startswith("@odata.")}
    asked = body.get("automaticRepliesSetting")
    if set(body) != {"automaticRepliesSetting"} or not isinstance(asked, dict):
        raise bad_request("The practice tenant changes automaticRepliesSetting only.")
    row = situation.state["auto_replies"][user["id"]]
    values: Record = {}
    for name, value in asked.items():
        if name == "status":
            values["AutoReplyState"] = _member(_STATES, value)
        elif name == "externalAudience":
            values["ExternalAudience"] = _member(_AUDIENCES, value)
        elif name in _TEXTS and isinstance(value, str):
            values[_TEXTS[name]] = value
        elif name in _TIMES and isinstance(value, dict):
            values[_TIMES[name]] = str(value.get("dateTime"))
        else:
            raise bad_request(f"The property '{name}' is not valid.")
    row |= values
    user_change(situation, user, "Update user.")
    return Answer(200, _settings(situation, version, user))


def list_folders(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/mailFolders"""
    options = odata.only(request, ("$top", "$skiptoken"))
    user = mailbox_owner(situation, user_id)
    rows = [_folder(row) for row in situation.state["folders"][user["id"]] if row["ContainerClass"] == "IPF.Note"]
    path = f"users/{user['id']}/mailFolders"
    size = odata.top(options, 10, 1000)
    context = f"users('{user['id']}')/mailFolders"
    return Answer(200, odata.page(rows, situation.base, version, path, options, size, context=context))


def get_folder(request: Request, situation: Situation, version: str, user_id: str, folder_id: str) -> Answer:
    """GET /users/{id}/mailFolders/{id or well-known name}"""
    odata.only(request, ())
    user = mailbox_owner(situation, user_id)
    for row in situation.state["folders"][user["id"]]:
        if folder_id in (row["FolderId"], row["FolderType"].lower()):
            context = f"{situation.base}/{version}/$metadata#users('{user['id']}')/mailFolders/$entity"
            return Answer(200, {"@odata.context": context} | _folder(row))
    raise Refused(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def mailbox_owner(situation: Situation, user_id: str) -> Record:
    """The user whose mailbox is asked for, if the caller may reach it. Raises `Refused`."""
    user = find_user(situation.state, user_id)
    if user["id"] not in situation.state["mailboxes"]:
        raise Refused(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or missing.")
    if not situation.app_only and user["id"] != situation.operator.id:
        raise Refused(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    return user


def _settings(situation: Situation, version: str, user: Record) -> Record:
    row = situation.state["auto_replies"][user["id"]]
    return {
        "@odata.context": f"{situation.base}/{version}/$metadata#users('{user['id']}')/mailboxSettings",
        "archiveFolder": None,
        "timeZone": "W. Europe Standard Time",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "dd.MM.yyyy",
        "timeFormat": "HH:mm",
        "userPurpose": "user",
        "automaticRepliesSetting": {
            "status": _STATES[row["AutoReplyState"]],
            "externalAudience": _AUDIENCES[row["ExternalAudience"]],
            **{name: row[key] for name, key in _TEXTS.items()},
            **{name: {"dateTime": row[key].rstrip("Z"), "timeZone": "UTC"} for name, key in _TIMES.items()},
        },
    }


def _member(known: dict[str, str], value: object) -> str:
    for exchange, graph in known.items():
        if str(value).lower() == graph.lower():
            return exchange
    raise bad_request(f"'{value}' is not a member of the enumeration.")


def _folder(row: Record) -> Record:
    return {
        "id": row["FolderId"],
        "displayName": row["Name"],
        "parentFolderId": None,
        "childFolderCount": 0,
        "unreadItemCount": 0,
        "totalItemCount": row["ItemsInFolder"],
        "isHidden": False,
    }


def bad_request(text: str) -> Refused:
    """400, as Exchange behind Graph says it."""
    return Refused(400, "ErrorInvalidRequest", text)
