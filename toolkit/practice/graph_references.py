"""Graph: references between objects (`…/$ref`), and what happens to a caller who forgets the `$ref`."""

from __future__ import annotations

import re

from toolkit.practice import odata
from toolkit.practice.change_records import user_change
from toolkit.practice.http import Refused, Request
from toolkit.practice.tenant_state import Situation

_REFERENCE = re.compile(r"/(?:directoryObjects|users)(?:/|\(')([0-9a-fA-F-]{36})(?:'\))?$")
_MAY_DELETE = frozenset({"User.ReadWrite.All", "User.DeleteRestore.All", "Directory.AccessAsUser.All"})
WOULD_DELETE = "without $ref: this deletes the user, not the membership"


def referred_to(request: Request) -> str:
    """The object that the body of a `POST …/$ref` refers to. Raises `Refused` (400)."""
    body = request.json_object()
    found = _REFERENCE.search(str(body.get("@odata.id", "")))
    if set(body) != {"@odata.id"} or not found:
        raise Refused(400, "Request_BadRequest", "Invalid URL format specified in payload.")
    return found[1].lower()


def delete_object(situation: Situation, object_id: str) -> None:
    """What a DELETE on a member does without `$ref`: the user goes, if the caller may delete users.

    Source: Graph, "Remove member": the member object is deleted from the directory as well, otherwise 403.
    """
    situation.notes.append(WOULD_DELETE)
    user = situation.state["users"].get(object_id.lower())
    if user is None:
        raise odata.missing(object_id)
    if not situation.scopes & _MAY_DELETE:
        raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    del situation.state["users"][user["id"]]
    situation.state["deleted"].append({"kind": "user", "id": user["id"]})
    user_change(situation, user, "Delete user.")
