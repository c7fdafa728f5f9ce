"""What the Exchange cmdlets of the practice tenant do to its mailboxes."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.practice.audit_records import EXCHANGE_ONLINE, cmdlet_record
from toolkit.practice.http import Refused
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW
from toolkit.practice.tenant_state import Situation, person_of

_NOT_FOUND = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
_AMBIGUOUS = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException"
_ASKS = "Microsoft.Exchange.Configuration.Tasks.ShouldContinueException"
_BAD_VALUE = "System.Management.Automation.ParameterBindingException"


def run(cmdlet: str, parameters: Record, situation: Situation) -> list[Record]:
    """The rows a cmdlet returns. `parameters` are known by name; raises `Refused` for what they ask."""
    return _CMDLETS[cmdlet.lower()](parameters, situation)


def _get_mailbox(parameters: Record, situation: Situation) -> list[Record]:
    if parameters.get("Identity"):
        return [_mailbox(parameters["Identity"], situation)]
    return _limited(list(situation.state["mailboxes"].values()), parameters)


def _get_blocked_senders(parameters: Record, situation: Situation) -> list[Record]:
    wanted = str(parameters.get("SenderAddress") or "").lower()
    rows = situation.state["blocked_senders"]
    return [row for row in rows if not wanted or row["SenderAddress"].lower() == wanted]


def _get_audit_bypass(parameters: Record, situation: Situation) -> list[Record]:
    rows: list[Record] = situation.state["audit_bypass"]
    wanted = str(parameters.get("Identity") or "").lower()
    if not wanted:
        return _limited(rows, parameters)
    found = [
        row for row in rows if wanted in (str(row["Identity"]).lower(), str(row.get("UserPrincipalName", "")).lower())
    ]
    if not found:
        raise _not_found(str(parameters["Identity"]))
    return found


def _get_inbox_rules(parameters: Record, situation: Situation) -> list[Record]:
    user_id = _mailbox(parameters.get("Mailbox") or _own(situation), situation)["ExternalDirectoryObjectId"]
    rules: list[Record] = situation.state["inbox_rules"][user_id]
    if parameters.get("Identity"):
        return [_public(_rule(str(parameters["Identity"]), rules))]
    hidden_too = _switch(parameters, "IncludeHidden")
    return _limited([_public(rule) for rule in rules if hidden_too or not rule["_hidden"]], parameters)


def _disable_rule(parameters: Record, situation: Situation) -> list[Record]:
    return _switch_rule("Disable-InboxRule", parameters, situation, enabled=False)


def _enable_rule(parameters: Record, situation: Situation) -> list[Record]:
    return _switch_rule("Enable-InboxRule", parameters, situation, enabled=True)


def _switch_rule(cmdlet: str, parameters: Record, situation: Situation, *, enabled: bool) -> list[Record]:
    """Any change of rules by cmdlet rewrites the rules of the mailbox and loses those that only Outlook runs."""
    mailbox = _mailbox(parameters.get("Mailbox") or _own(situation), situation)
    user_id = mailbox["ExternalDirectoryObjectId"]
    rules: list[Record] = situation.state["inbox_rules"][user_id]
    rule = _rule(str(parameters["Identity"]), rules)
    agreed = _switch(parameters, "Force") or _switch(parameters, "AlwaysDeleteOutlookRulesBlob")
    if any(other["_client_only"] for other in rules) and not agreed:
        raise Refused(
            400,
            "BadRequest",
            "The inbox rules of this mailbox include rules that only Outlook runs. Changing a rule deletes "
            "them. Confirm with Force or AlwaysDeleteOutlookRulesBlob.",
            kind=_ASKS,
        )
    if parameters.get("Confirm", True) is not False and not _switch(parameters, "Force"):
        raise Refused(400, "BadRequest", "The cmdlet asks for confirmation, and nobody can answer.", kind=_ASKS)
    if _switch(parameters, "WhatIf"):
        return []
    rule["Enabled"] = enabled
    situation.state["inbox_rules"][user_id] = [other for other in rules if not other["_client_only"]]
    person, key = person_of(user_id), situation.key(cmdlet)
    sent = [(name, str(value)) for name, value in parameters.items() if name != "Confirm"]
    record = cmdlet_record(
        situation.operator,
        situation.now,
        key,
        cmdlet,
        address=situation.address,
        object_id=f"{mailbox['Identity']}\\{rule['RuleIdentity']}",
        parameters=sent,
        session=DRAW.uuid("operator session", person.key),
        pool="MSExchangeAdminApiNetCoreAppPool",
        app_id=EXCHANGE_ONLINE,
    )
    situation.changed(record)
    return []


def _own(situation: Situation) -> str:
    return situation.operator.upn


def _mailbox(identity: object, situation: Situation) -> Record:
    wanted = str(identity).lower()
    names = ("ExternalDirectoryObjectId", "UserPrincipalName", "PrimarySmtpAddress", "Alias", "Identity", "Name")
    for row in situation.state["mailboxes"].values():
        if wanted in (str(row[name]).lower() for name in names):
            found: Record = row
            return found
    raise _not_found(str(identity))


def _rule(identity: str, rules: list[Record]) -> Record:
    """By rule id, by `mailbox\\rule id`, or by name if only one rule has it."""
    by_id = [rule for rule in rules if identity in (rule["RuleIdentity"], rule["Identity"])]
    found = by_id or [rule for rule in rules if rule["Name"] == identity.rpartition("\\")[2]]
    if not found:
        raise _not_found(identity)
    if len(found) > 1:
        text = f"The operation couldn't be performed because '{identity}' matches multiple entries."
        raise Refused(400, "BadRequest", text, kind=_AMBIGUOUS)
    return found[0]


def _public(rule: Record) -> Record:
    return {name: value for name, value in rule.items() if not name.startswith("_")}


def _switch(parameters: Record, name: str) -> bool:
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        text = f"Cannot convert the value of parameter '{name}' to SwitchParameter."
        raise Refused(400, "BadRequest", text, kind=_BAD_VALUE)
    return value


def _limited(rows: list[Record], parameters: Record) -> list[Record]:
    size = str(parameters.get("ResultSize", "1000"))
    if size.lower() == "unlimited":
        return rows
    if not size.isdecimal():
        raise Refused(400, "BadRequest", f"Cannot convert '{size}' to a result size.", kind=_BAD_VALUE)
    return rows[: int(size)]


def _not_found(identity: str) -> Refused:
    text = (
        f"The operation couldn't be performed because object '{identity}' couldn't be found on "
        "'FR3P281A01DC001.DEUP281A001.PROD.OUTLOOK.COM'."
    )
    return Refused(400, "BadRequest", text, kind=_NOT_FOUND)


_CMDLETS: dict[str, Callable[[Record, Situation], list[Record]]] = {
    "get-mailbox": _get_mailbox,
    "get-inboxrule": _get_inbox_rules,
    "disable-inboxrule": _disable_rule,
    "enable-inboxrule": _enable_rule,
    "get-blockedsenderaddress": _get_blocked_senders,
    "get-mailboxauditbypassassociation": _get_audit_bypass,
}
