"""The truth table of auditing: each setting as it was read, what that means, and the action that mends it.

Source: "Manage mailbox auditing" and "Audit log retention" of Microsoft's documentation; the default actions, and
which of them only some licences log, are in `reference/mailbox_audit_defaults.csv`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from toolkit.contain.action import Action
from toolkit.contain.actions.auditing import (
    LOGON_TYPES,
    USUAL_DAYS,
    AuditMailbox,
    AuditOrganisation,
    AuditUnifiedLog,
    EndAuditBypass,
    RestoreAuditActions,
    RestoreAuditAge,
)
from toolkit.detect.words import listed, moment, plural
from toolkit.harden.audit_settings import AuditSettings, Bypass, Mailbox
from toolkit.harden.audit_turns import EVERYBODY, default_actions, missing_actions

ON, OFF, PARTLY, NOT_CHECKED = "on", "off", "partly", "not checked"
SWITCH, SEARCHABLE, LEFT_OUT = "mailbox auditing", "searchable audit log", "accounts left out"
RESOURCES, KEPT = "resource and public-folder mailboxes", "how long records are kept"
FLAG, ACTIONS, AGE = "flag of the mailbox", "actions that are logged", "age limit of the mailbox"
RESOURCE_KINDS = {
    "roommailbox": "room mailbox",
    "equipmentmailbox": "equipment mailbox",
    "workspacemailbox": "workspace mailbox",
    "publicfoldermailbox": "public-folder mailbox",
}
"""What auditing by default does not cover."""
STANDARD_DAYS, PREMIUM_DAYS = 180, 365
SYSTEM_NAMES = ("systemmailbox", "discoverysearchmailbox", "federatedemail", "migration.", "healthmailbox", "sm_")
_WHO = {"Owner": "the owner", "Delegate": "delegates", "Admin": "administrators"}


@dataclass(frozen=True)
class AuditRow:
    """One line of the truth table.

    `check` is what was looked at, `scope` everybody or an account, `read` what was read (or why not), `verdict` one
    of on, off, partly, not checked; `meaning` is one sentence; `repair` the action that mends it, if there is one.
    """

    check: str
    scope: str
    read: str
    verdict: str
    meaning: str
    repair: Action | None = None


def truth_table(read: AuditSettings, log: tuple[Any, Any] | None) -> list[AuditRow]:
    """All rows; `log` are the first and last times of the case's audit log, if it has one."""
    return [_switch(read), _searchable(read, log), *_left_out(read), _kept(read), *_mailboxes(read)]


def mailboxes_said(number: int) -> str:
    return f"{number:,} mailbox{'' if number == 1 else 'es'}"


def _switch(read: AuditSettings) -> AuditRow:
    flag = read.mailbox_auditing
    if flag.on is None:
        return AuditRow(SWITCH, EVERYBODY, flag.why, NOT_CHECKED, "Whether mailboxes are audited at all is not known.")
    if flag.on:
        meaning = "User, shared and group mailboxes are audited, whatever their own flag says."
        return AuditRow(SWITCH, EVERYBODY, f"AuditDisabled: false{_by(flag.source)}", ON, meaning)
    meaning = "Nothing that anybody does in any mailbox is logged, whatever the mailboxes' own settings say."
    return AuditRow(SWITCH, EVERYBODY, f"AuditDisabled: true{_by(flag.source)}", OFF, meaning, AuditOrganisation())


def _searchable(read: AuditSettings, log: tuple[Any, Any] | None) -> AuditRow:
    flag = read.searchable_log
    name = "UnifiedAuditLogIngestionEnabled"
    if flag.on is None:
        return AuditRow(SEARCHABLE, EVERYBODY, flag.why, NOT_CHECKED, "Whether records arrive anywhere is not known.")
    if flag.on:
        meaning = "Records of all services arrive in the audit log that people search."
        return AuditRow(SEARCHABLE, EVERYBODY, f"{name}: true{_by(flag.source)}", ON, meaning)
    if flag.source == "tenant":
        meaning = "Nothing of any service reaches the audit log that people search; Exchange itself says so."
        return AuditRow(SEARCHABLE, EVERYBODY, f"{name}: false{_by(flag.source)}", OFF, meaning, AuditUnifiedLog())
    seen = f" The case's own audit log has records up to {moment(log[1])}, so it was on then." if log else ""
    meaning = (
        "A compliance session (Connect-IPPSSession) always says false, and a file does not tell which session it is "
        f"from: ask again in Exchange Online PowerShell (Connect-ExchangeOnline).{seen}"
    )
    return AuditRow(SEARCHABLE, EVERYBODY, f"{name}: false{_by(flag.source)}", NOT_CHECKED, meaning)


