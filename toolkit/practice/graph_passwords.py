"""Graph: a new password with writeback, as a long-running operation that somebody has to follow."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from toolkit.practice import odata
from toolkit.practice.change_records import user_change
from toolkit.practice.directory_methods import PASSWORD_METHOD
from toolkit.practice.graph_users import find_user, lives_elsewhere, too_simple
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW
from toolkit.practice.ranks import check_rank
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

BEGINS_AFTER, ENDS_AFTER = timedelta(seconds=2), timedelta(seconds=8)
"""When an operation begins to run and when it ends, on the tenant's clock."""
_UNREACHABLE = "OnPremisesConnectivityError: the on-premises agent did not answer."
_NOT_ALLOWED_THERE = "OnPremisesPolicyError: the password does not meet the policy of the on-premises domain."


def reset_password(request: Request, situation: Situation, version: str, user_id: str, method_id: str) -> Answer:
    """POST /users/{id}/authentication/methods/{id}/resetPassword: 202, and `Location` says where to ask."""
    user = find_user(situation.state, user_id)
    if situation.app_only or user["id"] == situation.operator.id:
        raise Refused(403, "accessDenied", "Request Authorization failed")
    check_rank(situation, user, "accessDenied", "Request Authorization failed")
    if method_id != PASSWORD_METHOD:
        raise Refused(404, "resourceNotFound", "The requested authentication method was not found.")
    body = request.json_object() if request.body else {}
    password = body.get("newPassword")
    if set(body) - {"newPassword"} or not isinstance(password, str | None):
        raise Refused(400, "badRequest", "The request takes newPassword only.")
    if lives_elsewhere(user):
        raise Refused(400, "badRequest", "The password of this user is not managed in this tenant.")
    if password is None and user["onPremisesSyncEnabled"]:
        raise Refused(400, "badRequest", "newPassword is required for a user who is synchronised from on-premises.")
    generated = None if password else f"{secrets.token_urlsafe(9)}7a-K"
    if password and too_simple(password):
        raise Refused(400, "badRequest", "The password does not meet the password policy.")
    operation = _operation(situation, user, password or str(generated))
    situation.state["password_operations"][operation["id"]] = operation
    user_change(situation, user, "Reset password (by admin).")
    where = f"{situation.base}/{version}/users/{user['id']}/authentication/operations/{operation['id']}"
    context = f"{situation.base}/{version}/$metadata#microsoft.graph.passwordResetResponse"
    answer: Record = {"@odata.context": context, "newPassword": generated} if generated else {}
    return Answer(202, answer, {"Location": f"{where}?aadgdc=DUB02P&aadgsu=ssprprod-a", "Retry-After": "2"})


def get_operation(request: Request, situation: Situation, version: str, user_id: str, operation_id: str) -> Answer:
    """GET /users/{id}/authentication/operations/{id}"""
    odata.only(request, ("aadgdc", "aadgsu"))
    user = find_user(situation.state, user_id)
    if situation.app_only:
        raise Refused(403, "accessDenied", "Request Authorization failed")
    check_rank(situation, user, "accessDenied", "Request Authorization failed")
    operation = situation.state["password_operations"].get(operation_id)
    if operation is None or operation["_user"] != user["id"]:
        raise Refused(404, "resourceNotFound", "The requested operation was not found.")
    context = f"{situation.base}/{version}/$metadata#users('{user['id']}')/authentication/operations/$entity"
    return Answer(200, {"@odata.context": context} | _shown(operation, situation.now))


def finish_operations(state: Record, now: datetime) -> bool:
    """Ends the operations whose time has come; a good one sets the new password now. True if any ended."""
    ended = False
    for operation in state["password_operations"].values():
        end = datetime.fromisoformat(operation["createdDateTime"]) + ENDS_AFTER
        if not operation["_ended"] and now >= end:
            operation["_ended"] = ended = True
            if operation["_failure"] is None:
                state["users"][operation["_user"]]["lastPasswordChangeDateTime"] = stamp(end)
    return ended


def _operation(situation: Situation, user: Record, password: str) -> Record:
    failure = None
    if user["onPremisesSyncEnabled"]:
        if not situation.state["writeback"]["reachable"]:
            failure = _UNREACHABLE
        elif str(user["surname"]).lower() in password.lower():
            failure = _NOT_ALLOWED_THERE
    return {
        "id": DRAW.uuid("operation", situation.key(user["id"])),
        "createdDateTime": stamp(situation.now),
        "resourceLocation": None,
        "_user": user["id"],
        "_failure": failure,
        "_ended": False,
    }


def _shown(operation: Record, now: datetime) -> Record:
    created = datetime.fromisoformat(operation["createdDateTime"])
    last, status = created, "notStarted"
    if now >= created + ENDS_AFTER:
        last, status = created + ENDS_AFTER, "failed" if operation["_failure"] else "succeeded"
    elif now >= created + BEGINS_AFTER:
        last, status = created + BEGINS_AFTER, "running"
    public = {name: value for name, value in operation.items() if not name.startswith("_")}
    detail = operation["_failure"] if status == "failed" else None
    return public | {"lastActionDateTime": stamp(last), "status": status, "statusDetail": detail}
