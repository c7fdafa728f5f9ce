"""The write gate: what may be sent without asking, and the one-use approvals that anything else needs.

Reads are an allow-list: GET without a body, and `InvokeCommand` with a cmdlet of the list below. Everything else
changes a tenant, or might, and goes out only with an `Approval` for exactly that call, which exists only after a
person typed the account's name.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from toolkit.errors import WriteRefused

READ_CMDLETS = frozenset(
    {
        "Get-AcceptedDomain",
        "Get-AdminAuditLogConfig",
        "Get-App",
        "Get-BlockedConnector",
        "Get-BlockedSenderAddress",
        "Get-CASMailbox",
        "Get-ExternalInOutlook",
        "Get-HostedOutboundSpamFilterPolicy",
        "Get-InboundConnector",
        "Get-InboxRule",
        "Get-Mailbox",
        "Get-MailboxAuditBypassAssociation",
        "Get-MailboxAutoReplyConfiguration",
        "Get-MailboxCalendarFolder",
        "Get-MailboxFolderPermission",
        "Get-MailboxFolderStatistics",
        "Get-MailboxJunkEmailConfiguration",
        "Get-MailboxMessageConfiguration",
        "Get-MailboxPermission",
        "Get-MessageTraceDetailV2",
        "Get-MessageTraceV2",
        "Get-MobileDevice",
        "Get-OrganizationConfig",
        "Get-OutboundConnector",
        "Get-Recipient",
        "Get-RecipientPermission",
        "Get-RemoteDomain",
        "Get-RoleGroup",
        "Get-RoleGroupMember",
        "Get-SweepRule",
        "Get-TransportConfig",
        "Get-TransportRule",
        "Search-UnifiedAuditLog",
    }
)
READ_POSTS: tuple[re.Pattern[str], ...] = (
    re.compile(r"(/[A-Za-z0-9._-]+)*/(v1\.0|beta)/security/auditLog/queries"),
    re.compile(r"(/[A-Za-z0-9._-]+)*/v1/workspaces/[0-9A-Fa-f-]{36}/query"),
)
"""Paths whose POST only reads, beside InvokeCommand: a search of the audit log, a query of Log Analytics."""
INVOKE = re.compile(r"(/[A-Za-z0-9._-]+)*/adminapi/beta/[0-9A-Za-z.-]+/InvokeCommand")
PLACEHOLDER = "<made when the call is sent, shown once>"
APPROVAL_LIFE = timedelta(minutes=2)


@dataclass(frozen=True)
class Call:
    """One request, exactly as it will be sent; where a secret goes the body holds `PLACEHOLDER`."""

    method: str
    url: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 over method, address and body: what an approval is issued for."""
        parts = [self.method, self.url, canonical(self.body)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Approval:
    """A person's yes to one call, once, for two minutes. Only `Gate.issue` makes one that works."""

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "Approval(one use)"


@dataclass
class Admission:
    """The gate's pass for the exact bytes of one approved request; spent as it leaves, renewed by a 429 only."""

    method: str
    url: str
    body_sha256: str
    spent: bool = False


class Gate:
    """Decides for one session what may leave; `clock` is the time that approvals run out by."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[str, datetime]] = {}

    def issue(self, call: Call, *, name: str, typed: str) -> Approval:
        """Approve one call after a person typed `name`. Called by the confirmation in `contain`, and only there.

        Raises:
            WriteRefused: what was typed is not the name.
        """
        if not name or typed != name:
            raise WriteRefused("The name was not typed exactly; nothing was sent.")
        token = secrets.token_hex(16)
        with self._lock:
            self._issued[token] = (call.digest, self._clock() + APPROVAL_LIFE)
        return Approval(token)

    def spend(self, call: Call, approval: Approval | None, body: bytes | None) -> Admission:
        """Turn an approval into the pass for `body`, the bytes of `call`. The approval is gone whatever comes.

        Raises:
            WriteRefused: no approval, a used or expired one, or one for another call.
        """
        if not isinstance(approval, Approval):
            raise WriteRefused(_refusal(call.method, call.url))
        with self._lock:
            digest, until = self._issued.pop(approval._token, ("", None))
        if until is None:
            raise WriteRefused("This approval was used before, or was never given; nothing was sent.")
        if self._clock() > until:
            raise WriteRefused("The approval ran out before the call was sent; press Run again.")
        if not secrets.compare_digest(digest, call.digest):
            raise WriteRefused("The approval is for another call; nothing was sent.")
        return Admission(call.method, call.url, _sha256(body))

    def check(self, method: str, url: str, body: bytes | None, admission: object = None) -> Admission | None:
        """Let a request out, or raise. The pass of a changing request is spent and returned.

        Raises:
            WriteRefused: it is not a read of the list and carries no unspent pass for exactly these bytes.
        """
        if is_read(method, url, body):
            return None
        with self._lock:
            if (
                not isinstance(admission, Admission)
                or admission.spent
                or (admission.method, admission.url, admission.body_sha256) != (method, url, _sha256(body))
            ):
                raise WriteRefused(_refusal(method, url))
            admission.spent = True
            return admission

    def renew(self, admission: Admission) -> None:
        """After a 429, and only then: the service did nothing, so the same bytes may go out once more."""
        with self._lock:
            admission.spent = False


def is_read(method: str, url: str, body: bytes | None) -> bool:
    """Whether a request is on the allow-list of reads. What cannot be told apart counts as a write."""
    if method == "GET":
        return not body
    path = urlsplit(url).path
    if method != "POST":
        return False
    if INVOKE.fullmatch(path):
        return cmdlet_of(body) in READ_CMDLETS
    return any(pattern.fullmatch(path) for pattern in READ_POSTS)


def cmdlet_of(body: bytes | None) -> str:
    """The cmdlet that an InvokeCommand body names; "" unless the body has exactly the known shape."""
    try:
        data = json.loads(body or b"", object_pairs_hook=_no_doubles)
    except ValueError:
        return ""
    if not isinstance(data, dict) or set(data) != {"CmdletInput"}:
        return ""
    given = data["CmdletInput"]
    if not isinstance(given, dict) or not set(given) <= {"CmdletName", "Parameters"}:
        return ""
    return str(given.get("CmdletName", ""))


def canonical(body: Mapping[str, Any] | None) -> str:
    """JSON text of a body that does not depend on the order of its keys."""
    return "" if body is None else json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # A service may take the second of two equal keys where we looked at the first.
    if len({key.lower() for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)


def _refusal(method: str, url: str) -> str:
    path = urlsplit(url).path
    return f"{method} {path} would change the tenant and carries no approval; nothing was sent."


def _sha256(body: bytes | None) -> str:
    return hashlib.sha256(body or b"").hexdigest()