def _left_out(read: AuditSettings) -> Iterator[AuditRow]:
    if read.bypasses is None:
        meaning = "Whether somebody acts unseen in mailboxes is not known."
        yield AuditRow(LEFT_OUT, EVERYBODY, read.why["audit bypass"], NOT_CHECKED, meaning)
        return
    out = [one for one in read.bypasses if one.on]
    silent = [one for one in read.bypasses if one.on is None]
    open_question = [one for one in silent if not one.name.lower().startswith(SYSTEM_NAMES)]
    total = plural(len(read.bypasses), "association")
    unsaid = f"; {len(silent):,} without an answer ({listed(one.name for one in silent)})" if silent else ""
    told = f"{total}, {len(out):,} with a bypass{unsaid}{_by(read.source['audit bypass'])}"
    if out:
        names = listed(one.name for one in out)
        meaning = f"What {names} does in any mailbox, of their own or of others, leaves no record."
        yield AuditRow(LEFT_OUT, EVERYBODY, told, PARTLY, meaning)
    elif open_question:
        names = listed(one.name for one in open_question)
        yield AuditRow(LEFT_OUT, EVERYBODY, told, NOT_CHECKED, f"Whether {names} is left out is not known.")
    else:
        yield AuditRow(LEFT_OUT, EVERYBODY, told, ON, "Nobody is left out of mailbox auditing.")
    yield from (_bypassed(one) for one in out)


def _bypassed(one: Bypass) -> AuditRow:
    meaning = f"What {one.name} does in any mailbox, their own and others', leaves no record."
    return AuditRow(
        LEFT_OUT, one.name, "AuditBypassEnabled: true", OFF, meaning, EndAuditBypass(one.identity, one.name)
    )


def _mailboxes(read: AuditSettings) -> Iterator[AuditRow]:
    boxes = read.mailboxes
    if boxes is None:
        why = read.why["mailboxes"]
        yield AuditRow(FLAG, EVERYBODY, why, NOT_CHECKED, "What single mailboxes are set to is not known.")
        yield AuditRow(ACTIONS, EVERYBODY, why, NOT_CHECKED, "Which actions are logged is not known.")
        yield AuditRow(RESOURCES, EVERYBODY, why, NOT_CHECKED, "Whether resource mailboxes are audited is not known.")
        return
    yield _resources(boxes)
    for box in boxes:
        yield _flag_row(box, read.mailbox_auditing.on)
        yield _actions_row(box)
        yield _age_row(box)


def _resources(boxes: list[Mailbox]) -> AuditRow:
    here = [box for box in boxes if box.kind.lower() in RESOURCE_KINDS]
    public = (
        "Public-folder mailboxes are in no such list; look with Get-Mailbox -PublicFolder."
        if not any(box.kind.lower() == "publicfoldermailbox" for box in boxes)
        else ""
    )
    rule = "Auditing by default does not cover resource and public-folder mailboxes; each needs its own flag."
    off = [box for box in here if box.enabled is not True]
    read = f"{mailboxes_said(len(here))} of these kinds in the list, {len(off):,} without the flag"
    if not here:
        read = "no mailbox of these kinds in the list"
        return AuditRow(RESOURCES, EVERYBODY, read, NOT_CHECKED if public else ON, f"{rule} {public}".strip())
    verdict = ON if not off else OFF if len(off) == len(here) else PARTLY
    return AuditRow(RESOURCES, EVERYBODY, read, verdict, f"{rule} {public}".strip())


def _flag_row(box: Mailbox, organisation: bool | None) -> AuditRow:
    read = (
        "AuditEnabled is not in what was read" if box.enabled is None else f"AuditEnabled: {str(box.enabled).lower()}"
    )
    repair = AuditMailbox(box.object_id, box.name) if box.enabled is False else None
    if organisation is False:
        meaning = "The flag counts for nothing while auditing is off for the organisation."
        return AuditRow(FLAG, box.name, read, OFF, meaning, repair)
    if box.kind.lower() in RESOURCE_KINDS:
        if box.enabled is None:
            return AuditRow(FLAG, box.name, read, NOT_CHECKED, "A resource mailbox is audited by this flag alone.")
        kind = RESOURCE_KINDS[box.kind.lower()]
        meaning = f"The {kind} {box.name} is audited by this flag alone, and it is {'on' if box.enabled else 'off'}."
        return AuditRow(FLAG, box.name, read, ON if box.enabled else OFF, meaning, repair)
    if organisation is None:
        meaning = "The organisation's switch decides over the flag, and could not be checked."
        return AuditRow(FLAG, box.name, read, NOT_CHECKED, meaning, repair)
    if box.enabled is False and box.premium is not True:
        meaning = (
            "It is audited by the organisation's switch, but without Audit (Premium) its records may not reach the "
            "searchable log until the flag is set."
        )
        return AuditRow(FLAG, box.name, read, PARTLY, meaning, repair)
    meaning = "It is audited: the organisation's switch is on, and overrides the flag."
    return AuditRow(FLAG, box.name, read, ON, meaning, repair)


