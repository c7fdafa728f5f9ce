"""Auditing: the organisation's two switches; of a mailbox its flag, its logged actions, its age limit, its bypass.

Each is about one thing that is read again by the cmdlet that belongs to it. None of them looks back: what was not
logged stays unknown. Source: "Manage mailbox auditing" and the cmdlet reference of Exchange Online.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.actions.mailbox import EXCHANGE
from toolkit.contain.actions.shapes import Row, listed, quoted, said
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Tenant
from toolkit.tenant.exchange import cmdlet_call

LOGON_TYPES = ("Admin", "Delegate", "Owner")
USUAL_DAYS = 90
AUDIT_MAILBOX = "SystemMailbox{8cc370d3-822a-4ab8-a926-bb94bd0641a9}"
"""Set-AdminAuditLogConfig answers only when it is routed to this mailbox. Source: observed."""
LOOKS_BACK = "Switching on does not look back: what was not logged stays unknown."


def days(age: object) -> int | None:
    """`90.00:00:00` → 90, `00:00:00` → 0, `30` → 30; None for anything else."""
    found = re.fullmatch(r"(?:(\d+)\.)?\d{1,2}:\d\d:\d\d(?:\.\d+)?|(\d+)", str(age or "").strip())
    return int(found[1] or found[2] or 0) if found else None


class _Switch(Action):
    """A setting that a Get- cmdlet shows (`getter`) and a Set- cmdlet changes; `wanted` is what it shall be."""

    getter: ClassVar[str]
    setter: ClassVar[str]
    flag: ClassVar[str]
    wanted: ClassVar[Any]

    def read(self, tenant: Tenant, target: Target) -> State:
        found = tenant.exchange.read(self.getter, self._which, self._routed(target))
        row = found.rows[0] if found.rows else {}
        return State({self.flag: row.get(self.flag)}, found.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self._set(cloud, target, {self.flag: self.wanted})

    def before(self, values: dict[str, Any]) -> str:
        return f"{self.flag}: {said(values.get(self.flag))}"

    def after(self) -> str:
        return f"{self.flag}: {said(self.wanted)}"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return bool(now.values.get(self.flag) == self.wanted)

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        was = before.get(self.flag)
        return None if was is None or was == self.wanted else self._set(cloud, target, {self.flag: was})

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return bool(now.values.get(self.flag) == before.get(self.flag))

    @property
    def _which(self) -> Row:
        """The parameters that name what is read and set."""
        return {}

    def _routed(self, target: Target) -> str:
        """By which mailbox Exchange routes the reading."""
        return target.anchor

    def _set(self, cloud: Cloud, target: Target, values: Row) -> Call:
        return cmdlet_call(cloud, target.tenant_id, self.setter, self._which | values, self._routed(target))


class AuditOrganisation(_Switch):
    """`Set-OrganizationConfig -AuditDisabled $false`. Undo: true again."""

    kind = key = "audit-organisation"
    title = "Switch mailbox auditing on for the whole organisation"
    getter, setter = "Get-OrganizationConfig", "Set-OrganizationConfig"
    flag, wanted = "AuditDisabled", False
    hits_everybody = True
    reason = "While it is off, nothing that anybody does in any mailbox is logged, whatever the mailboxes say."
    effect = "From now on Microsoft's default actions are logged in user, shared and group mailboxes."
    does_not = f"It leaves out resource and public-folder mailboxes, and accounts with a bypass. {LOOKS_BACK}"
    residual = "Records arrive after an hour or more. Do something in a mailbox and search for it to be sure."
    permission, role = EXCHANGE[0], "Exchange Administrator"
    undo_note = "Undo switches mailbox auditing off again, for everybody."


class AuditUnifiedLog(_Switch):
    """`Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true`, routed to its own mailbox. Undo: false."""

    kind = key = "audit-unified-log"
    title = "Switch the searchable audit log on for the whole organisation"
    getter, setter = "Get-AdminAuditLogConfig", "Set-AdminAuditLogConfig"
    flag, wanted = "UnifiedAuditLogIngestionEnabled", True
    hits_everybody = True
    reason = "While it is off, nothing of any service reaches the audit log that people search."
    effect = "From now on records of Exchange, Entra, SharePoint and the other services arrive in the audit log."
    does_not = f"It does not change what mailboxes log. {LOOKS_BACK}"
    residual = "It takes an hour or more to work, and shows late: the read-back may still say off for a while."
    permission, role = EXCHANGE[0], "Exchange Administrator, with the role Audit Logs"
    undo_note = "Undo switches the audit log off again, for everybody."

    def _set(self, cloud: Cloud, target: Target, values: Row) -> Call:
        anchor = f"APP:{AUDIT_MAILBOX}@{target.tenant_id}"
        return cmdlet_call(cloud, target.tenant_id, self.setter, values, anchor)


class _OnMailbox(_Switch):
    """A setting of one mailbox: `identity` is its object id, `name` its user principal name."""

    titled: ClassVar[str]
    getter, setter = "Get-Mailbox", "Set-Mailbox"
    permission, role = EXCHANGE

    def __init__(self, identity: str, name: str = "", why: str = "") -> None:
        self.identity, self.name, self.why = identity, name, why
        self.key = f"{self.kind}:{identity}"
        self.title = self.titled.format(name=quoted(name or identity))

    @property
    def about(self) -> dict[str, Any]:
        return {"identity": self.identity, "name": self.name, "why": self.why}

    @property
    def _which(self) -> Row:
        return {"Identity": self.identity}

    def _routed(self, target: Target) -> str:
        return self.name if "@" in self.name else target.anchor


class AuditMailbox(_OnMailbox):
    """`Set-Mailbox -AuditEnabled $true`. Undo: false again."""

    kind = "audit-mailbox"
    titled = "Switch auditing on for the mailbox {name}"
    flag, wanted = "AuditEnabled", True
    reason = "Resource mailboxes are logged by this flag alone; of others it brings the records into the audit log."
    effect = "What is done in this mailbox is logged, as far as its lists of actions say."
    does_not = (
        f"It has no effect while auditing is off for the organisation, nor for accounts with a bypass. {LOOKS_BACK}"
    )
    residual = "Where it reads on and no record arrives, Microsoft's advice is to switch it off and on again."
    undo_note = "Undo sets the flag back to off."


class RestoreAuditAge(_OnMailbox):
    """`Set-Mailbox -AuditLogAgeLimit 90.00:00:00`, Microsoft's default. Undo: the limit that was stored."""

    kind = "restore-audit-age"
    titled = "Keep the audit records of the mailbox {name} for 90 days again"
    flag, wanted = "AuditLogAgeLimit", f"{USUAL_DAYS}.00:00:00"
    reason = "A short limit lets the mailbox's own audit records go before anybody looks."
    effect = "The mailbox keeps its audit records for 90 days, which is Microsoft's default."
    does_not = "It brings back nothing that is gone, and does not change how long the searchable log keeps its copy."
    residual = "How long the searchable log keeps its copy goes by licence: 180 days, or a year."
    undo_note = "Undo sets the limit that was there before: older records go at once."

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return (days(now.values.get(self.flag)) or 0) >= USUAL_DAYS

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        kept = days(before.get(self.flag))
        return None if kept is None or kept >= USUAL_DAYS else super().undo_call(cloud, target, before)


