"""The takeover of the finance account, act by act, in the order of time."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.practice.attack_access import Access
from toolkit.practice.attack_mailbox import Mailbox
from toolkit.practice.background import Log
from toolkit.practice.intrusion import Act


def attack(log: Log) -> list[Act]:
    """Adds the attack to the log; returns its acts in the order of time."""
    access, mailbox = Access(log), Mailbox(log)
    acts: list[Callable[[], Act]] = [
        access.relayed_sign_in,
        access.token_reused,
        access.method_added,
        access.consent,
        mailbox.hidden_rule,
        mailbox.hiding_rule,
        mailbox.deleting_rule,
        mailbox.forwarding,
        mailbox.mail_read,
        mailbox.mails_sent,
        mailbox.blocked_from_sending,
        access.auditing_bypassed,
    ]
    return [act() for act in acts]