def _actions_row(box: Mailbox) -> AuditRow:
    lists = {kind: missing_actions(box, kind) for kind in LOGON_TYPES}
    managed = "not in what was read" if box.managed is None else listed(sorted(box.managed)) or "empty"
    read = f"DefaultAuditSet: {managed}"
    lacking = {kind: missing for kind, missing in lists.items() if missing}
    repair = RestoreAuditActions(box.object_id, box.name)
    if lacking:
        said = "; ".join(f"of {_WHO[kind]}: {_in_words(kind, missing)}" for kind, missing in lacking.items())
        meaning = f"A list changed by hand leaves out what Microsoft logs by default, {said}."
        return AuditRow(ACTIONS, box.name, read, PARTLY, meaning, repair)
    who = listed(_WHO[kind] for kind in LOGON_TYPES if lists[kind] is None)
    if who and box.managed is None:
        return AuditRow(ACTIONS, box.name, read, NOT_CHECKED, f"Which actions of {who} are logged is not known.")
    if who:
        meaning = f"The list of {who} was changed by hand, and what is on it was not read."
        return AuditRow(ACTIONS, box.name, read, PARTLY, meaning, repair)
    own = [_WHO[kind] for kind in LOGON_TYPES if box.managed is not None and kind not in box.managed]
    if own:
        meaning = (
            f"All default actions are logged; the list of {listed(own)} is kept by hand, so new ones will be missing."
        )
        return AuditRow(ACTIONS, box.name, read, ON, meaning)
    return AuditRow(ACTIONS, box.name, read, ON, "Microsoft's default actions are logged.")


def _in_words(kind: str, actions: list[str]) -> str:
    """`mail read (MailItemsAccessed), …`"""
    rows = default_actions()[kind]
    return listed((f"{rows[action]['meaning']} ({action})" for action in actions), most=6)


def _age_row(box: Mailbox) -> AuditRow:
    if box.age is None:
        return AuditRow(AGE, box.name, "AuditLogAgeLimit is not in what was read", NOT_CHECKED, "It is not known.")
    read = f"AuditLogAgeLimit: {plural(box.age, 'day')}"
    if box.age >= USUAL_DAYS:
        return AuditRow(AGE, box.name, read, ON, "The mailbox keeps its own audit records as long as is usual.")
    meaning = (
        f"The mailbox's own copy of its audit records goes after {plural(box.age, 'day')}, where {USUAL_DAYS} are "
        "usual; how long the searchable log keeps its copy goes by licence."
    )
    return AuditRow(AGE, box.name, read, PARTLY, meaning, RestoreAuditAge(box.object_id, box.name))


def _kept(read: AuditSettings) -> AuditRow:
    """How long the searchable log keeps records: by the licence of whoever did something."""
    rule = f"Records of people with Audit (Premium) are kept {PREMIUM_DAYS} days, of others {STANDARD_DAYS} days"
    boxes = [box for box in read.mailboxes or [] if box.premium is not None]
    told = []
    if boxes:
        with_it = sum(bool(box.premium) for box in boxes)
        told.append(f"{with_it:,} of {len(boxes):,} mailboxes have Audit (Premium)")
    if read.licences is None:
        if not boxes:
            return AuditRow(
                KEPT, EVERYBODY, read.why["licences"], NOT_CHECKED, f"{rule}, and the licences are not known."
            )
        return AuditRow(KEPT, EVERYBODY, "; ".join(told), ON, f"{rule}; whether ten years were bought is not known.")
    active = [one for one in read.licences if one.active]
    premium = [f"{one.name} ({one.used:,} in use)" for one in active if one.premium]
    told.append(f"licences with Audit (Premium): {listed(premium)}" if premium else "no licence with Audit (Premium)")
    ten = any(one.ten_years for one in active)
    more = " Ten years were bought; they act where a retention policy says so." if ten else ""
    return AuditRow(KEPT, EVERYBODY, "; ".join(told), ON if active else NOT_CHECKED, f"{rule}.{more}")


def _by(source: str) -> str:
    return ", read from the tenant" if source == "tenant" else ", from a file" if source else ""
