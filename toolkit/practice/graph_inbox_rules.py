"""Graph: inbox rules, the same that Exchange's cmdlets show, without the hidden ones."""

from __future__ import annotations

import base64
import re

from toolkit.practice import odata
from toolkit.practice.change_records import user_change
from toolkit.practice.graph_mailbox import bad_request, mailbox_owner
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.mailbox_rules import inbox_rule, with_description
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation, person_of

_CONDITIONS = {
    "bodyContains": "BodyContainsWords",
    "bodyOrSubjectContains": "SubjectOrBodyContainsWords",
    "senderContains": "FromAddressContainsWords",
    "subjectContains": "SubjectContainsWords",
}
_RECIPIENTS = {
    "forwardAsAttachmentTo": "ForwardAsAttachmentTo",
    "forwardTo": "ForwardTo",
    "redirectTo": "RedirectTo",
}
_SWITCHES = {"delete": "DeleteMessage", "markAsRead": "MarkAsRead", "stopProcessingRules": "StopProcessingRules"}
_FOLDERS = {"copyToFolder": "CopyToFolder", "moveToFolder": "MoveToFolder"}
_NAMED = re.compile(r'^"(?P<name>.*)" \[(?:SMTP|EX):(?P<address>.*)\]$')


def list_rules(request: Request, situation: Situation, version: str, user_id: str, folder: str) -> Answer:
    """GET /users/{id}/mailFolders/inbox/messageRules: hidden rules are not among them."""
    odata.only(request, ())
    user = _mailbox(situation, user_id, folder)
    rows = [_rule(rule, user, situation) for rule in _rules(user, situation)]
    return Answer(200, {"@odata.context": _context(situation, version, user), "value": rows})


def get_rule(request: Request, situation: Situation, version: str, user_id: str, folder: str, rule_id: str) -> Answer:
    """GET /users/{id}/mailFolders/inbox/messageRules/{id}"""
    odata.only(request, ())
    user = _mailbox(situation, user_id, folder)
    shown = _rule(_find(rule_id, user, situation), user, situation)
    return Answer(200, {"@odata.context": _context(situation, version, user) + "/$entity"} | shown)


def create_rule(request: Request, situation: Situation, version: str, user_id: str, folder: str) -> Answer:
    """POST /users/{id}/mailFolders/inbox/messageRules"""
    user = _mailbox(situation, user_id, folder)
    body = request.json_object()
    if not body.get("displayName") or not body.get("actions"):
        raise bad_request("A rule must have a displayName and actions.")
    values = _values(body, user, situation)
    name = str(values.pop("Name"))
    priority = int(values.pop("Priority", 1))
    made = inbox_rule(person_of(user["id"]), name, priority, key=situation.key(f"rule {name}"), **values)
    situation.state["inbox_rules"][user["id"]].append(made)
    user_change(situation, user, "New-InboxRule")
    context = _context(situation, version, user) + "/$entity"
    return Answer(201, {"@odata.context": context} | _rule(made, user, situation))


def update_rule(
    request: Request, situation: Situation, version: str, user_id: str, folder: str, rule_id: str
) -> Answer:
    """PATCH /users/{id}/mailFolders/inbox/messageRules/{id}: the rules that only Outlook runs stay."""
    user = _mailbox(situation, user_id, folder)
    rule = _changeable(_find(rule_id, user, situation))
    rule |= with_description(rule | _values(request.json_object(), user, situation))
    user_change(situation, user, "Set-InboxRule")
    context = _context(situation, version, user) + "/$entity"
    return Answer(200, {"@odata.context": context} | _rule(rule, user, situation))


def delete_rule(
    request: Request, situation: Situation, version: str, user_id: str, folder: str, rule_id: str
) -> Answer:
    """DELETE /users/{id}/mailFolders/inbox/messageRules/{id}"""
    user = _mailbox(situation, user_id, folder)
    situation.state["inbox_rules"][user["id"]].remove(_changeable(_find(rule_id, user, situation)))
    user_change(situation, user, "Remove-InboxRule")
    return Answer(204)


