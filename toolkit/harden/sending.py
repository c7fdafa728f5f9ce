"""Blocked from sending: who is restricted, what the outbound policies do, what is recommended, and how it is lifted.

Source: Microsoft, "Configure outbound spam policies", "Control automatic external email forwarding", "Recommended
settings for EOP", "Remove blocked users from the Restricted entities page". Nothing here lifts a restriction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from toolkit.case import Case
from toolkit.contain.actions import UnblockSender
from toolkit.contain.ledger import DONE, SENT, records
from toolkit.contain.snapshot import Snapshot
from toolkit.detect.words import listed as some
from toolkit.detect.words import plural, short
from toolkit.harden.bounce_kinds import KINDS
from toolkit.harden.bounces import BounceReport, bounces
from toolkit.harden.empty_answers import empty_answer, file_name
from toolkit.harden.inputs import Check, Input, Row, flag, input_of, listed, text
from toolkit.harden.state import kept_state

HOW_TO_UNBLOCK = (
    "Close every door of the account first (notebook 3): rules, forwarding, methods, devices, applications, protocols.",
    "Then press “Let the sender send again…” in notebook 3. Its plan is refused while a door is open, and takes the "
    "sender off the list, with the address exactly as the list has it.",
    "Confirm, run and read back as always. Mail goes out after about an hour, at most after 24 hours.",
)
WHOM = "Look whom: Get-HostedOutboundSpamFilterRule | Format-List Name,State,From,FromMemberOf,SenderDomainIs."
CONNECTORS = (
    "Connectors that the service blocked for what they sent: not checked, as this version does not read them; in "
    "Exchange Online PowerShell: Get-BlockedConnector"
)
HOW_TO_UNBLOCK_CONNECTOR = (
    "Review the connector, and treat the administrator who made or changed it as a case of their own.",
    "Only then lift it: Remove-BlockedConnector with the ConnectorId that the list has.",
)
RATION = KINDS["account"].repeat
RECOMMENDED = {
    "RecipientLimitExternalPerHour": (500, "recipients outside in an hour"),
    "RecipientLimitInternalPerHour": (1000, "recipients inside in an hour"),
    "RecipientLimitPerDay": (1000, "recipients in a day"),
}
"""Microsoft's standard settings; 0 stands for the service's own limits, 10,000 recipients in a day."""
ACTIONS = {
    "blockuser": "blocks a sender who goes beyond until somebody lifts it",
    "blockuserfortoday": "blocks a sender who goes beyond until the next day (UTC)",
    "alert": "only tells administrators when a sender goes beyond",
}
FORWARDING = {
    "on": "lets mail be forwarded to the outside automatically",
    "off": "refuses automatic forwarding to the outside",
    "automatic": "leaves automatic forwarding to Microsoft, which today means: refused",
}


@dataclass(frozen=True)
class Restricted:
    """A sender on the list of restricted senders, as the list has the address: of a mailbox its user principal name.

    `since` is UTC text as it came; `unblocked_before`: how often this case lifted the restriction.
    """

    address: str
    reason: str
    since: str
    unblocked_before: int = 0


@dataclass(frozen=True)
class PolicyRead:
    """An outbound spam policy or a remote domain: its name, what it does in a sentence, what is recommended of it."""

    name: str
    told: str
    recommended: list[str] = field(default_factory=list)
    allows_forwarding: bool | None = None


@dataclass(frozen=True)
class SendingReport:
    """`restricted` senders, `policies`, `domains`, whether automatic `forwarding` is refused (`Check`), the bounces of
    the case, how a restriction is lifted (`unblocking`), `not_checked` with why, `told` where it comes from,
    `connectors`: whether none is blocked."""

    restricted: list[Restricted]
    restricted_told: str
    policies: list[PolicyRead]
    domains: list[PolicyRead]
    forwarding: Check
    bounces: BounceReport
    unblocking: list[str]
    not_checked: list[str] = field(default_factory=list)
    told: str = ""
    connectors: Check = field(default_factory=lambda: Check(None, CONNECTORS))


def sending(case: Case, state: Snapshot | None = None) -> SendingReport:
    """What is known about being blocked from sending, from a state of the tenant, else from files of the case.

    Without `state` the newest that the case has kept is used. Nothing is asked of a tenant, and nothing is lifted.
    """
    state = state or kept_state(case)
    senders, spam, remote = (
        input_of(case, state, name) for name in ("restricted senders", "outbound spam policy", "remote domains")
    )
    restricted = [_restricted(row, case) for row in senders.rows if text(row.get("SenderAddress"))]
    found = bounces(case)
    missing = [i.missing for i in (senders, spam, remote) if i.missing]
    if not found.checked:
        missing.append(found.told)
    connectors = _connectors(case)
    missing += [] if connectors.done else [connectors.told]
    default = default_policy(spam.rows)
    policies = [_policy(row, default) for row in spam.rows]
    domains = [_domain(row) for row in remote.rows]
    return SendingReport(
        restricted,
        _restricted_told(senders, restricted),
        policies,
        domains,
        forwarding_refused(spam, remote),
        found,
        [*HOW_TO_UNBLOCK, RATION] if restricted or "account" in found.groups else [],
        missing,
        "; ".join(dict.fromkeys(i.told for i in (senders, spam, remote) if i.told)),
        connectors,
    )


def _connectors(case: Case) -> Check:
    none = empty_answer(case, "blocked connectors")
    if none:
        return Check(True, f"No connector is blocked (from the file {short(none, 80)} of this case, an empty list).")
    name = file_name("blocked connectors")
    return Check(None, f"{CONNECTORS}. If it lists none, load an empty list ([]) saved as {name}.")


def forwarding_refused(spam: Input, remote: Input) -> Check:
    """Whether automatic forwarding to the outside is refused: of two settings the refusing one wins.

    Of the outbound spam policies the one for everybody decides; the others are exceptions, and said.
    """
    wide = next((row for row in remote.rows if text(row.get("DomainName")).strip() == "*"), None)
    closed = wide is not None and flag(wide.get("AutoForwardEnabled")) is False
    if closed:
        others = [r for r in remote.rows if r is not wide and flag(r.get("AutoForwardEnabled"))]
        if not others:
            return Check(True, "The remote domain for all others (*) refuses it.")
    if not spam.known:
        return Check(None, spam.missing)
    default = default_policy(spam.rows)
    if default is None:
        return Check(None, "Not checked: which outbound spam policy is the one for everybody is not told.")
    mode = text(default.get("AutoForwardingMode")).lower()
    if mode not in FORWARDING:
        return Check(None, f"Not checked: “{_name(default)}” does not say how automatic forwarding is treated.")
    said = _exceptions([row for row in spam.rows if row is not default])
    if mode == "on":
        told = f"“{_name(default)}”, the outbound spam policy for everybody, lets mail be forwarded to the outside."
        return Check(False, f"{told}{said}")
    return Check(True, f"“{_name(default)}”, the outbound spam policy for everybody, refuses it.{said}")


def default_policy(rows: Sequence[Row]) -> Row | None:
    """The outbound spam policy for everybody whom no other one covers; None where nothing tells which it is."""
    found = next((row for row in rows if flag(row.get("IsDefault"))), None)
    found = found or next((row for row in rows if _name(row).lower() == "default"), None)
    return found or (rows[0] if len(rows) == 1 and flag(rows[0].get("IsDefault")) is None else None)


def _exceptions(others: Sequence[Row]) -> str:
    """Which other policies let mail be forwarded, and how to look for whom."""
    allowing = [f"“{_name(row)}”" for row in others if text(row.get("AutoForwardingMode")).lower() == "on"]
    unknown = [f"“{_name(row)}”" for row in others if text(row.get("AutoForwardingMode")).lower() not in FORWARDING]
    said = ""
    if allowing:
        verb = "allows" if len(allowing) == 1 else "allow"
        said += f" Except for some senders: {some(allowing)} {verb} it for whom its rule names. {WHOM}"
    if unknown:
        said += f" How {some(unknown)} treats it is not told."
    return said


def _restricted(row: Row, case: Case) -> Restricted:
    address = text(row.get("SenderAddress"))
    key = UnblockSender(address, address).key
    before = [r for r in records(case) if r.action == key and r.direction == "do" and r.status in (DONE, SENT)]
    return Restricted(address, short(text(row.get("Reason")), 300), text(row.get("CreatedDatetime")), len(before))


def _restricted_told(senders: Input, found: list[Restricted]) -> str:
    if not senders.known:
        return senders.missing
    if not found:
        return f"Nobody is on the list of restricted senders ({senders.told})."
    again = [r for r in found if r.unblocked_before]
    said = f"{plural(len(found), 'sender')} on the list of restricted senders ({senders.told})."
    return said + (
        f" {again[0].address} was unblocked by this case before and is restricted again: a door is open."
        if again
        else ""
    )


def _policy(row: Row, default: Row | None) -> PolicyRead:
    mode = text(row.get("AutoForwardingMode")).lower()
    limits, advice = [], []
    exception = default is not None and row is not default
    if mode == "on" and exception:
        advice.append(f"An exception for some senders: keep it small. {WHOM}")
    elif mode == "on":
        advice.append("Set automatic forwarding to Off, and allow it for single senders by a policy of their own.")
    elif mode not in FORWARDING:
        advice.append("Look at automatic forwarding in the portal: the export does not say how it is set.")
    for name, (most, what) in RECOMMENDED.items():
        number = _number(row.get(name))
        if number is not None:
            limits.append(f"{number:,} {what}" if number else f"the service's own limit of {what}")
            if number == 0 or number > most:
                advice.append(f"Allow at most {most:,} {what} ({name}).")
    action = text(row.get("ActionWhenThresholdReached")).lower()
    if action and action != "blockuser":
        advice.append("Block a sender who goes beyond until somebody looks (ActionWhenThresholdReached BlockUser).")
    to = listed(row.get("NotifyOutboundSpamRecipients"))
    if not (flag(row.get("NotifyOutboundSpam")) and to):
        advice.append(
            "See that somebody reads the alert “User restricted from sending email”: Microsoft recommends it in place "
            "of this policy's own notification."
        )
    whom = "For everybody, it" if row is default else "For whom its rule names, it" if exception else "It"
    said = [f"{whom} {FORWARDING.get(mode, 'does not say whether it lets mail be forwarded automatically')}"]
    said += [f"allows {', '.join(limits)}"] if limits else []
    said += [ACTIONS[action]] if action in ACTIONS else []
    told = " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
    return PolicyRead(_name(row), f"{told}.", advice, {"on": True, "off": False, "automatic": False}.get(mode))


def _domain(row: Row) -> PolicyRead:
    where = text(row.get("DomainName")).strip()
    whom = "all domains without a setting of their own" if where == "*" else f"the domain {short(where, 80)}"
    allowed = flag(row.get("AutoForwardEnabled"))
    if allowed is None:
        return PolicyRead(_name(row), f"For {whom}, it does not say whether mail may be forwarded automatically.")
    told = f"For {whom}, it {'allows' if allowed else 'refuses'} automatic forwarding."
    advice = ["Refuse it here too (AutoForwardEnabled false): where two settings differ, the refusing one wins."]
    return PolicyRead(_name(row), told, advice if allowed and where == "*" else [], allowed)


def _name(row: Row) -> str:
    return short(text(row.get("Name")) or text(row.get("Identity")) or "without a name", 80)


def _number(value: object) -> int | None:
    said = text(value).strip().replace(",", "")
    return int(said) if said.isdecimal() and len(said) < 10 else None
