"""State as it was when asked: inbox rules (`Get-InboxRule`, Graph `messageRule`), mailboxes (`Get-Mailbox`), settings.

Source: Exchange Online cmdlet reference; Microsoft Graph `messageRule`, `subscribedSku`.
"""

from __future__ import annotations

from toolkit.formats.format import Format

_CONDITIONS = (
    "From",
    "FromAddressContainsWords",
    "SubjectContainsWords",
    "BodyContainsWords",
    "SubjectOrBodyContainsWords",
    "HeaderContainsWords",
    "RecipientAddressContainsWords",
    "SentTo",
)


def _texts(place: str, *names: str) -> str:
    """The named values joined; a JSON array of texts becomes its texts."""
    said = [
        f"CASE WHEN starts_with({{{place}{n}}}, '[') THEN nullif(array_to_string("
        f"TRY(json_extract_string({{{place}{n}}}, '$[*]')), ', '), '') ELSE {{{place}{n}}} END"
        for n in names
    ]
    return f"sql:nullif(concat_ws('; ', {', '.join(said)}), '')"


def _conditions(place: str) -> str:
    said = [f"nullif('{n}: ' || ({_texts(place, n).removeprefix('sql:')}), '{n}: ')" for n in _CONDITIONS]
    return f"sql:nullif(concat_ws('; ', {', '.join(said)}), '')"


def _rules(container: str) -> Format:
    place = "cell:" if container == "csv" else "doc:$."
    wanted = {"ruleidentity", "enabled", "name"}
    return Format(
        name=f"get-inboxrule-{container}",
        table="inbox_rules",
        title=f"Get-InboxRule, {container.upper()}",
        source="https://learn.microsoft.com/powershell/module/exchange/get-inboxrule",
        container=container,
        recognise=lambda head: wanted <= (head.cells if container == "csv" else {k.lower() for k in head.keys}),
        record_id=(
            f"sql:coalesce({{{place}MailboxOwnerId}}, {{{place}Identity}}, '') || '|' || {{{place}RuleIdentity}}",
        ),
        columns={
            "mailbox": (f"{place}MailboxOwnerId", f"sql:nullif(split_part({{{place}Identity}}, '\\', 1), '')"),
            "rule_id": (f"{place}RuleIdentity",),
            "rule_name": (f"{place}Name",),
            "enabled": (f"{place}Enabled",),
            "priority": (f"{place}Priority",),
            "hidden": (f"{place}Hidden", f"{place}IsHidden"),
            "in_error": (f"{place}InError",),
            "forward_to": (_texts(place, "ForwardTo", "RedirectTo", "ForwardAsAttachmentTo"),),
            "move_to": (f"{place}MoveToFolder", f"{place}CopyToFolder"),
            "deletes": (f"{place}DeleteMessage", f"{place}SoftDeleteMessage"),
            "marks_read": (f"{place}MarkAsRead",),
            "stops": (f"{place}StopProcessingRules",),
            "conditions": (_conditions(place),),
            "description": (f"{place}Description",),
        },
    )


def _recipients(*actions: str) -> str:
    found = [
        f"array_to_string(TRY(json_extract_string({{doc:$.actions.{a}}}, '$[*].emailAddress.address')), '; ')"
        for a in actions
    ]
    filled = ", ".join(f"nullif({f}, '')" for f in found)
    return f"sql:nullif(concat_ws('; ', {filled}), '')"


GRAPH_RULES = Format(
    name="graph-message-rules",
    table="inbox_rules",
    title="Graph inbox rules (hidden rules are never in them)",
    source="https://learn.microsoft.com/graph/api/resources/messagerule",
    container="json",
    recognise=lambda head: (
        {"actions", "isEnabled", "sequence"} <= head.keys or {"actions", "conditions", "isEnabled"} <= head.keys
    ),
    record_id=("doc:$.id",),
    columns={
        "rule_id": ("doc:$.id",),
        "rule_name": ("doc:$.displayName",),
        "enabled": ("doc:$.isEnabled",),
        "priority": ("doc:$.sequence",),
        "in_error": ("doc:$.hasError",),
        "forward_to": (_recipients("forwardTo", "redirectTo", "forwardAsAttachmentTo"),),
        "move_to": ("doc:$.actions.moveToFolder", "doc:$.actions.copyToFolder"),
        "deletes": ("doc:$.actions.delete", "doc:$.actions.permanentDelete"),
        "marks_read": ("doc:$.actions.markAsRead",),
        "stops": ("doc:$.actions.stopProcessingRules",),
        "conditions": ("doc:$.conditions",),
    },
)