def _rules(user: Record, situation: Situation) -> list[Record]:
    return [rule for rule in situation.state["inbox_rules"][user["id"]] if not rule["_hidden"]]


def _number(rule: Record) -> str:
    return base64.urlsafe_b64encode(int(rule["RuleIdentity"]).to_bytes(8, "big")).decode()


def _find(rule_id: str, user: Record, situation: Situation) -> Record:
    for rule in _rules(user, situation):
        if _number(rule) == rule_id:
            return rule
    raise Refused(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def _changeable(rule: Record) -> Record:
    if rule["_client_only"]:
        raise Refused(403, "ErrorAccessDenied", "The rule is read-only.")
    return rule


def _rule(rule: Record, user: Record, situation: Situation) -> Record:
    conditions = {name: rule[key] for name, key in _CONDITIONS.items() if rule[key]}
    if rule["From"]:
        conditions["fromAddresses"] = [_recipient(one, situation) for one in rule["From"]]
    actions: Record = {name: True for name, key in _SWITCHES.items() if rule[key]}
    for name, key in _RECIPIENTS.items():
        if rule[key]:
            actions[name] = [_recipient(one, situation) for one in rule[key]]
    for name, key in _FOLDERS.items():
        if rule[key]:
            folders = situation.state["folders"][user["id"]]
            actions[name] = next((row["FolderId"] for row in folders if row["Name"] == rule[key]), rule[key])
    return {
        "id": _number(rule),
        "displayName": rule["Name"],
        "sequence": rule["Priority"],
        "isEnabled": rule["Enabled"],
        "hasError": rule["InError"],
        "isReadOnly": rule["_client_only"],
        "conditions": conditions,
        "actions": actions,
    }


def _recipient(text: str, situation: Situation) -> Record:
    found = _NAMED.match(text)
    name, address = (found["name"], found["address"]) if found else (text, text)
    for box in situation.state["mailboxes"].values():
        if box["LegacyExchangeDN"] == address:
            address = box["PrimarySmtpAddress"]
    return {"emailAddress": {"name": name, "address": address}}


def _values(body: Record, user: Record, situation: Situation) -> Record:
    values: Record = {}
    for name, key in (("displayName", "Name"), ("sequence", "Priority"), ("isEnabled", "Enabled")):
        if name in body:
            values[key] = body[name]
    if set(body) - {"displayName", "sequence", "isEnabled", "conditions", "actions"}:
        raise bad_request("The request names a property of a rule that cannot be set.")
    if "conditions" in body:
        given = body["conditions"] or {}
        values |= {key: given.get(name) for name, key in _CONDITIONS.items()}
        values["From"] = _texts(given.get("fromAddresses"))
    if "actions" in body:
        given = body["actions"] or {}
        values |= {key: bool(given.get(name)) for name, key in _SWITCHES.items()}
        values |= {key: _texts(given.get(name)) for name, key in _RECIPIENTS.items()}
        names = {row["FolderId"]: row["Name"] for row in situation.state["folders"][user["id"]]}
        values |= {key: names.get(given.get(name), given.get(name)) for name, key in _FOLDERS.items()}
    return values


def _texts(recipients: list[Record] | None) -> list[str] | None:
    if not recipients:
        return None
    given = [one["emailAddress"] for one in recipients]
    return [f'"{one.get("name") or one["address"]}" [SMTP:{one["address"]}]' for one in given]


def _context(situation: Situation, version: str, user: Record) -> str:
    return f"{situation.base}/{version}/$metadata#users('{user['id']}')/mailFolders('inbox')/messageRules"


def _mailbox(situation: Situation, user_id: str, folder: str) -> Record:
    if folder != "inbox":
        raise bad_request("Rules belong to the folder 'inbox'.")
    return mailbox_owner(situation, user_id)
