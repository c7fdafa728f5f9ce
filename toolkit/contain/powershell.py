"""A plan as a commented PowerShell script: for a team that carries it out elsewhere, or has the right that we lack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.contain.action import Action
from toolkit.contain.actions import (
    AutoReplyOff,
    ClearForwarding,
    ClearOutsideForwarding,
    CloseProtocols,
    DisableInboundConnector,
    DisableInboxRule,
    DisableOutboundConnector,
    DisableSweepRule,
    DisableTransportRule,
    DistrustSender,
    LeaveRoleGroup,
    RemoveFolderRight,
    RemoveFullAccess,
    RemoveMobileDevice,
    RemoveSendAs,
    RemoveSendOnBehalf,
    SignatureOff,
    UnblockCorrespondent,
)
from toolkit.contain.ledger import DONE, IN_DOUBT, SENT
from toolkit.contain.plan import ALREADY_SO, OFFERED_AGAIN, Plan, Step
from toolkit.contain.readings import ELSEWHERE, READINGS
from toolkit.tenant import CLOUDS, Call, Cloud
from toolkit.tenant.gate import PLACEHOLDER, canonical
from toolkit.tenant.needs import NEEDS
from toolkit.tenant.permissions import covers

# Microsoft's names of its other clouds: "Connect-MgGraph -Environment", "Connect-ExchangeOnline".
GRAPH_CLOUDS = {"gcc-high": "USGov", "dod": "USGovDoD", "china": "China"}
EXCHANGE_CLOUDS = {"gcc-high": "O365USGovGCCHigh", "dod": "O365USGovDoD", "china": "O365China"}
UNSURE = {
    SENT: "It was sent, and a reading did not show it yet: look first.",
    IN_DOUBT: "It was sent, and the answer was lost: look first.",
    OFFERED_AGAIN: "A reset was sent, and nobody is known to have seen its password: do it again.",
}
NAME, ADDRESS = "NAME-FROM-THE-LIST", "ADDRESS-FROM-THE-LIST"
_MAILBOX = (
    "ForwardingAddress,ForwardingSmtpAddress,DeliverToMailboxAndForward,GrantSendOnBehalfTo,LitigationHoldEnabled"
)
_RULE = "Name,RuleIdentity,Enabled,Description,ForwardTo,RedirectTo,ForwardAsAttachmentTo,DeleteMessage,MoveToFolder"
# How each list is read by a person; `$account` is the account's object id.
BY_HAND: dict[str, str] = {
    "mailbox": f"Get-Mailbox -Identity $account | Format-List {_MAILBOX}",
    "inbox rules": f"Get-InboxRule -Mailbox $account -IncludeHidden | Format-List {_RULE}",
    "sweep rules": "Get-SweepRule -Mailbox $account | Format-List",
    "auto-reply": "Get-MailboxAutoReplyConfiguration -Identity $account | Format-List",
    "junk list": "Get-MailboxJunkEmailConfiguration -Identity $account | Format-List",
    "signature": "Get-MailboxMessageConfiguration -Identity $account | Format-List AutoAddSignature*,Signature*",
    "full access": "Get-MailboxPermission -Identity $account | Format-Table User,AccessRights,IsInherited,Deny",
    "send as": "Get-RecipientPermission -Identity $account | Format-Table Trustee,AccessRights,IsInherited",
    "folder rights": (
        "Get-MailboxFolderStatistics -Identity $account | ForEach-Object { Get-MailboxFolderPermission "
        "-Identity \"$($account):$($_.FolderPath.Replace('/', '\\'))\" } | Format-Table FolderName,User,AccessRights"
    ),
    "protocols": (
        "Get-CASMailbox -Identity $account | Format-List ImapEnabled,PopEnabled,SmtpClientAuthenticationDisabled"
    ),
    "mobile devices": (
        "Get-MobileDevice -Mailbox $account | Format-List FriendlyName,DeviceModel,FirstSyncTime,ClientType,Identity"
    ),
    "transport rules": "Get-TransportRule | Sort-Object WhenChanged | Format-List Name,State,WhenChanged,Description",
    "inbound connectors": "Get-InboundConnector | Format-List Name,Enabled,WhenChanged,SenderDomains,SenderIPAddresses",
    "outbound connectors": "Get-OutboundConnector | Format-List Name,Enabled,WhenChanged,RecipientDomains,SmartHosts",
    "restricted senders": "Get-BlockedSenderAddress | Format-List SenderAddress,Reason,CreatedDatetime",
    "role groups": (
        "Get-RoleGroup | ForEach-Object { $group = $_.Name; Get-RoleGroupMember -Identity $group } | "
        "Where-Object ExternalDirectoryObjectId -eq $account | ForEach-Object { $group }"
    ),
    ELSEWHERE: (
        "Get-Mailbox -ResultSize Unlimited | Get-MailboxPermission -User $account; "
        "Get-RecipientPermission -Trustee $account"
    ),
}
# What then closes it, to be completed by hand; the calls are those of the actions.
THEN: dict[str, tuple[Action, ...]] = {
    "mailbox": (ClearForwarding(), ClearOutsideForwarding(), RemoveSendOnBehalf(NAME)),
    "inbox rules": (DisableInboxRule("RULEIDENTITY-FROM-THE-LIST"),),
    "sweep rules": (DisableSweepRule("RULEID-FROM-THE-LIST"),),
    "auto-reply": (AutoReplyOff(),),
    "junk list": (DistrustSender(ADDRESS), UnblockCorrespondent(ADDRESS)),
    "signature": (SignatureOff(),),
    "full access": (RemoveFullAccess(NAME),),
    "send as": (RemoveSendAs(NAME),),
    "folder rights": (RemoveFolderRight(f"MAILBOX:\\FOLDER|{NAME}"),),
    "protocols": (CloseProtocols(),),
    "mobile devices": (RemoveMobileDevice("IDENTITY-FROM-THE-LIST"),),
    "transport rules": (DisableTransportRule(NAME),),
    "inbound connectors": (DisableInboundConnector(NAME),),
    "outbound connectors": (DisableOutboundConnector(NAME),),
    "role groups": (LeaveRoleGroup(NAME),),
}


def script(plan: Plan) -> str:
    """The plan as a commented PowerShell script, for where it has to be carried out elsewhere.

    What is done already stands in it as a remark. What Exchange did not let be read is there as the commands that
    read it, and those that then close it, to be completed by hand. No secret is in it: it asks for the new password
    at its place.
    """
    target, cloud = plan.target, plan.tenant.cloud if plan.tenant is not None else CLOUDS["global"]
    left = [step for step in plan.steps if step.status not in {DONE, ALREADY_SO}]
    unread = _unread(plan)
    lines = [
        f"# Containment of {_comment(target.user_principal_name)} (object id {_comment(target.object_id)})",
        f"# Tenant {_comment(target.tenant_id)}. Read each step; run one at a time; check after each.",
        "# Needs the modules Microsoft.Graph.Authentication and ExchangeOnlineManagement.",
        *_sign_in(plan, cloud, left, bool(unread)),
    ]
    lines += [f"# Not to be done again: {_comment(s.action.title)} ({s.status})" for s in plan.steps if s not in left]
    for number, step in enumerate(left, 1):
        lines += _step(number, step)
    if unread:
        lines += ["", "# These could not be read from here. Look, and where something is the intruder's, close it:"]
        lines.append(f"$account = {_quoted(target.object_id)}")
    for name, why in unread.items():
        lines += _by_hand(name, why, plan, cloud)
    said = tuple(f"{READINGS[name].title} could not be read" for name in unread)
    notes = [note for note in plan.notes if not note.startswith(said)]
    lines += ["", *(f"# {_comment(text)}" for text in notes), *(f"# By hand: {_comment(t)}" for t in plan.by_hand)]
    return "\n".join(lines) + "\n"


def _sign_in(plan: Plan, cloud: Cloud, left: list[Step], by_hand: bool) -> Iterator[str]:
    """Signing in to what the steps call, with no more permissions than they need."""
    kinds = {f"action:{step.action.kind}" for step in left}
    asked = {name for need in NEEDS if need.key in kinds and need.resource == "graph" for name in need.delegated}
    scopes = sorted(name for name in asked if not covers(asked - {name}, name))
    if scopes:
        place = GRAPH_CLOUDS.get(cloud.name)
        where = f" -Environment {place}" if place else ""
        tenant = f" -TenantId {_quoted(plan.target.tenant_id)}" if plan.tenant is not None else ""
        yield f"Connect-MgGraph{where}{tenant} -Scopes {','.join(map(_quoted, scopes))}"
    if by_hand or any(_cmdlet(step.call) for step in left):
        place = EXCHANGE_CLOUDS.get(cloud.name)
        yield "Connect-ExchangeOnline" + (f" -ExchangeEnvironmentName {place}" if place else "")


def _step(number: int, step: Step) -> list[str]:
    action = step.action
    now = action.before(step.before.values) if step.before else step.problem or "not read"
    lines = [
        "",
        f"# {number}. {_comment(action.title)}",
        f"#    Why: {_comment(action.reason)}",
        f"#    Now: {_comment(now)}",
        f"#    Afterwards: {_comment(action.after())}",
        f"#    Undo: {_comment(action.undo_note)}",
        f"#    Needs: {_comment(action.permission)}; role: {_comment(action.role)}",
    ]
    if step.status in UNSURE:
        lines.append(f"#    {UNSURE[step.status]}")
    return lines + _command(step.call)


def _unread(plan: Plan) -> dict[str, str]:
    """The lists of Exchange that the plan knows nothing of, each with why."""
    if plan.snapshot is not None:
        return {name: why for name, why in plan.snapshot.problems.items() if name in BY_HAND}
    return dict.fromkeys(BY_HAND, "this case has no live tenant") if plan.tenant is None else {}


def _by_hand(name: str, why: str, plan: Plan, cloud: Cloud) -> Iterator[str]:
    yield from ("", f"# {_comment(READINGS[name].title)}: {_comment(why)}", BY_HAND[name])
    for action in THEN.get(name, ()):
        everybody = " It hits the whole organisation." if action.hits_everybody else ""
        yield f"#    {_comment(action.reason)}{everybody} Afterwards: {_comment(action.after())}"
        yield from (f"# {' '.join(line.splitlines())}" for line in _command(action.call(cloud, plan.target)))


def _cmdlet(call: Call) -> dict[str, Any]:
    given: dict[str, Any] = (call.body or {}).get("CmdletInput") or {}
    return given


def _command(call: Call) -> list[str]:
    method, url, body = call.method, call.url, call.body
    given = _cmdlet(call)
    if given:
        words = [given["CmdletName"]]
        words += [f"-{name}{_value(value)}" for name, value in given["Parameters"].items()]
        return [" ".join(words)]
    if body is None:
        return [f"Invoke-MgGraphRequest -Method {method} -Uri {_quoted(url)}"]
    text = canonical(body)
    if PLACEHOLDER not in text:
        return [f"Invoke-MgGraphRequest -Method {method} -Uri {_quoted(url)} -Body {_quoted(text)}"]
    return [
        "$new = [System.Net.NetworkCredential]::new('', (Read-Host -AsSecureString 'New password')).Password",
        f"$body = {_quoted(text)} | ConvertFrom-Json",
        "if ($body.passwordProfile) { $body.passwordProfile.password = $new } else { $body.newPassword = $new }",
        f"Invoke-MgGraphRequest -Method {method} -Uri {_quoted(url)} -Body ($body | ConvertTo-Json -Depth 5)",
        "Remove-Variable new, body",
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return f":${str(value).lower()}"
    if value is None:
        return " $null"
    if isinstance(value, list):
        return " @(" + ",".join(_quoted(str(v)) for v in value) + ")"
    if isinstance(value, dict):
        parts = [
            f"{how}=@({','.join(_quoted(str(v)) for v in value[how])})" for how in ("add", "remove") if how in value
        ]
        return f" @{{{'; '.join(parts)}}}"
    return f" {_quoted(str(value))}"


def _quoted(text: str) -> str:
    """A literal text: PowerShell takes the typographic quotes for quotes too."""
    for mark in "'‘’‚‛":
        text = text.replace(mark, mark * 2)
    return f"'{text}'"


def _comment(text: str) -> str:
    """On one line: what an attacker named must not begin a line of the script."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())[:500]
