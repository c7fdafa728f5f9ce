"""Every action there is, by kind: a plan file and the journal name them so."""

from __future__ import annotations

from typing import Any

from toolkit.contain.action import Action
from toolkit.contain.actions.activity import StartActivitySubscription
from toolkit.contain.actions.apps import DisableApp, RemoveAppRole, RemoveConsent, RemoveConsentOfEverybody
from toolkit.contain.actions.auditing import (
    AuditMailbox,
    AuditOrganisation,
    AuditUnifiedLog,
    EndAuditBypass,
    RestoreAuditActions,
    RestoreAuditAge,
)
from toolkit.contain.actions.block import BlockSignIn, GiveBack
from toolkit.contain.actions.delegates import (
    DistrustSender,
    RemoveFolderRight,
    RemoveFullAccess,
    RemoveSendAs,
    RemoveSendOnBehalf,
    UnblockCorrespondent,
)
from toolkit.contain.actions.devices import DisableDevice, RemoveMobileDevice
from toolkit.contain.actions.flow import (
    DisableInboundConnector,
    DisableOutboundConnector,
    DisableTransportRule,
    UnblockSender,
)
from toolkit.contain.actions.mailbox import (
    AutoReplyOff,
    ClearForwarding,
    ClearOutsideForwarding,
    CloseProtocols,
    DisableSweepRule,
    HoldMail,
    SignatureOff,
)
from toolkit.contain.actions.methods import IssueAccessPass, RemoveMethod
from toolkit.contain.actions.mfa import RequireMfa
from toolkit.contain.actions.password import ResetPassword, ResetWithWriteback
from toolkit.contain.actions.registration import (
    CreateApplication,
    CreateServicePrincipal,
    GrantAppRole,
    GrantConsent,
    RemoveApplication,
)
from toolkit.contain.actions.roles import ConfirmCompromised, LeaveGroup, LeaveRoleGroup, RemoveOwnership, RemoveRole
from toolkit.contain.actions.rules import DisableInboxRule
from toolkit.contain.actions.secure_score import SetControlState
from toolkit.contain.actions.sessions import RevokeAgain, RevokeSessions

# In the order of the playbook: a plan's steps stand in it.
ACTIONS: tuple[type[Action], ...] = (
    HoldMail,
    BlockSignIn,
    ResetPassword,
    ResetWithWriteback,
    RevokeSessions,
    DisableDevice,
    RemoveMethod,
    RemoveConsent,
    RemoveAppRole,
    RemoveConsentOfEverybody,
    DisableApp,
    RemoveRole,
    LeaveRoleGroup,
    RemoveOwnership,
    LeaveGroup,
    ConfirmCompromised,
    RevokeAgain,
    DisableInboxRule,
    DisableSweepRule,
    ClearOutsideForwarding,
    ClearForwarding,
    AutoReplyOff,
    SignatureOff,
    DistrustSender,
    UnblockCorrespondent,
    RemoveFullAccess,
    RemoveSendAs,
    RemoveSendOnBehalf,
    RemoveFolderRight,
    CloseProtocols,
    RemoveMobileDevice,
    DisableTransportRule,
    DisableInboundConnector,
    DisableOutboundConnector,
    RequireMfa,
    IssueAccessPass,
    GiveBack,
    UnblockSender,
    SetControlState,
    AuditOrganisation,
    AuditUnifiedLog,
    EndAuditBypass,
    AuditMailbox,
    RestoreAuditActions,
    RestoreAuditAge,
    StartActivitySubscription,
    CreateApplication,
    CreateServicePrincipal,
    GrantConsent,
    GrantAppRole,
    RemoveApplication,
)
KINDS: dict[str, type[Action]] = {action.kind: action for action in ACTIONS}


def action_named(key: str, about: dict[str, Any]) -> Action | None:
    """The action of a key and what is `about` it, as the journal or a plan file has them; None for an unknown one."""
    kind = KINDS.get(key.partition(":")[0])
    if kind is None:
        return None
    try:
        action = kind(**about)
    except TypeError:
        return None
    return action if action.key == key else None


__all__ = [
    "ACTIONS",
    "KINDS",
    "AuditMailbox",
    "AuditOrganisation",
    "AuditUnifiedLog",
    "AutoReplyOff",
    "BlockSignIn",
    "ClearForwarding",
    "ClearOutsideForwarding",
    "CloseProtocols",
    "ConfirmCompromised",
    "CreateApplication",
    "CreateServicePrincipal",
    "DisableApp",
    "DisableDevice",
    "DisableInboundConnector",
    "DisableInboxRule",
    "DisableOutboundConnector",
    "DisableSweepRule",
    "DisableTransportRule",
    "DistrustSender",
    "EndAuditBypass",
    "GiveBack",
    "GrantAppRole",
    "GrantConsent",
    "HoldMail",
    "IssueAccessPass",
    "LeaveGroup",
    "LeaveRoleGroup",
    "RemoveAppRole",
    "RemoveApplication",
    "RemoveConsent",
    "RemoveConsentOfEverybody",
    "RemoveFolderRight",
    "RemoveFullAccess",
    "RemoveMethod",
    "RemoveMobileDevice",
    "RemoveOwnership",
    "RemoveRole",
    "RemoveSendAs",
    "RemoveSendOnBehalf",
    "RequireMfa",
    "ResetPassword",
    "ResetWithWriteback",
    "RestoreAuditActions",
    "RestoreAuditAge",
    "RevokeAgain",
    "RevokeSessions",
    "SetControlState",
    "SignatureOff",
    "StartActivitySubscription",
    "UnblockCorrespondent",
    "UnblockSender",
    "action_named",
]
