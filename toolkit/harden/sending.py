"""Blocked from sending: who is restricted, what the outbound policies do, what is recommended, and how it is lifted.

Source: Microsoft, "Configure outbound spam policies", "Control automatic external email forwarding", "Recommended
settings for EOP", "Remove blocked users from the Restricted entities page". Nothing here lifts a restriction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from toolkit.case import Case
from toolkit.contain.actions import UnblockSender
from toolkit.contain.ledger import DONE, SENT, records
from toolkit.contain.snapshot import Snapshot
from toolkit.detect.words import plural, short
from toolkit.harden.bounce_kinds import KINDS
from toolkit.harden.bounces import BounceReport, bounces
from toolkit.harden.inputs import Check, Input, Row, flag, input_of, listed, text
from toolkit.harden.state import kept_state

HOW_TO_UNBLOCK = (
    "Close every door of the account first (notebook 3): rules, forwarding, methods, devices, applications, protocols.",
    "Then press “Give the account back…” in notebook 3. Its plan is refused while a door is open, "
    "and its last step takes the sender off the list, with the address exactly as the list has it.",
    "Confirm, run and read back as always. Mail goes out after about an hour, at most after 24 hours.",
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
    the case, how a restriction is lifted (`unblocking`), `not_checked` with why, `told` where it comes from."""

    restricted: list[Restricted]
    restricted_told: str
    policies: list[PolicyRead]
    domains: list[PolicyRead]
    forwarding: Check
    bounces: BounceReport
    unblocking: list[str]
    not_checked: list[str] = field(default_factory=list)
    told: str = ""


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
    policies = [_policy(row) for row in spam.rows]
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
    )


def forwarding_refused(spam: Input, remote: Input) -> Check:
    """Whether automatic forwarding to the outside is refused for everybody: of two settings the refusing one wins."""
    wide = next((row for row in remote.rows if text(row.get("DomainName")).strip() == "*"), None)
    closed = wide is not None and flag(wide.get("AutoForwardEnabled")) is False
    if closed:
        others = [r for r in remote.rows if r is not wide and flag(r.get("AutoForwardEnabled"))]
        if not others:
            return Check(True, "The remote domain for all others (*) refuses it.")
    if not spam.known:
        return Check(None, spam.missing)
    modes = {_name(row): text(row.get("AutoForwardingMode")).lower() for row in spam.rows}
    unknown = [name for name, mode in modes.items() if mode not in FORWARDING]
    on = [name for name, mode in modes.items() if mode == "on"]
    if on:
        names = ", ".join(f"“{name}”" for name in on[:3]) + (f" and {len(on) - 3} more" if len(on) > 3 else "")
        return Check(False, f"The outbound spam policy {names} lets mail be forwarded to the outside automatically.")
    if unknown or not modes:
        return Check(None, "Not checked: the outbound spam policies do not say how automatic forwarding is treated.")
    return Check(True, f"{'Every' if len(modes) > 1 else 'The'} outbound spam policy refuses it.")


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


def _policy(row: Row) -> PolicyRead:
    mode = text(row.get("AutoForwardingMode")).lower()
    limits, advice = [], []
    if mode == "on":
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
    said = [f"It {FORWARDING.get(mode, 'does not say whether it lets mail be forwarded automatically')}"]
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
