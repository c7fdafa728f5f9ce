"""What a bounce means for what to do: the cases, their steps, how long each takes, what a second time means.

Source: Microsoft, "Remove blocked users from the Restricted entities page", "Use the delist portal to remove yourself",
"Control automatic external email forwarding", "Fix error codes 5.7.700 through 5.7.750"; playbook 5.5.
"""

from __future__ import annotations

from dataclasses import dataclass

ACCOUNT, FORWARDING, ADDRESS, TENANT, OTHER = "account", "forwarding", "address", "tenant", "other"
ORDER = (TENANT, ACCOUNT, FORWARDING, ADDRESS, OTHER)
"""The cases, the widest first."""


@dataclass(frozen=True)
class Kind:
    """One case: its `group` (one of `ORDER`), a `title`, what to do in order, what to expect, and about repeating."""

    group: str
    title: str
    steps: tuple[str, ...]
    expect: str
    repeat: str


_DOORS = "Close every door of the account first: a second wave of bad mail harms the whole organisation's standing."
KINDS: dict[str, Kind] = {
    "account": Kind(
        ACCOUNT,
        "This account is restricted from sending",
        (
            _DOORS,
            "Then press “Let the sender send again…” in notebook 3: its plan takes the sender off the list, with the "
            "address as the list has it.",
        ),
        "Mail goes out again usually within an hour, at most after 24 hours; a test message shows it.",
        "Unblocking is rationed: after too many times it fails and only Microsoft's support helps. Never as a trial.",
    ),
    "account-limit": Kind(
        ACCOUNT,
        "This account sent to more recipients than it may in a day",
        (
            "Look for the burst in the message trace: an account that does this by surprise was likely taken over.",
            _DOORS,
        ),
        "The limit lifts by itself within a day. Nobody can lift it sooner.",
        "After a second time the account is often restricted as well (5.1.8).",
    ),
    "account-support": Kind(
        ACCOUNT,
        "This account is banned from sending",
        (_DOORS, "Then ask Microsoft's support to lift the ban, with the whole bounce: no list of yours has it."),
        "As long as support takes; no time is promised.",
        "A ban that comes again is lifted more slowly.",
    ),
    "forwarding": Kind(
        FORWARDING,
        "Automatic forwarding to the outside was refused: this is evidence",
        (
            "Find what forwards: inbox rules (hidden ones too), forwarding of the mailbox, transport rules and flows "
            "(FW-08, forwarding tried and refused).",
            "Treat it as something the intruder tried, until its owner says otherwise by phone.",
            "There is nothing to lift: the policy did what it should. Leave automatic forwarding off.",
        ),
        "Bounces stop when the rule or forward is gone.",
        "Each bounce names a message that was meant to leave: keep them.",
    ),
    "address-portal": Kind(
        ADDRESS,
        "The address of a sending server is banned by Microsoft",
        (
            "Find out why: a server, printer or program of yours that was misused, or a list of another operator.",
            "Go to sender.office.com. Enter the mail address to which the bounce came and the IP address that it "
            "names: one of each at a visit.",
            "Open the link in the mail that follows, and choose “Delist IP”.",
        ),
        "It may take up to 24 hours, sometimes longer.",
        "The address is blocked again if it goes on sending what got it banned.",
    ),
    "address-mail": Kind(
        ADDRESS,
        "The address of a sending server is banned, and Microsoft looks into it by hand",
        (
            "Find out why: a server, printer or program of yours that was misused.",
            "Forward the whole bounce to delist@microsoft.com, with the code and the IP address. The delist portal "
            "does not work for this code.",
        ),
        "Microsoft answers within 48 hours with what comes next.",
        "The address is blocked again if it goes on sending what got it banned.",
    ),
    "address-support": Kind(
        ADDRESS,
        "A domain of the sender is banned",
        ("Find what sent in its name, and close it.", "Then ask Microsoft's support, with the whole bounce."),
        "As long as support takes; no time is promised.",
        "The domain is banned again if it goes on sending what got it banned.",
    ),
    "tenant": Kind(
        TENANT,
        "The whole organisation is blocked from sending",
        (
            "Find every account and every connector that was misused, not only the one you know; an administrator who "
            "made a connector is a case of their own.",
            "Close them all. The delist portal and the list of restricted senders do not help here.",
            "Then ask Microsoft's support, with the whole bounce and what was found and closed.",
        ),
        "As long as support takes, often a day or more. Tell people to use another way meanwhile.",
        "A second time is lifted more slowly: support asks what was done.",
    ),
    "other": Kind(
        OTHER,
        "Something else",
        ("Read the whole bounce, with its “Diagnostic information for administrators”.",),
        "It depends on who refused the mail.",
        "",
    ),
    "other-wait": Kind(
        OTHER,
        "Mail is slowed down for a while",
        ("Wait, and look for a burst in the message trace meanwhile.",),
        "It lifts by itself where the mail is good.",
        "Going on may lead to a ban of the address (5.7.606 to 5.7.649).",
    ),
}
