"""The Exchange admin calls that are used: cmdlets over `InvokeCommand`, which Microsoft does not document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.errors import TenantAnswer, TenantError, TenantUnreachable
from toolkit.tenant.answers import Answer, Rows, tidy
from toolkit.tenant.clouds import Cloud
from toolkit.tenant.gate import Call
from toolkit.tenant.session import Session
from toolkit.tenant.tokens import Operator

SYSTEM_MAILBOX = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"
WARNINGS = "@adminapi.warnings"
PREFER = "odata.maxpagesize=1000"
"""Rows of a page, as Microsoft's own module asks for them; the rest is behind `@odata.nextLink`."""
CUT = frozenset({200, 400, 404, 410})
"""Statuses of what keeps the rest of a list away for good: a warning, a link that leads nowhere or is refused."""


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
        """Run a Get- or Search- cmdlet, every page of it.

        Raises:
            TenantAnswer: also when the answer stays cut (its code is "Incomplete"), because it is not complete then.
        """
        return self.read_part(cmdlet, parameters, anchor).whole

    def read_part(self, cmdlet: str, parameters: Mapping[str, Any], anchor: str) -> Rows:
        """The same for whoever can use a part of the list: what came of it, and in `cut` why that is not all.

        Raises:
            TenantAnswer: nothing came.
        """
        call = cmdlet_call(self._session.cloud, self._tenant_id, cmdlet, parameters, anchor)
        found = listed(self._session, call)
        rows, cut = found.rows, ""
        if found.lost is not None:
            cut = f"{cmdlet} returned an incomplete list, of which {len(rows):,} rows came: {found.lost}"
        return Rows(rows, found.answers[-1].date, cut)


@dataclass(frozen=True)
class Listed:
    """The pages of a cmdlet's list that came; `lost` is what kept the others away, None where these are all."""

    answers: list[Answer]
    lost: TenantError | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for answer in self.answers for row in answer.rows]

    @property
    def is_cut(self) -> bool:
        """Whether the service does not give the rest by itself: asking the same again would end the same way."""
        return isinstance(self.lost, TenantAnswer) and self.lost.status in CUT


def listed(session: Session, call: Call) -> Listed:
    """Run a cmdlet that reads, and follow `@odata.nextLink` to the end, with the same body and the same anchor.

    A list is whole where its last page warns of nothing.

    Raises:
        TenantAnswer, TenantUnreachable: not even the first page came.
    """
    answers: list[Answer] = []
    try:
        for answer in session.answers(call):
            answers.append(answer)
    except (TenantAnswer, TenantUnreachable) as error:
        if not answers:
            raise
        return Listed(answers, error)
    if warned := answers[-1].data.get(WARNINGS):
        said = "; ".join(map(str, warned)) if isinstance(warned, list) else str(warned)
        return Listed(answers, answers[-1].error(f"the service warns: {tidy(said).rstrip('.')}", "Incomplete"))
    return Listed(answers)


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
            "Prefer": PREFER,
            "X-CmdletName": cmdlet,
            "X-AnchorMailbox": anchor_header(anchor, tenant_id),
            "X-ResponseFormat": "json",
        },
    )
