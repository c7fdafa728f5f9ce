"""The mailbox: forwarding, answers it gives by itself, sweep rules, protocols, and the hold that keeps its mail."""

from __future__ import annotations

from typing import Any

from toolkit.contain.action import State
from toolkit.contain.actions.shapes import Row, Settings, SwitchedOff, cmdlet
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud

EXCHANGE = ("Exchange.Manage", "Exchange Administrator or Exchange Recipient Administrator")


class ClearForwarding(Settings):
    """`Set-Mailbox` with both fields empty, in one call: while both are set only ForwardingAddress acts."""

    kind = key = "clear-forwarding"
    title = "Clear the mailbox's forwarding"
    reading = "mailbox"
    setter = "Set-Mailbox"
    wanted = {"ForwardingAddress": None, "ForwardingSmtpAddress": None, "DeliverToMailboxAndForward": False}  # noqa: RUF012
    reason = "Every message leaves by it, and nothing shows among the rules."
    effect = "Mail stays in the mailbox. Both fields are cleared in one call, for clearing one wakes the other."
    does_not = "It brings nothing back that has left, and leaves rules, transport rules and delegates."
    residual = "Messages under way are still forwarded."
    permission, role = EXCHANGE
    undo_note = "Undo puts back the addresses as they were: mail is forwarded there again."

    def warnings(self, values: dict[str, Any]) -> list[str]:
        to = [str(values[name]) for name in ("ForwardingSmtpAddress", "ForwardingAddress") if values.get(name)]
        return [f"Mail is forwarded to {' and to '.join(to)} now; an undo would start that again."] if to else []


class ClearOutsideForwarding(Settings):
    """`Set-Mailbox -ForwardingSmtpAddress $null` alone: for when the service refuses both fields in one call."""

    kind = key = "clear-outside-forwarding"
    title = "Clear the forwarding to an outside address alone"
    reading = "mailbox"
    setter = "Set-Mailbox"
    wanted = {"ForwardingSmtpAddress": None}  # noqa: RUF012
    reason = "The service refused to clear both fields at once; the outside address goes first, so that none wakes."
    effect = "No mail goes to the outside address. The forward inside the organisation is cleared after it."
    does_not = "It leaves ForwardingAddress, which is to be cleared where it is mastered (often on premises)."
    residual = "A recipient of the organisation may still get the mail and send it on."
    permission, role = EXCHANGE
    undo_note = "Undo puts the outside address back: mail is forwarded there again."


class AutoReplyOff(Settings):
    """`Set-MailboxAutoReplyConfiguration -AutoReplyState Disabled`. The text stays; undo: the state as it was."""

    kind = key = "auto-reply-off"
    title = "Switch off automatic replies"
    reading = "auto-reply"
    setter = "Set-MailboxAutoReplyConfiguration"
    wanted = {"AutoReplyState": "Disabled"}  # noqa: RUF012
    reason = "An automatic reply can send every correspondent to another address or account number."
    effect = "No reply goes out by itself. Its text stays, as evidence."
    does_not = "It does not change the text: the owner looks at it before switching it on again."
    residual = "Replies that went out cannot be called back."
    permission, role = EXCHANGE
    undo_note = "Undo switches the replies on as they were, with the text that is there."


class SignatureOff(Settings):
    """`Set-MailboxMessageConfiguration` without a signature. The text stays; undo: as it was."""

    kind = key = "signature-off"
    title = "Leave the signature off new mail"
    reading = "signature"
    setter = "Set-MailboxMessageConfiguration"
    wanted = {"AutoAddSignature": False, "AutoAddSignatureOnReply": False, "AutoAddSignatureOnMobile": False}  # noqa: RUF012
    reason = "A changed telephone or account number in the signature goes out with every message of the owner."
    effect = "No message gets the signature by itself. Its text stays, as evidence."
    does_not = "It does not reach signatures that Outlook keeps on a computer, or roaming ones: look there too."
    residual = "Messages that went out carry it; the owner writes it anew before switching it on."
    permission, role = EXCHANGE
    undo_note = "Undo switches it on as it was, with the text that is there."


class CloseProtocols(Settings):
    """`Set-CASMailbox` with the old protocols off. Undo: each as it was, "as the tenant says" included."""

    kind = key = "close-protocols"
    title = "Close the old protocols of the mailbox"
    reading = "protocols"
    setter = "Set-CASMailbox"
    wanted = {"ImapEnabled": False, "PopEnabled": False, "SmtpClientAuthenticationDisabled": True}  # noqa: RUF012
    reason = "IMAP, POP and SMTP AUTH ask for no second factor; app passwords work there."
    effect = "The mailbox is no longer reached by IMAP and POP, and nothing is sent by SMTP AUTH."
    does_not = "It leaves Outlook, the browser and mobile apps, which ask for modern sign-in."
    residual = "It takes up to an hour to work."
    permission, role = EXCHANGE
    undo_note = "Undo puts each switch back as it was; one that followed the tenant follows it again."


class HoldMail(Settings):
    """`Set-Mailbox -LitigationHoldEnabled $true`. Undo: as it was."""

    kind = key = "hold-mail"
    title = "Hold the mailbox (litigation hold)"
    reading = "mailbox"
    setter = "Set-Mailbox"
    wanted = {"LitigationHoldEnabled": True}  # noqa: RUF012
    reason = "Before anything is deleted: what the intruder or a clean-up removes stays recoverable."
    effect = "Nothing is purged from the mailbox while the hold lasts."
    does_not = "It brings nothing back that is purged already, and needs a licence (Exchange plan 2)."
    residual = "It takes up to four hours to work."
    permission, role = EXCHANGE
    undo_note = "Undo ends the hold; mail that only the hold kept may be purged then."


class DisableSweepRule(SwitchedOff):
    """`Disable-SweepRule -Mailbox -Identity`. The undo, Enable-SweepRule, is left to a person."""

    kind = "disable-sweep-rule"
    titled = "Disable the sweep rule {name}"
    reading = "sweep rules"
    flag = "Enabled"
    reason = "A sweep rule moves mail away as a rule does, and no list of inbox rules shows it."
    effect = "The rule stops moving mail. It stays in the mailbox, as evidence."
    does_not = "It does not bring back mail that was moved."
    residual = "Inbox rules and forwarding are other doors."
    permission, role = EXCHANGE
    undo_note = "No undo from here: the owner switches it on again in Outlook on the web."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("RuleId") or row.get("Identity"))

    def switch(self, cloud: Cloud, target: Target, *, on: bool) -> Call:
        del on  # the reference that our calls are checked against has no Enable-SweepRule
        parameters = {"Mailbox": target.object_id, "Identity": self.identity, "Confirm": False}
        return cmdlet(cloud, target, "Disable-SweepRule", **parameters)

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        return None

    def in_words(self, row: Row) -> str:
        to = row.get("DestinationFolder")
        return f"{row.get('Name') or 'without a name'}{f', moves to {to}' if to else ''}"


def forwards(now: State) -> bool:
    """Whether the mailbox, as `ClearForwarding` reads it, sends its mail on."""
    return bool(now.values.get("ForwardingSmtpAddress") or now.values.get("ForwardingAddress"))