class EndAuditBypass(_OnMailbox):
    """`Set-MailboxAuditBypassAssociation -AuditBypassEnabled $false`. Undo: true again.

    `identity` is the association's Guid, or what else names it.
    """

    kind = "end-audit-bypass"
    titled = "Log again what {name} does in mailboxes"
    getter, setter = "Get-MailboxAuditBypassAssociation", "Set-MailboxAuditBypassAssociation"
    flag, wanted = "AuditBypassEnabled", False
    reason = "What this account does in any mailbox, its own and others', leaves no record."
    effect = "From now on its actions are logged like anybody's."
    does_not = f"Its sign-ins, and what it sets as an administrator, were logged all the time. {LOOKS_BACK}"
    residual = "The service account of a backup product may need its bypass: ask before ending that one."
    role = "Exchange Administrator"
    undo_note = "Undo leaves the account out of mailbox auditing again."

    def _routed(self, target: Target) -> str:
        return target.anchor


class RestoreAuditActions(_OnMailbox):
    """`Set-Mailbox -DefaultAuditSet Admin,Delegate,Owner`. Undo: the lists that were made by hand, as stored."""

    kind = "restore-audit-actions"
    titled = "Log Microsoft's default actions again in the mailbox {name}"
    flag, wanted = "DefaultAuditSet", list(LOGON_TYPES)
    reason = "A list that was changed by hand misses what was taken off it, and what Microsoft added since."
    effect = "Microsoft's default actions are logged again for owner, delegates and administrators."
    does_not = f"It does not log searches in the mailbox, which are no default. {LOOKS_BACK}"
    residual = "Some actions (mail read, mail sent) are logged only where the licence has them."
    undo_note = (
        "Undo puts the lists made by hand back, as they were stored; Microsoft's later additions are not in them."
    )

    def read(self, tenant: Tenant, target: Target) -> State:
        found = tenant.exchange.read(self.getter, self._which, self._routed(target))
        row = found.rows[0] if found.rows else {}
        names = (self.flag, *(f"Audit{kind}" for kind in LOGON_TYPES))
        return State({name: _sorted(row.get(name)) for name in names}, found.date)

    def before(self, values: dict[str, Any]) -> str:
        by_hand = self._by_hand(values)
        lists = [f"{kind.lower()}: {listed(values.get(f'Audit{kind}')) or 'nothing'}" for kind in by_hand]
        return f"lists made by hand – {'; '.join(lists)}" if lists else "Microsoft's default actions"

    def after(self) -> str:
        return "Microsoft's default actions for owner, delegates and administrators"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return now.values.get(self.flag) is not None and not self._by_hand(now.values)

    def warnings(self, values: dict[str, Any]) -> list[str]:
        by_hand = self._by_hand(values)
        if not by_hand:
            return []
        return [
            f"The lists made by hand ({', '.join(kind.lower() for kind in by_hand)}) are replaced. "
            "They are stored, and undo puts them back."
        ]

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        lists = {f"Audit{kind}": before.get(f"Audit{kind}") or None for kind in self._by_hand(before)}
        return self._set(cloud, target, lists) if lists else None

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        by_hand = self._by_hand(before)
        same = all(_sorted(now.values.get(f"Audit{k}")) == _sorted(before.get(f"Audit{k}")) for k in by_hand)
        return same and self._by_hand(now.values) == by_hand

    def _by_hand(self, values: dict[str, Any]) -> list[str]:
        managed = {str(one).lower() for one in values.get(self.flag) or []}
        return [kind for kind in LOGON_TYPES if kind.lower() not in managed]


def _sorted(value: Any) -> list[str] | None:
    """A list of the service without regard to its order; None where the row has none."""
    if value is None:
        return None
    return sorted(map(str, value)) if isinstance(value, list) else [str(value)]
