"""Cmdlets for inbox rules and Sweep rules."""

from __future__ import annotations

from toolkit.practice.change_records import cmdlet_change
from toolkit.practice.cmdlet_arguments import (
    AMBIGUOUS,
    ASKS,
    Check,
    flag,
    limited,
    mailbox,
    named,
    not_found,
    owner_of,
    public,
    recipient,
    refused,
    set_checked,
    switch,
    words,
)
from toolkit.practice.mailbox_folders import folder_named
from toolkit.practice.mailbox_rules import inbox_rule, with_description
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation, person_of

_WORDS = (
    "BodyContainsWords",
    "FromAddressContainsWords",
    "SubjectContainsWords",
    "SubjectOrBodyContainsWords",
)
_PEOPLE = ("ForwardAsAttachmentTo", "ForwardTo", "From", "RedirectTo")
_FLAGS = ("DeleteMessage", "HasAttachment", "MarkAsRead", "SoftDeleteMessage", "StopProcessingRules")
_FOLDERS = ("CopyToFolder", "MoveToFolder")
_ACTIONS = (*_FOLDERS, *_PEOPLE[:2], "RedirectTo", "DeleteMessage", "MarkAsRead", "SoftDeleteMessage")


def get_rules(parameters: Record, situation: Situation) -> list[Record]:
    """Get-InboxRule: hidden rules only with IncludeHidden."""
    rules = _rules(owner_of(parameters, situation), situation)
    if parameters.get("Identity"):
        return [_shown(_rule(str(parameters["Identity"]), rules))]
    hidden_too = switch(parameters, "IncludeHidden")
    return limited([_shown(rule) for rule in rules if hidden_too or not rule["_hidden"]], parameters)


def disable_rule(parameters: Record, situation: Situation) -> list[Record]:
    """Disable-InboxRule"""
    return _switch_rule("Disable-InboxRule", parameters, situation, enabled=False)


def enable_rule(parameters: Record, situation: Situation) -> list[Record]:
    """Enable-InboxRule"""
    return _switch_rule("Enable-InboxRule", parameters, situation, enabled=True)


def remove_rule(parameters: Record, situation: Situation) -> list[Record]:
    """Remove-InboxRule"""
    box = owner_of(parameters, situation)
    rules = _rules(box, situation)
    rule = _rule(str(parameters["Identity"]), rules)
    _rewrite(box, parameters, situation)
    left = [other for other in _rules(box, situation) if other is not rule]
    situation.state["inbox_rules"][box["ExternalDirectoryObjectId"]] = left
    cmdlet_change(situation, "Remove-InboxRule", _object(box, rule), parameters)
    return []


def new_rule(parameters: Record, situation: Situation) -> list[Record]:
    """New-InboxRule: the new rule comes first unless Priority says otherwise."""
    box = owner_of(parameters, situation)
    user_id = box["ExternalDirectoryObjectId"]
    values = _values(parameters, box, situation)
    if not any(values.get(name) for name in _ACTIONS):
        raise refused("The rule must have at least one action.")
    _rewrite(box, parameters, situation)
    name = str(parameters["Name"])
    key = situation.key(f"rule {name}")
    made = inbox_rule(person_of(user_id), name, values.pop("Priority", 1), key=key, **values)
    for other in situation.state["inbox_rules"][user_id]:
        if other["Priority"] >= made["Priority"] and not other["_hidden"]:
            other["Priority"] += 1
    situation.state["inbox_rules"][user_id].append(made)
    cmdlet_change(situation, "New-InboxRule", _object(box, made), parameters)
    return [_shown(made)]


def set_rule(parameters: Record, situation: Situation) -> list[Record]:
    """Set-InboxRule"""
    box = owner_of(parameters, situation)
    rule = _rule(str(parameters["Identity"]), _rules(box, situation))
    values = _values(parameters, box, situation)
    if "Name" in parameters:
        values["Name"] = str(parameters["Name"])
    changed = with_description(rule | values)
    if not any(changed[name] for name in _ACTIONS):
        raise refused("The rule must have at least one action.")
    if changed != rule:
        _rewrite(box, parameters, situation)
    return set_checked("Set-InboxRule", rule, parameters, changed, situation, object_id=_object(box, rule))


def get_sweep_rules(parameters: Record, situation: Situation) -> list[Record]:
    """Get-SweepRule: without a mailbox those of the caller."""
    rows = _sweep_rules(parameters, situation)
    if parameters.get("Identity"):
        return [named(rows, parameters["Identity"], _SWEEP_KEYS)]
    return limited(rows, parameters)


def disable_sweep_rule(parameters: Record, situation: Situation) -> list[Record]:
    """Disable-SweepRule"""
    return _switch_sweep("Disable-SweepRule", parameters, situation, enabled=False)


def enable_sweep_rule(parameters: Record, situation: Situation) -> list[Record]:
    """Enable-SweepRule"""
    return _switch_sweep("Enable-SweepRule", parameters, situation, enabled=True)


