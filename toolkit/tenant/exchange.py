"""The Exchange admin calls that are used: cmdlets over `InvokeCommand`, which Microsoft does not document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.tenant.answers import Rows
from toolkit.tenant.clouds import Cloud
from toolkit.tenant.gate import Call
from toolkit.tenant.session import Session
from toolkit.tenant.tokens import Operator

SYSTEM_MAILBOX = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"


class Exchange:
    """Reads of mailboxes through Exchange cmdlets, which see what Graph does not (hidden inbox rules)."""

    def __init__(self, session: Session, tenant_id: str) -> None:
        self._session = session
        self._tenant_id = tenant_id

    def inbox_rules(self, mailbox: str, anchor: str, *, hidden: bool = True) -> Rows:
        """`Get-InboxRule`: the inbox rules of `mailbox`, with `hidden` the hidden ones too.

        `anchor` is the mailbox's user principal name, by which the service routes the call.
        """
        parameters: dict[str, Any] = {"Mailbox": mailbox}
        return self.read("Get-InboxRule", parameters | ({"IncludeHidden": True} if hidden else {}), anchor)

    def read(self, cmdlet: str, parameters: Mapping[str, Any], anchor: str) -> Rows:
        """Run a Get- or Search- cmdlet.

        Raises:
            TenantAnswer: also when the answer warns or pages, because it is not complete then.
        """
        call = cmdlet_call(self._session.cloud, self._tenant_id, cmdlet, parameters, anchor)
        answer = self._session.read(call)
        if answer.data.get("@adminapi.warnings") or answer.data.get("@odata.nextLink"):
            text = f"{cmdlet} returned an incomplete list (the service warns or pages); ask again"
            raise answer.error(text, "Incomplete")
        return Rows(answer.rows, answer.date)


def system_anchor(tenant_id: str) -> str:
    """The anchor of what concerns no mailbox, or is asked by an application, which has none."""
    return f"APP:{SYSTEM_MAILBOX}@{tenant_id}"


def own_anchor(operator: Operator) -> str:
    """By which mailbox whoever signed in is routed: a person's own, or for an application the system mailbox."""
    return system_anchor(operator.tenant_id) if operator.is_application else operator.user_principal_name


def anchor_header(anchor: str, tenant_id: str) -> str:
    """`X-AnchorMailbox` of an anchor; one that a header cannot carry is routed by the system mailbox."""
    if not anchor.isascii():
        anchor = system_anchor(tenant_id)
    return anchor if anchor.startswith("APP:") else f"UPN:{anchor}"


def cmdlet_call(cloud: Cloud, tenant_id: str, cmdlet: str, parameters: Mapping[str, Any], anchor: str) -> Call:
    """Word one cmdlet as `POST /adminapi/beta/{tenant}/InvokeCommand`; nothing is sent.

    `anchor` routes it: a mailbox's user principal name, or `APP:` and a system mailbox for what concerns everybody. A
    name that a header cannot carry is routed as that.
    """
    return Call(
        "POST",
        f"{cloud.exchange}/adminapi/beta/{tenant_id}/InvokeCommand",
        {"CmdletInput": {"CmdletName": cmdlet, "Parameters": dict(parameters)}},
        {
            "X-CmdletName": cmdlet,
            "X-AnchorMailbox": anchor_header(anchor, tenant_id),
            "X-ResponseFormat": "json",
        },
    )
