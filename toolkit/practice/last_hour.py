"""What the intruder did in the last hour before the instant. The logs do not have it yet, the tenant's state does.

Audit records arrive up to an hour and a half late, so the exported evidence ends before these acts: only reading the
tenant itself finds them. A person named here as delegate or member is not thereby guilty.
"""

from __future__ import annotations

from toolkit.practice.intrusion import FORWARD_TO
from toolkit.practice.names import utc

DEVICE_NAME = "DESKTOP-7K2QH9L"
DEVICE_REGISTERED = utc("2026-09-18 13:04:12")
RECOVERY_MAIL = "k.vogel.private@mail-collector.example"
RECOVERY_ADDED = utc("2026-09-18 13:06:40")
DISCOVERY_GROUP = "Discovery Management"
JOINED_DISCOVERY = utc("2026-09-18 13:10:25")
PHONE_SYNCED = utc("2026-09-18 13:15:02")
DELEGATE = "engineer"
"""Given full access and the right to send as the victim."""
DIRECTOR = "director"
"""Whose mailbox the victim's account was given full access to."""
READ_BY_ALL = "Inbox"
"""The victim's folder that everybody in the organisation may now read."""
SWEEP_RULE = "Cleanup"
SWEEP_MADE = utc("2026-09-18 13:22:18")
REPLY_SET = utc("2026-09-18 13:26:51")
REPLY_TEXT = (
    "<html><body>Our bank account has changed. Please send invoices and confirmations to "
    f"{FORWARD_TO} from now on.</body></html>"
)
SIGNATURE = "Katrin Vogel\r\nHead of Accounts Payable\r\nNew bank account: DE02 1203 0000 0000 2020 51"
TRANSPORT_RULE = "Mail archive"
TRANSPORT_MADE = utc("2026-09-18 13:29:33")
CONNECTOR = "Scanner relay"
CONNECTOR_MADE = utc("2026-09-18 13:33:09")
PAYMENT_GROUP = "Payment Approvals"
"""A group that the victim's account was made a member and an owner of."""
JOINED_PAYMENTS = utc("2026-09-18 13:38:47")