def remove_sweep_rule(parameters: Record, situation: Situation) -> list[Record]:
    """Remove-SweepRule"""
    rows = _sweep_rules(parameters, situation)
    rule = named(rows, parameters["Identity"], _SWEEP_KEYS)
    rows.remove(rule)
    cmdlet_change(situation, "Remove-SweepRule", rule["Identity"], parameters)
    return []


_SWEEP_KEYS = ("RuleId", "Identity", "Name")


def _sweep_rules(parameters: Record, situation: Situation) -> list[Record]:
    rows: list[Record] = situation.state["sweep_rules"][owner_of(parameters, situation)["ExternalDirectoryObjectId"]]
    return rows


def _switch_sweep(cmdlet: str, parameters: Record, situation: Situation, *, enabled: bool) -> list[Record]:
    rule = named(_sweep_rules(parameters, situation), parameters["Identity"], _SWEEP_KEYS)
    return set_checked(cmdlet, rule, parameters, {"Enabled": enabled}, situation, object_id=rule["Identity"])


def _switch_rule(cmdlet: str, parameters: Record, situation: Situation, *, enabled: bool) -> list[Record]:
    box = owner_of(parameters, situation)
    rule = _rule(str(parameters["Identity"]), _rules(box, situation))
    _rewrite(box, parameters, situation)
    rule["Enabled"] = enabled
    cmdlet_change(situation, cmdlet, _object(box, rule), parameters)
    return []


def _rewrite(box: Record, parameters: Record, situation: Situation) -> None:
    """Any change of rules by cmdlet rewrites the rules of the mailbox and loses those that only Outlook runs."""
    rules = _rules(box, situation)
    agreed = switch(parameters, "Force") or switch(parameters, "AlwaysDeleteOutlookRulesBlob")
    if any(rule["_client_only"] for rule in rules) and not agreed:
        raise refused(
            "The inbox rules of this mailbox include rules that only Outlook runs. Changing a rule deletes "
            "them. Confirm with Force or AlwaysDeleteOutlookRulesBlob.",
            ASKS,
        )
    kept = [rule for rule in rules if not rule["_client_only"]]
    situation.state["inbox_rules"][box["ExternalDirectoryObjectId"]] = kept


def _rules(box: Record, situation: Situation) -> list[Record]:
    rules: list[Record] = situation.state["inbox_rules"][box["ExternalDirectoryObjectId"]]
    return rules


def _object(box: Record, rule: Record) -> str:
    return f"{box['Identity']}\\{rule['RuleIdentity']}"


def _rule(identity: str, rules: list[Record]) -> Record:
    """By rule id, by `mailbox\\rule id`, or by name if only one rule has it."""
    by_id = [rule for rule in rules if identity in (rule["RuleIdentity"], rule["Identity"])]
    found = by_id or [rule for rule in rules if rule["Name"] == identity.rpartition("\\")[2]]
    if not found:
        raise not_found(identity)
    if len(found) > 1:
        raise refused(f"The operation couldn't be performed because '{identity}' matches multiple entries.", AMBIGUOUS)
    return found[0]


def _shown(rule: Record) -> Record:
    """RuleIdentity is a number on the wire, beyond what 64 bits with a sign can hold."""
    return public(rule) | {"RuleIdentity": int(rule["RuleIdentity"])}


def _values(parameters: Record, box: Record, situation: Situation) -> Record:
    checks: dict[str, Check] = {name: lambda key, value: words(key, value) or None for name in _WORDS}
    checks |= dict.fromkeys(_FLAGS, flag)
    checks |= {name: lambda key, value: _people(key, value, situation) for name in _PEOPLE}
    checks |= {name: lambda key, value: _folder(value, box, situation) for name in _FOLDERS}
    checks["Priority"] = _priority
    return {name: check(name, parameters[name]) for name, check in checks.items() if name in parameters}


def _priority(name: str, value: object) -> object:
    if type(value) is not int or value < 0:
        raise refused(f"Cannot convert the value of parameter '{name}' to the type System.Int32.")
    return value


def _people(name: str, value: object, situation: Situation) -> list[str] | None:
    """Recipients as rules name them: inside the organisation by directory name, outside by address."""
    shown = []
    for given in words(name, value):
        row = recipient(given, situation.state)
        if row:
            shown.append(f'"{row["DisplayName"]}" [EX:{row["LegacyExchangeDN"]}]')
        elif given.endswith("]"):
            shown.append(given)
        elif "@" in given:
            shown.append(f'"{given}" [SMTP:{given.removeprefix("smtp:")}]')
        else:
            raise refused(f'Couldn\'t find object "{given}". Please make sure that it was spelled correctly.')
    return shown or None


def _folder(value: object, box: Record, situation: Situation) -> str | None:
    if value in (None, ""):
        return None
    place = str(value)
    if ":" not in place:
        place = f"{box['UserPrincipalName']}:\\{place}"
    who, _, path = place.partition(":")
    return str(folder_named(mailbox(who, situation), path, situation.state)["Name"])
