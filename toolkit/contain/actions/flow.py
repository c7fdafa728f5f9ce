"""Mail flow of the organisation, and the sender that it restricts: these reach beyond one account."""

from __future__ import annotations

from toolkit.contain.actions.mailbox import EXCHANGE
from toolkit.contain.actions.shapes import Removed, Row, SwitchedOff, cmdlet, listed
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud


class DisableTransportRule(SwitchedOff):
    """`Disable-TransportRule -Identity -Confirm:$false`. Undo: Enable-TransportRule."""

    kind = "disable-transport-rule"
    titled = "Disable the transport rule {name}"
    reading = "transport rules"
    flag, on, off = "State", "Enabled", "Disabled"
    hits_everybody = True
    reason = "A transport rule copies or redirects mail of the whole organisation, and no mailbox shows it."
    effect = "The rule stops acting on new mail of everybody."
    does_not = "It brings nothing back that it sent on."
    residual = "It takes up to half an hour to work."
    permission, role = EXCHANGE[0], "Exchange Administrator"
    undo_note = "Undo enables the rule again, for everybody."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("Guid") or row.get("Identity"))

    def switch(self, cloud: Cloud, target: Target, *, on: bool) -> Call:
        name = "Enable-TransportRule" if on else "Disable-TransportRule"
        return cmdlet(cloud, target, name, Identity=self.identity, Confirm=False)

    def in_words(self, row: Row) -> str:
        to = row.get("RedirectMessageTo") or row.get("BlindCopyTo") or row.get("CopyTo")
        return f"{row.get('Name')}{f', sends to {listed(to)}' if to else ''}"


class _DisableConnector(SwitchedOff):
    flag = "Enabled"
    hits_everybody = True
    reason = "A connector made by an intruder carries mail past the filters, or out of the organisation."
    effect = "The connector carries no more mail, for everybody."
    does_not = "It does not remove it: it stays, as evidence."
    residual = "Mail under way by it is still delivered."
    permission, role = EXCHANGE[0], "Exchange Administrator"
    undo_note = "Undo enables the connector again, for everybody."
    setter: str

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("Guid") or row.get("Identity"))

    def switch(self, cloud: Cloud, target: Target, *, on: bool) -> Call:
        return cmdlet(cloud, target, self.setter, Identity=self.identity, Enabled=on, Confirm=False)

    def in_words(self, row: Row) -> str:
        return str(row.get("Name") or "without a name")


class DisableInboundConnector(_DisableConnector):
    """`Set-InboundConnector -Enabled $false`. Undo: true."""

    kind = "disable-inbound-connector"
    titled = "Disable the inbound connector {name}"
    reading = "inbound connectors"
    setter = "Set-InboundConnector"


class DisableOutboundConnector(_DisableConnector):
    """`Set-OutboundConnector -Enabled $false`. Undo: true."""

    kind = "disable-outbound-connector"
    titled = "Disable the outbound connector {name}"
    reading = "outbound connectors"
    setter = "Set-OutboundConnector"


class UnblockSender(Removed):
    """`Remove-BlockedSenderAddress -SenderAddress`, with the address as the list has it. No undo."""

    kind = "unblock-sender"
    titled = "Let {name} send again"
    reading = "restricted senders"
    last = True
    restores_use = True
    reason = "The last step: every door reads closed, and the owner can work again."
    effect = "The account is taken off the list of restricted senders; mail goes out after about an hour, at most 24."
    does_not = "It closes no door, and repairs no name that other operators' lists have."
    residual = "A second wave of bad mail harms the whole organisation's standing."
    permission = EXCHANGE[0]
    role = "Security Administrator or Organization Management"
    undo_note = "There is no undo: block the account instead."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("SenderAddress"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        return cmdlet(
            cloud, target, "Remove-BlockedSenderAddress", SenderAddress=self.identity, Reason="Account cleaned"
        )

    def in_words(self, row: Row) -> str:
        return f"restricted: {str(row.get('Reason') or '')[:120]}"

    def warnings(self, values: dict[str, object]) -> list[str]:
        return [
            "Unblocking is rationed: after too many times the cmdlet fails and only Microsoft's support can help. "
            "Never do it as a trial."
        ]
