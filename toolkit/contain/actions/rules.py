"""Disable one chosen inbox rule, seen and changed through Exchange, where hidden rules show too."""

from __future__ import annotations

from typing import Any

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.actions.shapes import quoted
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Tenant
from toolkit.tenant.exchange import cmdlet_call

PSEUDO_RULES = ("junk e-mail rule", "junk email rule", "microsoft.exchange.oof.", "delegate rule")
FORWARDING = ("ForwardTo", "RedirectTo", "ForwardAsAttachmentTo", "SendTextMessageNotificationTo")
HIDING_FOLDERS = ("rss", "conversation history", "archive", "junk", "deleted items", "sync issues")


class DisableInboxRule(Action):
    """`Disable-InboxRule -Mailbox -Identity -Confirm:$false -Force` over InvokeCommand. Undo: `Enable-InboxRule`.

    `identity` is the rule's RuleIdentity as text (it exceeds 64 bits); `name` only for the title.
    """

    kind = "disable-inbox-rule"
    reason = "Rules forward, hide or delete mail; after the sessions ended, so that nobody puts them back."
    effect = "The rule stops acting on new mail. It stays in the mailbox, as evidence, and can be enabled again."
    does_not = "It does not bring back mail that was moved, deleted or forwarded, and leaves all other rules."
    residual = "Forwarding of the mailbox itself, transport rules, Sweep rules and delegates are other doors."
    permission = "Exchange.Manage"
    role = "Exchange Administrator or Exchange Recipient Administrator"
    undo_note = "Undo enables the rule again. Client-side rules that Exchange deleted do not come back by it."

    def __init__(self, identity: str, name: str = "", why: str = "") -> None:
        self.identity, self.name, self.why = identity, name, why
        self.key = f"disable-inbox-rule:{identity}"
        self.title = f"Disable the inbox rule {quoted(name)}"

    @property
    def about(self) -> dict[str, Any]:
        return {"identity": self.identity, "name": self.name, "why": self.why}

    def read(self, tenant: Tenant, target: Target) -> State:
        rows = tenant.exchange.inbox_rules(target.object_id, target.user_principal_name)
        rule = next((r for r in rows.rows if identity_of(r) == self.identity), None)
        return State(
            {
                "rule": rule,
                "client_side": [title_of(r) for r in rows.rows if is_client_side(r)],
                "all": rows.rows,
            },
            rows.date,
        )

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self._cmdlet(cloud, target, "Disable-InboxRule")

    def before(self, values: dict[str, Any]) -> str:
        rule = values.get("rule")
        if not rule:
            return "the rule is not in the mailbox"
        return f"{quoted(title_of(rule))}: {'enabled' if rule.get('Enabled') else 'disabled'}; {what_it_does(rule)}"

    def after(self) -> str:
        return "Enabled: false; other rules that run on the server are unchanged"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        rule = now.values.get("rule")
        return not rule or rule.get("Enabled") is False

    def changed(self, before: dict[str, Any], now: dict[str, Any]) -> list[str]:
        old, new = before.get("rule") or {}, now.get("rule") or {}
        found = super().changed(_stable(old), _stable(new))
        # Fewer client-side rules is what our own earlier cmdlet causes; a new one was not in the warning.
        more = [name for name in now.get("client_side", []) if name not in before.get("client_side", [])]
        return found + [f"the client-side rule {quoted(name)} is new" for name in more]

    def warnings(self, values: dict[str, Any]) -> list[str]:
        lost = values.get("client_side") or []
        listed = (
            f"these are there: {', '.join(quoted(n) for n in lost)}"
            if lost
            else "Exchange shows none now, but does not see all of them: ask the owner"
        )
        return [f"Any cmdlet that changes inbox rules deletes the mailbox's client-side Outlook rules; {listed}."]

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        rule = before.get("rule")
        return self._cmdlet(cloud, target, "Enable-InboxRule") if rule and rule.get("Enabled") else None

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        rule = now.values.get("rule")
        return bool(rule and rule.get("Enabled"))

    def _cmdlet(self, cloud: Cloud, target: Target, cmdlet: str) -> Call:
        parameters = {
            "Mailbox": target.object_id,
            "Identity": self.identity,
            "Confirm": False,
            "Force": True,
        }
        return cmdlet_call(cloud, target.tenant_id, cmdlet, parameters, target.user_principal_name)


def identity_of(rule: dict[str, Any]) -> str:
    """RuleIdentity as text; names are not unique, and may be `.` or empty."""
    return str(rule.get("RuleIdentity") or str(rule.get("Identity", "")).rpartition("\\")[2])


def title_of(rule: dict[str, Any]) -> str:
    return str(rule.get("Name") or "")


def is_pseudo(rule: dict[str, Any]) -> bool:
    """Rules that Exchange keeps for itself: junk mail, out of office, delegates. They are left alone.

    A name is anybody's to give: one that forwards out, redirects or deletes is none of them. The delegates' rule
    forwards to people of the organisation, whom Exchange names by their directory entry.
    """
    forwards = rule.get("ForwardTo") or []
    outside = [to for to in ([forwards] if isinstance(forwards, str) else forwards) if "[EX:" not in str(to)]
    others = (*(name for name in FORWARDING if name != "ForwardTo"), "DeleteMessage", "SoftDeleteMessage")
    harmless = not outside and not any(rule.get(name) for name in others)
    return title_of(rule).lower().startswith(PSEUDO_RULES) and harmless


def is_client_side(rule: dict[str, Any]) -> bool:
    """Whether Exchange says that only Outlook can run the rule."""
    told = f"{rule.get('Description', '')} {title_of(rule)}".lower()
    return rule.get("SupportedByTask") is False or "client-only" in told or "client only" in told


def what_it_does(rule: dict[str, Any]) -> str:
    """The parts of a rule that matter here, in words."""
    parts = []
    for name in FORWARDING:
        value = rule.get(name)
        if value:
            parts.append(f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    if rule.get("DeleteMessage") or rule.get("SoftDeleteMessage"):
        parts.append("deletes the message")
    if rule.get("MoveToFolder"):
        parts.append(f"moves it to {rule['MoveToFolder']}")
    if rule.get("MarkAsRead"):
        parts.append("marks it as read")
    return "; ".join(parts) or "neither forwards, deletes nor moves"


def acts_against_owner(rule: dict[str, Any]) -> bool:
    """Whether a rule forwards, redirects or deletes, or moves mail where nobody looks."""
    folder = str(rule.get("MoveToFolder") or "").lower()
    return bool(
        any(rule.get(name) for name in FORWARDING)
        or rule.get("DeleteMessage")
        or rule.get("SoftDeleteMessage")
        or any(word in folder for word in HIDING_FOLDERS)
    )


def _stable(rule: dict[str, Any]) -> dict[str, Any]:
    # Priority moves when another rule is changed; Description is text that the service words anew.
    return {k: v for k, v in rule.items() if k not in {"Priority", "Description"} and "@" not in k}