def _mailboxes(container: str) -> Format:
    place = "cell:" if container == "csv" else "doc:$."
    wanted = {"userprincipalname", "recipienttypedetails"}
    plain = {
        "user_principal_name": "UserPrincipalName",
        "primary_smtp_address": "PrimarySmtpAddress",
        "object_id": "ExternalDirectoryObjectId",
        "display_name": "DisplayName",
        "recipient_type": "RecipientTypeDetails",
        "forwarding_address": "ForwardingAddress",
        "forwarding_smtp_address": "ForwardingSmtpAddress",
        "deliver_and_forward": "DeliverToMailboxAndForward",
        "audit_enabled": "AuditEnabled",
        "audit_log_age_limit": "AuditLogAgeLimit",
        "litigation_hold": "LitigationHoldEnabled",
        "hidden_from_address_lists": "HiddenFromAddressListsEnabled",
        "created": "WhenCreatedUTC",
    }
    columns: dict[str, tuple[str, ...]] = {column: (place + name,) for column, name in plain.items()}
    for column, name in (
        ("grant_send_on_behalf_to", "GrantSendOnBehalfTo"),
        ("default_audit_set", "DefaultAuditSet"),
        ("audit_owner", "AuditOwner"),
        ("audit_delegate", "AuditDelegate"),
        ("audit_admin", "AuditAdmin"),
        ("persisted_capabilities", "PersistedCapabilities"),
    ):
        columns[column] = (_texts(place, name),)
    return Format(
        name=f"get-mailbox-{container}",
        table="mailboxes",
        title=f"Get-Mailbox, {container.upper()}",
        source="https://learn.microsoft.com/powershell/module/exchange/get-mailbox",
        container=container,
        recognise=lambda head: wanted <= (head.cells if container == "csv" else {k.lower() for k in head.keys}),
        record_id=(f"{place}ExternalDirectoryObjectId", f"{place}UserPrincipalName"),
        columns=columns,
    )


# cmdlet → what its rows are about, the property that only they have, and what a CSV row keeps of them
_SETTINGS = {
    "Get-OrganizationConfig": ("organisation settings", "AuditDisabled", ("Identity", "Name", "AuditDisabled")),
    "Get-AdminAuditLogConfig": (
        "unified auditing",
        "UnifiedAuditLogIngestionEnabled",
        ("Identity", "Name", "UnifiedAuditLogIngestionEnabled", "AdminAuditLogEnabled"),
    ),
    "Get-MailboxAuditBypassAssociation": (
        "audit bypass",
        "AuditBypassEnabled",
        ("Identity", "Name", "Guid", "ObjectId", "UserPrincipalName", "AuditBypassEnabled", "WhenChangedUTC"),
    ),
}


def _settings(cmdlet: str, container: str) -> Format:
    setting, telling, kept = _SETTINGS[cmdlet]
    place = "cell:" if container == "csv" else "doc:$."
    said = ", ".join(f"'{name}', {{cell:{name}}}" for name in kept)
    identity = f"coalesce({{{place}Guid}}, {{{place}Identity}}, {{{place}Name}}, '')"
    return Format(
        name=f"{cmdlet.lower()}-{container}",
        table="tenant_settings",
        title=f"{cmdlet}, {container.upper()}",
        source=f"https://learn.microsoft.com/powershell/module/exchange/{cmdlet.lower()}",
        container=container,
        recognise=lambda head: (
            telling.lower() in (head.cells if container == "csv" else {k.lower() for k in head.keys})
        ),
        record_id=(f"sql:'{setting}|' || {identity}",),
        columns={
            "setting": (f"sql:'{setting}'",),
            "identity": (f"{place}Identity", f"{place}Name"),
            "document": (f"sql:json_object({said})::VARCHAR",) if container == "csv" else ("doc:$",),
        },
    )


LICENCES = Format(
    name="graph-subscribed-skus",
    table="tenant_settings",
    title="Graph subscribedSkus: the organisation's licences",
    source="https://learn.microsoft.com/graph/api/subscribedsku-list",
    container="json",
    recognise=lambda head: {"skuPartNumber", "servicePlans"} <= head.keys,
    record_id=("sql:'licences|' || {doc:$.skuId}",),
    columns={"setting": ("sql:'licences'",), "identity": ("doc:$.skuPartNumber",), "document": ("doc:$",)},
)

FORMATS = (
    _rules("json"),
    _rules("csv"),
    GRAPH_RULES,
    _mailboxes("json"),
    _mailboxes("csv"),
    *(_settings(cmdlet, container) for cmdlet in _SETTINGS for container in ("json", "csv")),
    LICENCES,
)
